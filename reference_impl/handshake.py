"""The opening handshake: an HTTP request that asks to stop speaking HTTP (RFC 6455, section 4).

In: the Upgrade request. Out: a `Request` event, or a `RemoteProtocolError` whose hint is the refusal; then the bytes
of the `101 Switching Protocols`. `Handshake` does the same for raw bytes, and for the client's side.

    >>> generate_accept_token(b"dGhlIHNhbXBsZSBub25jZQ==")               # RFC 6455, section 1.3
    b's3pPLMBiTxaQ9kYGzzhZRbK+xOo='

Follows https://github.com/python-hyper/wsproto/blob/820701baf101b8c364a879440e1215da2fb0973f/src/wsproto/handshake.py#L41-L515
Leaves out: h11, which parses HTTP for the original (`parse_head` is enough for a request that has no body); cookies,
origins and authentication, which belong to the application.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus

from .deflate import TOKEN, PerMessageDeflate
from .events import AcceptConnection, Event, Headers, LocalProtocolError, RejectConnection, RejectData
from .events import RemoteProtocolError, Request

ACCEPT_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # section 1.3
WEBSOCKET_VERSION = b"13"
MAX_HEAD = 65536  # bytes of an HTTP head that we are willing to read
HEADER_LINE = re.compile(rf"({TOKEN}):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*?)[ \t]*".encode())
OFFER = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')  # one element of a list, commas in quotes included


def generate_accept_token(key: bytes) -> bytes:
    """Prove that we speak WebSocket: base64(SHA-1(key + GUID)), section 4.2.2."""
    return base64.b64encode(hashlib.sha1(key + ACCEPT_GUID).digest())


def parse_head(head: bytes) -> tuple[list[bytes], Headers]:
    """An HTTP head without its last empty line, as (words of the first line, headers with lower-case names)."""
    first, *lines = head.split(b"\r\n")
    headers: Headers = []
    for number, line in enumerate(lines, start=2):
        match = HEADER_LINE.fullmatch(line)
        if not match:
            raise RemoteProtocolError(f"line {number} of the request is no header field")
        headers.append((match[1].lower(), match[2]))
    return first.split(b" ", 2), headers


def format_head(first: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join([first, b"\r\n", *(b"%s: %s\r\n" % header for header in headers), b"\r\n"])


def http_response(status: int, headers: Headers, body: bytes = b"") -> bytes:
    """A whole HTTP response as bytes."""
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"
    length = [(b"Content-Length", b"%d" % len(body))]
    return format_head(f"HTTP/1.1 {status} {phrase}".encode(), headers + length) + body


def joined(headers: Headers, name: bytes) -> bytes | None:
    """A header's value. RFC 9110, section 5.3: several lines of one name are one list, joined by commas."""
    values = [value for key, value in headers if key == name]
    return b", ".join(values) if values else None


def tokens(headers: Headers, name: bytes) -> list[str]:
    value = (joined(headers, name) or b"").decode("latin-1")
    return [token.strip() for token in OFFER.findall(value) if token.strip()]


def is_valid_key(key: bytes) -> bool:
    # 4.1: "a nonce consisting of a randomly selected 16-byte value that has been base64-encoded"
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        return False


def check_request(method: bytes, target: bytes, version: bytes, headers: Headers) -> Request:
    """Section 4.2.1, item by item. Raises RemoteProtocolError with the refusal as its hint."""
    host, key = joined(headers, b"host"), joined(headers, b"sec-websocket-key") or b""
    only_13: Headers = [(b"Sec-WebSocket-Version", WEBSOCKET_VERSION)]
    for holds, status, extra, sentence in (
        (method == b"GET", 405, [(b"Allow", b"GET")], "a WebSocket opens with the method GET"),
        (version == b"HTTP/1.1", 400, [], "a WebSocket opens with HTTP/1.1"),
        (host is not None, 400, [], "the header Host is missing"),
        ("websocket" in lowered(tokens(headers, b"upgrade")), 400, [], "the header 'Upgrade: websocket' is missing"),
        ("upgrade" in lowered(tokens(headers, b"connection")), 400, [], "the header 'Connection: Upgrade' is missing"),
        # 4.4: "If the server doesn't support the requested version, it MUST respond with a |Sec-WebSocket-Version|
        # header field (or multiple |Sec-WebSocket-Version| header fields) containing all versions it is willing to
        # use."
        (
            joined(headers, b"sec-websocket-version") == WEBSOCKET_VERSION,
            426,
            only_13,
            "only version 13 is spoken here",
        ),
        (is_valid_key(key), 400, [], "Sec-WebSocket-Key must be 16 bytes in base64, sent once"),
    ):
        if not holds:
            raise RemoteProtocolError(sentence, RejectConnection(status, list(extra)))
    return Request(
        host=(host or b"").decode("latin-1"),
        target=target.decode("latin-1"),
        extensions=tokens(headers, b"sec-websocket-extensions"),
        extra_headers=[header for header in headers if header[0] not in READ_ALREADY],
        subprotocols=tokens(headers, b"sec-websocket-protocol"),
    )


READ_ALREADY = (b"host", b"sec-websocket-extensions", b"sec-websocket-protocol")


def lowered(words: Iterable[str]) -> list[str]:
    return [word.lower() for word in words]


