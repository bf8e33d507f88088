"""The opening handshake: an HTTP request that asks to stop speaking HTTP (RFC 6455, section 4).

In: the Upgrade request, as bytes or parsed. Out: a `Request` event, or a `RemoteProtocolError` whose hint is the right
refusal; then, for an AcceptConnection, the bytes of the `101 Switching Protocols`.

    >>> generate_accept_token(b"dGhlIHNhbXBsZSBub25jZQ==")               # RFC 6455, section 1.3
    b's3pPLMBiTxaQ9kYGzzhZRbK+xOo='

Follows https://github.com/python-hyper/wsproto/blob/820701baf101b8c364a879440e1215da2fb0973f/src/wsproto/handshake.py#L41-L341
Leaves out: the client's side; cookies, origins and authentication, which belong to the application.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Sequence

from .deflate import PerMessageDeflate
from .events import AcceptConnection, Event, Headers, LocalProtocolError, RejectConnection, Request, refuse
from .request import END_OF_HEAD, MAX_HEAD, http_response, joined, parse_head, tokens

ACCEPT_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # section 1.3
WEBSOCKET_VERSION = b"13"
#: What `Request` has fields for; all other headers are its `extra_headers`.
FIELDS = (b"host", b"sec-websocket-extensions", b"sec-websocket-protocol")
LIST_PART = re.compile(r'"[^"]*"|[^",]+|[",]')  # a quoted string, text, a comma (or a quote that is never closed)


def generate_accept_token(key: bytes) -> bytes:
    # 4.2.2: "concatenating /key/ [...] with the string "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", taking the SHA-1 hash of
    # this concatenated value to obtain a 20-byte value and base64-encoding [...] this 20-byte hash."
    return base64.b64encode(hashlib.sha1(key + ACCEPT_GUID).digest())


def is_valid_key(key: bytes) -> bool:
    # 4.1: "a nonce consisting of a randomly selected 16-byte value that has been base64-encoded"
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        return False


def split_list(headers: Headers, name: bytes) -> list[str]:
    """The elements of a header that is a list, commas within quotes left alone.

    >>> split_list([(b"connection", b"keep-alive, Upgrade")], b"connection")
    ['keep-alive', 'Upgrade']
    """
    elements = [""]
    for part in LIST_PART.findall((joined(headers, name) or b"").decode("latin-1")):
        if part == ",":
            elements.append("")
        else:
            elements[-1] += part
    return [element.strip() for element in elements if element.strip()]


def check_request(method: bytes, target: bytes, version: bytes, headers: Headers) -> Request:
    """Section 4.2.1, item by item. Raises RemoteProtocolError with the refusal as its hint."""
    key, host = joined(headers, b"sec-websocket-key") or b"", joined(headers, b"host")
    upgrade, connection = (tokens(joined(headers, name) or b"") for name in (b"upgrade", b"connection"))
    # 4.4: a server "MUST respond with a |Sec-WebSocket-Version| header field (or multiple |Sec-WebSocket-Version|
    # header fields) containing all versions it is willing to use."
    # RFC 9110, 15.5.22: "The server MUST send an Upgrade header field in a 426 response"
    only: Headers = [(b"Sec-WebSocket-Version", b"13"), (b"Upgrade", b"websocket"), (b"Connection", b"Upgrade")]
    spoken = joined(headers, b"sec-websocket-version") == WEBSOCKET_VERSION
    for holds, status, extra, sentence in (
        (method == b"GET", 405, [(b"Allow", b"GET")], "a WebSocket opens with the method GET"),
        (version == b"HTTP/1.1", 400, [], "a WebSocket opens with HTTP/1.1"),
        (host is not None and b"," not in host, 400, [], "there must be one header Host"),
        (b"websocket" in upgrade, 400, [], "the header 'Upgrade: websocket' is missing"),
        (b"upgrade" in connection, 400, [], "the header 'Connection: Upgrade' is missing"),
        (spoken, 426, only, "the header 'Sec-WebSocket-Version: 13' is missing: no other version is spoken here"),
        (is_valid_key(key), 400, [], "Sec-WebSocket-Key must be 16 bytes in base64, sent once"),
    ):
        if not holds:
            raise refuse(status, "" if method == b"HEAD" else sentence, extra)
    return Request(
        host=(host or b"").decode("latin-1"),
        target=target.decode("latin-1"),
        extensions=split_list(headers, b"sec-websocket-extensions"),
        extra_headers=[header for header in headers if header[0] not in FIELDS],
        subprotocols=split_list(headers, b"sec-websocket-protocol"),
    )


def accept_request(request: Request, accept: AcceptConnection) -> tuple[bytes, list[PerMessageDeflate]]:
    """The bytes of the 101, and the extensions that were agreed on (section 4.2.2, items 5 and 6)."""
    token = generate_accept_token(joined(request.extra_headers, b"sec-websocket-key") or b"")
    headers = [(b"Upgrade", b"websocket"), (b"Connection", b"Upgrade"), (b"Sec-WebSocket-Accept", token)]
    if accept.subprotocol is not None:
        # 4.2.2: "The value chosen MUST be derived from the client's handshake"
        if accept.subprotocol not in request.subprotocols:
            raise LocalProtocolError(f"the client did not offer the subprotocol {accept.subprotocol!r}")
        headers.append((b"Sec-WebSocket-Protocol", accept.subprotocol.encode("latin-1")))
    agreed: list[PerMessageDeflate] = []
    for offer in request.extensions:
        # 9.1: what we cannot accept we pass over in silence, and go on with the client's next choice
        if accept.extensions and not agreed and (answer := accept.extensions[0].accept(offer)):
            agreed = [accept.extensions[0]]
            headers.append((b"Sec-WebSocket-Extensions", answer.encode("latin-1")))
    return http_response(101, headers + accept.extra_headers, body=None), agreed


class Handshake:
    """The state of one handshake: first the request, then the answer. `agreed` is None until it has succeeded."""

    def __init__(self) -> None:
        self.agreed: Sequence[PerMessageDeflate] | None = None
        self.rejected = False
        self.buffer = bytearray()
        self._request: Request | None = None
        self._events: list[Event] = []

    def receive_data(self, data: bytes | None) -> None:
        """For who has the request's bytes. What comes after the head stays in `buffer`."""
        self.buffer += data or b""
        if self._request is None and (end := self.buffer.find(END_OF_HEAD)) >= 0:
            words, headers = parse_head(bytes(self.buffer[:end]))
            del self.buffer[: end + len(END_OF_HEAD)]
            self.initiate(words[0], words[1], words[2], headers)
        elif self._request is None and len(self.buffer) > MAX_HEAD:
            raise refuse(431, "the head of the request is too long")

    def initiate(self, method: bytes, target: bytes, version: bytes, headers: Headers) -> None:
        """For who has parsed the request already, as every WSGI server has."""
        headers = [(name.lower(), value) for name, value in headers]  # RFC 9110, section 5.1: in any case
        self._request = check_request(method, target, version, headers)
        self._events.append(self._request)

    def events(self) -> Iterator[Event]:
        while self._events:
            yield self._events.pop(0)

    def send(self, event: Event) -> bytes:
        if isinstance(event, RejectConnection) and not self.rejected:
            self.rejected = True
            headers = [*event.headers, (b"Content-Type", b"text/plain; charset=utf-8"), (b"Connection", b"close")]
            return http_response(event.status_code, headers, f"{event.reason}\n".encode() if event.reason else None)
        if isinstance(event, AcceptConnection) and self._request is not None and not self.rejected:
            data, self.agreed = accept_request(self._request, event)
            return data
        raise LocalProtocolError(f"{type(event).__name__} cannot be sent during the handshake")
