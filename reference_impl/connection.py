"""The protocol without any I/O: bytes in, events out, events in, bytes out (RFC 6455, sections 5.4 to 8.1).

In: `receive_data(bytes)`, and None when TCP has ended; then `events()`. The way back: `send(event)` gives the bytes.
No socket, no thread, no clock: everything here can be tried at the prompt.

    >>> ws = Connection(ConnectionType.SERVER)
    >>> ws.send(TextMessage("Hello")).hex()                              # RFC 6455, section 5.7
    '810548656c6c6f'

Follows https://github.com/python-hyper/wsproto/blob/820701baf101b8c364a879440e1215da2fb0973f/src/wsproto/connection.py#L31-L202
and https://github.com/python-hyper/wsproto/blob/820701baf101b8c364a879440e1215da2fb0973f/src/wsproto/frame_protocol.py#L293-L330
Leaves out: the opening handshake (handshake.py); putting the parts of a message together (server.py).

Theory of operation. Two facts decide what may happen: has a close frame been sent, has one been received? Each is
written once and never taken back: the first by who sends, or by the reader when TCP has ended and nothing can be sent;
the second by the reader alone. So two threads may share a connection as long as one at a time sends. The state is
looked up from the two; what may be sent in it, and which frame may follow which, are tables too.
"""

import os
from collections.abc import Iterator
from enum import Enum

from .closing import CloseReason, ParseFailed, Utf8, format_close, parse_close
from .deflate import NO_LIMIT, PerMessageDeflate
from .events import BytesMessage, CloseConnection, Event, LocalProtocolError, Message, Ping, Pong, TextMessage
from .frames import Frame, FrameParser, Opcode


class ConnectionType(Enum):
    CLIENT = 1
    SERVER = 2


class ConnectionState(Enum):
    """Section 7.1. The states of an open WebSocket are named by two facts: (close frame sent, close frame received)."""

    CONNECTING = "the opening handshake is under way"
    REJECTING = "it was refused"
    OPEN = (False, False)
    REMOTE_CLOSING = (False, True)
    LOCAL_CLOSING = (True, False)
    CLOSED = (True, True)


#: 5.5.1: "The application MUST NOT send any more data frames after sending a Close frame."
SENDABLE: dict[ConnectionState, tuple[type[Event], ...]] = {
    ConnectionState.OPEN: (Message, Ping, Pong, CloseConnection),
    ConnectionState.REMOTE_CLOSING: (Message, CloseConnection),  # answers to what came before the peer's close frame
}
#: Section 5.4: (a message is unfinished, the frame continues one) -> what is wrong with that.
FRAGMENTS = {
    (False, True): "5.4: there is no message that this frame could continue",
    (True, False): "5.4: a new message begins before the one under way has ended",
}


class Connection:
    """An open WebSocket, after the handshake. `limit`: the most bytes of a message, inflated, of text as of binary."""

    def __init__(self, kind: ConnectionType, deflate: PerMessageDeflate | None = None, limit: int = NO_LIMIT) -> None:
        self.client, self.deflate, self.limit = kind is ConnectionType.CLIENT, deflate, limit
        self.close_sent = self.close_received = self._lost = False
        self._incoming: Opcode | None = None  # the type of the message under way, if there is one
        self._compressed, self._size, self._utf8 = False, 0, Utf8()  # of that message
        self._outgoing: Opcode | None = None
        self._parser = FrameParser(not self.client, self.deflate is not None)

    @property
    def state(self) -> ConnectionState:
        return ConnectionState((self.close_sent, self.close_received))

    def receive_data(self, data: bytes | None) -> None:
        """Hand over what a socket delivered; None says that TCP has ended."""
        if data is None:
            self._lost = self.close_sent = True  # or the close frame never will be: nothing can be sent any more
        elif self.state is ConnectionState.CLOSED:
            raise LocalProtocolError("the connection is closed")
        elif not self.close_received:
            self._parser.receive_bytes(data)

    def events(self) -> Iterator[Event]:
        """What the peer did. A violation comes as the CloseConnection to answer it with, and is the last event."""
        frames = self._parser.frames()
        try:
            # 1.4: "After receiving a control frame indicating the connection should be closed, a peer discards any
            # further data received."
            while not self.close_received and (frame := next(frames, None)):
                yield self._control(frame) if frame.opcode.iscontrol() else self._data(frame)
        except ParseFailed as error:
            # 7.1.7: "the endpoint SHOULD send a Close frame with an appropriate status code before proceeding to
            # _Close the WebSocket Connection_." Nothing is read any more.
            self.close_received = True
            yield CloseConnection(error.code, str(error))
        if self._lost and not self.close_received:
            self.close_received = True
            yield CloseConnection(CloseReason.ABNORMAL_CLOSURE)

    def _control(self, frame: Frame) -> Event:
        if frame.opcode is Opcode.CLOSE:
            self.close_received = True
            return CloseConnection(*parse_close(frame.payload))
        return Ping(frame.payload) if frame.opcode is Opcode.PING else Pong(frame.payload)

    def _data(self, frame: Frame) -> Event:
        """A part of a message, inflated if need be, and never more of it than the limit has room for."""
        continues, ends = frame.opcode is Opcode.CONTINUATION, not frame.missing
        if wrong := FRAGMENTS.get((self._incoming is not None, continues)):
            raise ParseFailed(wrong)
        if self._incoming is None:
            self._incoming, self._compressed, self._size = frame.opcode, frame.rsv1, 0
        opcode, data, last, room = self._incoming, frame.payload, frame.fin and ends, self.limit - self._size
        if self._compressed and self.deflate:
            data = self.deflate.inflate(data, last, room)
        elif len(data) + frame.missing > room:  # there is no need to wait for what is announced
            raise ParseFailed("the message is too big", CloseReason.MESSAGE_TOO_BIG)
        self._size += len(data)
        if last:
            self._incoming = None
        if opcode is Opcode.TEXT:
            return TextMessage(self._utf8.decode(data, last), ends, last)
        return BytesMessage(data, ends, last)

    def send(self, event: Event) -> bytes:
        """The bytes for one event, to be written whole and in this order."""
        if not isinstance(event, SENDABLE.get(self.state, ())):
            raise LocalProtocolError(f"{type(event).__name__} cannot be sent in the state {self.state.name}")
        match event:
            case Message():
                frame = self._message_frame(event.data, event.message_finished)
            case Ping():
                frame = Frame(Opcode.PING, event.payload)
            case Pong():
                frame = Frame(Opcode.PONG, event.payload)
            case CloseConnection():
                frame = Frame(Opcode.CLOSE, format_close(event.code, event.reason))
                self.close_sent = True
        # 5.1: a client masks, with a key "derived from a strong source of entropy" (5.3); a server must not.
        return frame.serialize(os.urandom(4) if self.client else None)

    def _message_frame(self, data: bytes | str, finished: bool) -> Frame:
        opcode, first = Opcode.TEXT if isinstance(data, str) else Opcode.BINARY, self._outgoing is None
        if not first and self._outgoing is not opcode:
            raise LocalProtocolError("5.4: all parts of a message are of one type")
        self._outgoing = None if finished else opcode
        payload = data.encode() if isinstance(data, str) else data
        if self.deflate:
            payload = self.deflate.deflate(payload, finished)
        # RFC 7692, section 6.1: RSV1 is set on the first fragment of a compressed message, and only there.
        return Frame(opcode if first else Opcode.CONTINUATION, payload, finished, first and self.deflate is not None)