def accept_response(request: Request, accept: AcceptConnection) -> tuple[bytes, list[PerMessageDeflate]]:
    """The 101, and the extensions that were agreed on (section 4.2.2)."""
    headers: Headers = [
        (b"Upgrade", b"websocket"),
        (b"Connection", b"Upgrade"),
        (b"Sec-WebSocket-Accept", generate_accept_token(joined(request.extra_headers, b"sec-websocket-key") or b"")),
    ]
    if accept.subprotocol is not None:
        # 4.2.2: "either a single value representing the subprotocol the server is ready to use or null. The value
        # chosen MUST be derived from the client's handshake"
        if accept.subprotocol not in request.subprotocols:
            raise LocalProtocolError(f"the client did not offer the subprotocol {accept.subprotocol!r}")
        headers.append((b"Sec-WebSocket-Protocol", accept.subprotocol.encode("latin-1")))
    answer, agreed = agree_on_extension(request.extensions, accept.extensions)
    if answer:
        headers.append((b"Sec-WebSocket-Extensions", answer.encode()))
    return format_head(b"HTTP/1.1 101 Switching Protocols", headers + accept.extra_headers), agreed


def agree_on_extension(
    offers: Sequence[str] | Sequence[PerMessageDeflate], supported: Sequence[PerMessageDeflate]
) -> tuple[str | None, list[PerMessageDeflate]]:
    """The first offer that we can accept; one that we cannot is passed over in silence (section 9.1)."""
    for offer in offers:
        for extension in supported:
            if answer := extension.accept(str(offer)):
                return answer, [extension]
    return None, []


class Handshake:
    """The handshake on raw bytes, for either side: receive_data, events, send. `agreed` is None until it is over."""

    def __init__(self, client: bool) -> None:
        self.client = client
        self.rejected = False
        self.agreed: list[PerMessageDeflate] | None = None
        self.trailing_data = bytearray()  # what was received and not read: after the head, it is the WebSocket's
        self._events: deque[Event] = deque()
        self._request: Request | None = None
        self._nonce = b""

    def receive_data(self, data: bytes | None) -> None:
        self.trailing_data += data or b""
        if self.rejected:
            self._events.append(RejectData(bytes(self.trailing_data), body_finished=not data))
            self.trailing_data.clear()
            return
        head, end, rest = self.trailing_data.partition(b"\r\n\r\n")
        if len(head) > MAX_HEAD:
            raise RemoteProtocolError("the head is too long", RejectConnection(431))
        if end and (self.client or self._request is None):
            self.trailing_data = rest
            words, headers = parse_head(bytes(head))
            if len(words) < 2 or (not self.client and len(words) != 3):
                raise RemoteProtocolError("the first line is not HTTP")
            if self.client:
                self._events.append(self._check_response(words[1], headers))
            else:
                self.initiate(words[0], words[1], words[2], headers)

    def initiate(self, method: bytes, target: bytes, version: bytes, headers: Headers) -> None:
        """A server learns of a request that somebody else has parsed."""
        self._request = check_request(method, target, version, headers)
        self._events.append(self._request)

    def events(self) -> Iterator[Event]:
        while self._events:
            yield self._events.popleft()

    def send(self, event: Event) -> bytes:
        if isinstance(event, Request) and self.client and self._request is None:
            self._request, self._nonce = event, base64.b64encode(os.urandom(16))
            return request_bytes(event, self._nonce)
        if isinstance(event, AcceptConnection) and self._request is not None:
            data, self.agreed = accept_response(self._request, event)
            return data
        if isinstance(event, RejectConnection) and not (self.client or self.rejected):
            self.rejected = True
            length = [] if event.has_body else [(b"content-length", b"0")]
            status = HTTPStatus(event.status_code)
            return format_head(f"HTTP/1.1 {status} {status.phrase}".encode(), event.headers + length)
        if isinstance(event, RejectData) and self.rejected:
            return event.data
        raise LocalProtocolError(f"{event} cannot be sent during the handshake")

    def _check_response(self, status: bytes, headers: Headers) -> Event:
        """Section 4.1, page 19: what a client must find in the answer."""
        if status != b"101":
            self.rejected = True
            return RejectConnection(int(status), headers, has_body=True)
        assert self._request is not None
        subprotocol = (joined(headers, b"sec-websocket-protocol") or b"").decode("latin-1") or None
        answers = tokens(headers, b"sec-websocket-extensions")
        ours = [extension for extension in self._request.extensions if isinstance(extension, PerMessageDeflate)]
        for holds, sentence in (
            ("websocket" in lowered(tokens(headers, b"upgrade")), "the header 'Upgrade: websocket' is missing"),
            ("upgrade" in lowered(tokens(headers, b"connection")), "the header 'Connection: Upgrade' is missing"),
            (joined(headers, b"sec-websocket-accept") == generate_accept_token(self._nonce), "bad accept token"),
            (subprotocol is None or subprotocol in self._request.subprotocols, "a subprotocol that was not offered"),
            (len(answers) <= len(ours), "an extension that was not offered"),
        ):
            if not holds:
                raise RemoteProtocolError(sentence)
        for extension, answer in zip(ours, answers, strict=False):
            extension.finalize(answer)
        self.agreed = ours[: len(answers)]
        return AcceptConnection(subprotocol, self.agreed, headers)


def request_bytes(request: Request, nonce: bytes) -> bytes:
    """The client's side of section 4.1."""
    headers: Headers = [
        (b"Host", request.host.encode("idna")),
        (b"Upgrade", b"websocket"),
        (b"Connection", b"Upgrade"),
        (b"Sec-WebSocket-Key", nonce),
        (b"Sec-WebSocket-Version", WEBSOCKET_VERSION),
    ]
    if request.subprotocols:
        headers.append((b"Sec-WebSocket-Protocol", ", ".join(request.subprotocols).encode()))
    offers = [extension.offer() for extension in request.extensions if isinstance(extension, PerMessageDeflate)]
    if offers:
        headers.append((b"Sec-WebSocket-Extensions", ", ".join(offers).encode()))
    return format_head(b"GET %s HTTP/1.1" % request.target.encode(), headers + request.extra_headers)
