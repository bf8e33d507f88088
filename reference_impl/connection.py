"""The protocol without any I/O: bytes in, events out, events in, bytes out (RFC 6455, sections 5.4 to 8.1).

In: `receive_data(bytes)`, and None when TCP has ended; then `events()`. The way back: `send(event)` gives the bytes.
No socket, no thread, no clock: everything here can be tried at the prompt.

    >>> ws = Connection(ConnectionType.SERVER)
    >>> ws.send(TextMessage("Hello")).hex()                              # RFC 6455, section 5.7
    '810548656c6c6f'

Follows https://github.com/python-hyper/wsproto/blob/820701baf101b8c364a879440e1215da2fb0973f/src/wsproto/connection.py#L31-L202
with https://github.com/python-hyper/wsproto/blob/820701baf101b8c364a879440e1215da2fb0973f/src/wsproto/__init__.py#L23-L97
and, for text and closing, https://github.com/python-hyper/wsproto/blob/820701baf101b8c364a879440e1215da2fb0973f/src/wsproto/frame_protocol.py#L293-L330
Leaves out: putting the parts of a message together (server.py); answering pings and closes by itself, as the original.

Theory of operation. Two facts decide what may happen: has a close frame been sent, has one been received? The sender
alone writes the first, the reader alone the second, so two threads may share a connection as long as one at a time
sends. The state is looked up from the two; what may be sent in it, and which frame may follow which, are tables too.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from .deflate import PerMessageDeflate
from .events import AcceptConnection, BytesMessage, CloseConnection, Event, Headers, LocalProtocolError, Message
from .events import Ping, Pong, RejectConnection, RejectData, RemoteProtocolError, Request, TextMessage
from .frames import CloseReason, Frame, FrameParser, Opcode, ParseFailed, Piece
from .handshake import Handshake

__all__ = [
    "AcceptConnection",
    "BytesMessage",
    "CloseConnection",
    "Connection",
    "ConnectionState",
    "ConnectionType",
    "Event",
    "LocalProtocolError",
    "Message",
    "Ping",
    "Pong",
    "RejectConnection",
    "RejectData",
    "RemoteProtocolError",
    "Request",
    "TextMessage",
    "WSConnection",
]


class ConnectionType(Enum):
    CLIENT = 1
    SERVER = 2


class ConnectionState(Enum):
    CONNECTING = 0
    OPEN = 1
    REMOTE_CLOSING = 2
    LOCAL_CLOSING = 3
    CLOSED = 4
    REJECTING = 5


#: Section 7.1: (close frame sent, close frame received) -> state.
STATES = {
    (False, False): ConnectionState.OPEN,
    (False, True): ConnectionState.REMOTE_CLOSING,
    (True, False): ConnectionState.LOCAL_CLOSING,
    (True, True): ConnectionState.CLOSED,
}
#: 5.5.1: "The application MUST NOT send any more data frames after sending a Close frame."
SENDABLE: dict[ConnectionState, tuple[type[Event], ...]] = {
    ConnectionState.OPEN: (Message, Ping, Pong, CloseConnection),
    ConnectionState.REMOTE_CLOSING: (CloseConnection,),
    ConnectionState.LOCAL_CLOSING: (),
    ConnectionState.CLOSED: (),
}
#: Section 5.4: (a message is unfinished, the frame that comes) -> what is wrong with that.
FRAGMENTS = {
    (False, Opcode.TEXT): None,
    (False, Opcode.BINARY): None,
    (False, Opcode.CONTINUATION): "5.4: there is no message that this frame could continue",
    (True, Opcode.TEXT): "5.4: a new message begins before the one under way has ended",
    (True, Opcode.BINARY): "5.4: a new message begins before the one under way has ended",
    (True, Opcode.CONTINUATION): None,
}
#: Section 7.4: the codes that may stand in a close frame.
CLOSE_CODES = (range(1000, 1004), range(1007, 1015), range(3000, 5000))
#: 7.4.1: "MUST NOT be set as a status code in a Close control frame by an endpoint" -> what is sent instead.
LOCAL_ONLY = {CloseReason.ABNORMAL_CLOSURE: 1000, CloseReason.TLS_HANDSHAKE_FAILED: 1000}


def is_close_code(code: int) -> bool:
    return any(code in codes for codes in CLOSE_CODES)


def parse_close(payload: bytes) -> CloseConnection:
    """Section 5.5.1: nothing, or two bytes of code and a reason in UTF-8.

    >>> parse_close(bytes.fromhex("03e8") + b"bye")
    CloseConnection(code=1000, reason='bye')
    """
    if not payload:
        # 7.1.5: "If this Close control frame contains no status code, _The WebSocket Connection Close Code_ is
        # considered to be 1005."
        return CloseConnection(CloseReason.NO_STATUS_RCVD, "")
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not is_close_code(code):
        raise ParseFailed("7.4: no valid close code")
    try:
        return CloseConnection(code, payload[2:].decode())
    except UnicodeDecodeError:
        raise ParseFailed("8.1: the reason is not UTF-8", CloseReason.INVALID_FRAME_PAYLOAD_DATA) from None


def format_close(event: CloseConnection) -> bytes:
    """The payload of a close frame: at most 125 bytes, and no character cut in half."""
    if event.code == CloseReason.NO_STATUS_RCVD:
        return b""
    code = LOCAL_ONLY.get(CloseReason(event.code), event.code) if event.code in set(CloseReason) else event.code
    if not is_close_code(code):
        raise ValueError(f"{code} is no close code: use 1000 to 1003, 1007 to 1014 or 3000 to 4999")
    reason = (event.reason or "").encode()[:123].decode(errors="ignore")
    return code.to_bytes(2, "big") + reason.encode()


class Utf8:
    """Section 8.1, as the bytes arrive: raises ParseFailed at the first byte that cannot be UTF-8."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def decode(self, data: bytes, last: bool) -> str:
        try:
            text = self._decoder.decode(data, last)
        except UnicodeDecodeError as error:
            raise ParseFailed(f"8.1: {error.reason}", CloseReason.INVALID_FRAME_PAYLOAD_DATA) from None
        # subtle: Python's decoder keeps ED A0..BF and waits, although only a surrogate can begin so, and a surrogate
        # is no UTF-8. Every other wrong prefix it reports at once.
        kept = self._decoder.getstate()[0]
        if kept[:1] == b"\xed" and kept[1:2] >= b"\xa0":
            raise ParseFailed("8.1: a surrogate", CloseReason.INVALID_FRAME_PAYLOAD_DATA)
        return text


