"""The opening handshake: an HTTP request that asks to stop speaking HTTP (RFC 6455, section 4).

In: the Upgrade request, as bytes. Out: a `Request` event, or a `RemoteProtocolError` whose hint is the right
refusal; then, for an AcceptConnection, the bytes of the `101 Switching Protocols`.

    >>> generate_accept_token(b"dGhlIHNhbXBsZSBub25jZQ==")               # RFC 6455, section 1.3
    b's3pPLMBiTxaQ9kYGzzhZRbK+xOo='

Follows https://github.com/python-hyper/wsproto/blob/820701baf101b8c364a879440e1215da2fb0973f/src/wsproto/handshake.py#L41-L341
with https://github.com/python-hyper/wsproto/blob/820701baf101b8c364a879440e1215da2fb0973f/src/wsproto/__init__.py#L23-L97
Leaves out: the client's side; cookies, origins and authentication, which belong to the application.
"""

import base64
import hashlib
import io
import re
from collections.abc import Iterator

from .connection import Connection, ConnectionState, ConnectionType
from .deflate import NO_LIMIT, PerMessageDeflate
from .events import AcceptConnection, Event, Headers, LocalProtocolError, RejectConnection, RemoteProtocolError, Request
from .request import CLOSE, MAX_HEAD, HTTPRequest, http_response, read_head, split_list, status_line

ACCEPT_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # section 1.3
# 4.1: "a nonce consisting of a randomly selected 16-byte value that has been base64-encoded"
KEY = re.compile("[A-Za-z0-9+/]{22}==")
LISTS = (b"upgrade", b"connection", b"sec-websocket-extensions", b"sec-websocket-protocol")
#: 4.4: a server "MUST respond with a |Sec-WebSocket-Version| header field (or multiple |Sec-WebSocket-Version| header
#: fields) containing all versions it is willing to use."
#: RFC 9110, 15.5.22: "The server MUST send an Upgrade header field in a 426 response"
ONLY_13: Headers = [(b"Sec-WebSocket-Version", b"13"), (b"Upgrade", b"websocket"), (b"Connection", b"Upgrade")]


def generate_accept_token(key: bytes) -> bytes:
    # 4.2.2: "concatenating /key/ [...] with the string "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", taking the SHA-1 hash of
    # this concatenated value to obtain a 20-byte value and base64-encoding [...] this 20-byte hash."
    return base64.b64encode(hashlib.sha1(key + ACCEPT_GUID).digest())


def check_request(head: HTTPRequest) -> Request:
    """Section 4.2.1, item by item. Raises RemoteProtocolError with the refusal as its hint."""
    values = {name: value.decode("latin-1") for name, value in head.headers.items()}
    upgrade, connection, extensions, subprotocols = (split_list(values.get(name, "")) for name in LISTS)
    for holds, status, extra, sentence in (
        (head.method == b"GET", 405, [(b"Allow", b"GET")], "a WebSocket opens with the method GET"),
        (head.version == b"HTTP/1.1", 400, [], "a WebSocket opens with HTTP/1.1"),
        ("websocket" in map(str.lower, upgrade), 400, [], "the header 'Upgrade: websocket' is missing"),
        ("upgrade" in map(str.lower, connection), 400, [], "the header 'Connection: Upgrade' is missing"),
        (values.get(b"sec-websocket-version") == "13", 426, ONLY_13, "only 'Sec-WebSocket-Version: 13' is spoken here"),
        (KEY.fullmatch(values.get(b"sec-websocket-key", "")), 400, [], "Sec-WebSocket-Key must be 16 bytes in base64"),
    ):
        if not holds:
            raise RemoteProtocolError(status, "" if head.method == b"HEAD" else sentence, *extra)
    others = [(name, value) for name, value in head.headers.items() if name not in (b"host", *LISTS[2:])]
    return Request(values[b"host"], head.target.decode(), extensions, others, subprotocols)


def accept_request(request: Request, accept: AcceptConnection) -> tuple[bytes, PerMessageDeflate | None]:
    """The bytes of the 101, and the extensions that were agreed on (section 4.2.2, items 5 and 6)."""
    token = generate_accept_token(dict(request.extra_headers)[b"sec-websocket-key"])
    headers = [(b"Upgrade", b"websocket"), (b"Connection", b"Upgrade"), (b"Sec-WebSocket-Accept", token)]
    if accept.subprotocol is not None:
        headers.append((b"Sec-WebSocket-Protocol", accept.subprotocol.encode("latin-1")))
    agreed: PerMessageDeflate | None = None
    for offer in request.extensions:
        # 9.1: what we cannot accept we pass over in silence, and go on with the client's next choice
        if accept.extensions and not agreed and (answer := accept.extensions[0].accept(offer)):
            agreed = accept.extensions[0]
            headers.append((b"Sec-WebSocket-Extensions", answer.encode("latin-1")))
    return http_response("101 Switching Protocols", [*headers, *accept.extra_headers]), agreed


def reject_request(reject: RejectConnection) -> bytes:
    """The bytes of any other answer."""
    body = f"{reject.reason}\n".encode() if reject.reason else b""  # RFC 9110, 9.3.2: there is none for HEAD
    headers = [(b"Content-Type", b"text/plain; charset=utf-8"), (b"Content-Length", b"%d" % len(body))]
    return http_response(status_line(reject.status_code), [*reject.headers, *headers, CLOSE], body)


class WSConnection:
    """The whole life of a WebSocket: the handshake, and then a `Connection`."""

    def __init__(self, connection_type: ConnectionType, max_message_size: int = NO_LIMIT) -> None:
        self.connection_type, self.max_message_size = connection_type, max_message_size
        self.connection: Connection | None = None
        self._state = ConnectionState.CONNECTING
        self._request: Request | None = None
        self._buffer = b""

    @property
    def state(self) -> ConnectionState:
        return self.connection.state if self.connection else self._state

    def receive_data(self, data: bytes | None) -> None:
        """What a socket delivered: first the request, then frames."""
        if self.connection:
            self.connection.receive_data(data)
        else:
            self._buffer += data or b""
        if self._request is None and (b"\r\n\r\n" in self._buffer or len(self._buffer) > MAX_HEAD):
            source = io.BytesIO(self._buffer)
            self._request = check_request(read_head(source.readline))
            self._buffer = source.read()

    def events(self) -> Iterator[Event]:
        """What the peer did: first the request, until it is answered."""
        if self.connection:
            yield from self.connection.events()
        elif self._request:
            yield self._request

    def send(self, event: Event) -> bytes:
        """The bytes for one event, to be written whole and in this order."""
        if self.connection:
            return self.connection.send(event)
        if self._state is ConnectionState.CONNECTING and isinstance(event, RejectConnection):
            self._state = ConnectionState.REJECTING
            return reject_request(event)
        if self._state is ConnectionState.CONNECTING and isinstance(event, AcceptConnection) and self._request:
            data, agreed = accept_request(self._request, event)
            self.connection = Connection(self.connection_type, agreed, self.max_message_size)
            self.connection.receive_data(self._buffer)
            return data
        raise LocalProtocolError(f"{type(event).__name__} cannot be sent in the state {self.state.name}")