@dataclass
class Incoming:
    """The message that is under way."""

    opcode: Opcode
    compressed: bool
    size: int = 0  # bytes so far, inflated
    utf8: Utf8 = field(default_factory=Utf8)


class Connection:
    """An open WebSocket, after the handshake. `max_message_size` counts bytes, inflated, of text as of binary."""

    def __init__(
        self,
        connection_type: ConnectionType,
        extensions: Sequence[PerMessageDeflate] = (),
        trailing_data: bytes = b"",
        max_message_size: int | None = None,
    ) -> None:
        self.client = connection_type is ConnectionType.CLIENT
        self.deflate = extensions[0] if extensions else None
        self.max_message_size = max_message_size
        self.close_sent = False
        self.close_received = False
        self._lost = False
        self._incoming: Incoming | None = None
        self._outgoing: Opcode | None = None
        self._parser = FrameParser(from_client=not self.client, compression=self.deflate is not None)
        self._parser.receive_bytes(trailing_data)

    @property
    def state(self) -> ConnectionState:
        return STATES[self.close_sent, self.close_received]

    def receive_data(self, data: bytes | None) -> None:
        """Hand over what a socket delivered; None says that TCP has ended."""
        if data is None:
            self._lost = not self.close_received
            self.close_sent = True
        elif self.state is ConnectionState.CLOSED:
            raise LocalProtocolError("the connection is closed")
        elif not self.close_received:
            self._parser.receive_bytes(data)

    def events(self) -> Iterator[Event]:
        """What the peer did. A violation comes as the CloseConnection to answer it with, and is the last event."""
        pieces = self._parser.pieces()
        try:
            # 1.4: "After receiving a control frame indicating the connection should be closed, a peer discards any
            # further data received."
            while not self.close_received and (piece := next(pieces, None)):
                yield self._control(piece) if piece.header.opcode.iscontrol() else self._data(piece)
        except ParseFailed as error:
            # 7.1.7: "the endpoint SHOULD send a Close frame with an appropriate status code before proceeding to
            # _Close the WebSocket Connection_." Nothing is read any more.
            self.close_received = True
            yield CloseConnection(error.code, str(error))
        if self._lost and not self.close_received:
            self.close_received = True
            yield CloseConnection(CloseReason.ABNORMAL_CLOSURE)

    def _control(self, piece: Piece) -> Event:
        if piece.header.opcode is Opcode.CLOSE:
            event = parse_close(piece.payload)
            self.close_received = True
            return event
        return Ping(piece.payload) if piece.header.opcode is Opcode.PING else Pong(piece.payload)

    def _data(self, piece: Piece) -> Event:
        header = piece.header
        if piece.starts:
            wrong = FRAGMENTS[self._incoming is not None, header.opcode]
            if wrong:
                raise ParseFailed(wrong)
        message = self._incoming = self._incoming or Incoming(header.opcode, header.rsv1)
        last = header.fin and piece.ends
        data = self._payload(message, piece, last)
        if last:
            self._incoming = None
        if message.opcode is Opcode.TEXT:
            return TextMessage(message.utf8.decode(data, last), piece.ends, last)
        return BytesMessage(data, piece.ends, last)

    def _payload(self, message: Incoming, piece: Piece, last: bool) -> bytes:
        """The piece's payload, inflated if need be, and never more of it than the limit has room for."""
        room = None if self.max_message_size is None else self.max_message_size - message.size
        if message.compressed and self.deflate:
            data = self.deflate.inflate(piece.payload, last, room)
        else:
            data = piece.payload
            # The header announces the size: there is no need to wait for the bytes.
            if room is not None and (piece.header.length if piece.starts else len(data)) > room:
                raise ParseFailed("the message is too big", CloseReason.MESSAGE_TOO_BIG)
        message.size += len(data)
        return data

    def send(self, event: Event) -> bytes:
        """The bytes for one event, to be written whole and in this order."""
        if not isinstance(event, SENDABLE[self.state]):
            raise LocalProtocolError(f"{type(event).__name__} cannot be sent in the state {self.state.name}")
        frame = self._frame(event)
        # 5.1: a client masks, with a key "derived from a strong source of entropy" (5.3); a server must not.
        data = frame.serialize(os.urandom(4) if self.client else None)
        self.close_sent = frame.opcode is Opcode.CLOSE
        return data

    def _frame(self, event: Event) -> Frame:
        match event:
            case Message():
                return self._message_frame(event.data, event.message_finished)
            case Ping():
                return Frame(Opcode.PING, event.payload)
            case Pong():
                return Frame(Opcode.PONG, event.payload)
            case CloseConnection():
                return Frame(Opcode.CLOSE, format_close(event))
        raise LocalProtocolError(f"{type(event).__name__} is no frame")

    def _message_frame(self, data: bytes | str, finished: bool) -> Frame:
        opcode = Opcode.TEXT if isinstance(data, str) else Opcode.BINARY
        if self._outgoing not in (None, opcode):
            raise LocalProtocolError("5.4: all parts of a message are of one type")
        payload = data.encode() if isinstance(data, str) else bytes(data)
        first = self._outgoing is None
        if self.deflate:
            payload = self.deflate.deflate(payload, finished)
        self._outgoing = None if finished else opcode
        # RFC 7692, section 6.1: RSV1 is set on the first fragment of a compressed message, and only there.
        rsv1 = first and self.deflate is not None
        return Frame(opcode if first else Opcode.CONTINUATION, payload, finished, rsv1)


class WSConnection:
    """The whole life of a WebSocket: a `Handshake`, and then a `Connection`."""

    def __init__(self, connection_type: ConnectionType, max_message_size: int | None = None) -> None:
        self.client = connection_type is ConnectionType.CLIENT
        self.connection_type = connection_type
        self.max_message_size = max_message_size
        self.handshake = Handshake(self.client)
        self.connection: Connection | None = None

    @property
    def state(self) -> ConnectionState:
        if self.connection is not None:
            return self.connection.state
        return ConnectionState.REJECTING if self.handshake.rejected else ConnectionState.CONNECTING

    def initiate_upgrade_connection(
        self, headers: Headers, path: bytes, method: bytes = b"GET", version: bytes = b"HTTP/1.1"
    ) -> None:
        """For a server whose HTTP request has been parsed already, as every WSGI server does."""
        self.handshake.initiate(method, path, version, headers)

    def send(self, event: Event) -> bytes:
        if self.connection is not None:
            return self.connection.send(event)
        data = self.handshake.send(event)
        self._open()
        return data

    def receive_data(self, data: bytes | None) -> None:
        if self.connection is not None:
            self.connection.receive_data(data)
        else:
            self.handshake.receive_data(data)
            self._open()

    def events(self) -> Iterator[Event]:
        yield from self.handshake.events()
        if self.connection is not None:
            yield from self.connection.events()

    def _open(self) -> None:
        """Once the handshake is agreed, what follows is frames."""
        if self.handshake.agreed is not None:
            rest = bytes(self.handshake.trailing_data)
            self.connection = Connection(self.connection_type, self.handshake.agreed, rest, self.max_message_size)
