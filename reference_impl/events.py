"""The words that a connection and its user exchange: one small frozen value for each thing that can happen.

In and out: the same events travel both ways. `connection.events()` yields them, `connection.send(event)` takes them.

Follows https://github.com/python-hyper/wsproto/blob/820701baf101b8c364a879440e1215da2fb0973f/src/wsproto/events.py#L21-L302
and, for the two errors, https://github.com/python-hyper/wsproto/blob/820701baf101b8c364a879440e1215da2fb0973f/src/wsproto/utilities.py#L24-L57
Leaves out: `RejectData` (a refusal of ours is whole), and the pages of documentation in the original.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .closing import ProtocolError
from .deflate import PerMessageDeflate

Headers = Sequence[tuple[bytes, bytes]]


class Event:
    """The base of all events."""


@dataclass(frozen=True)
class Request(Event):
    """The client asks: an HTTP request with `Upgrade: websocket` (RFC 6455, section 4.1)."""

    host: str
    target: str
    extensions: Sequence[str] = ()
    extra_headers: Headers = ()
    subprotocols: Sequence[str] = ()


@dataclass(frozen=True)
class AcceptConnection(Event):
    """The server agrees: HTTP status 101 (section 4.2.2)."""

    subprotocol: str | None = None
    extensions: Sequence[PerMessageDeflate] = ()
    extra_headers: Headers = ()


@dataclass(frozen=True)
class RejectConnection(Event):
    """The server declines: any other HTTP status, with a sentence that says why."""

    status_code: int = 400
    headers: Headers = ()
    reason: str = ""


@dataclass(frozen=True)
class CloseConnection(Event):
    """A close frame (section 5.5.1). Code 1005 stands for an empty one, 1006 for none at all."""

    code: int
    reason: str | None = None

    def response(self) -> "CloseConnection":
        # 5.5.1: "When sending a Close frame in response, the endpoint typically echos the status code it received."
        return CloseConnection(self.code, self.reason)


@dataclass(frozen=True)
class Message(Event):
    """A message, or a part of one: the last part has `message_finished`."""

    data: Any  # str or bytes
    frame_finished: bool = True
    message_finished: bool = True


@dataclass(frozen=True)
class TextMessage(Message):
    """Text, decoded."""


@dataclass(frozen=True)
class BytesMessage(Message):
    """Binary data."""


@dataclass(frozen=True)
class Pong(Event):
    """The answer to a ping, or a heartbeat that nobody asked for (section 5.5.3)."""

    payload: bytes = b""


@dataclass(frozen=True)
class Ping(Event):
    """ "Are you still there?" (section 5.5.2)."""

    payload: bytes = b""

    def response(self) -> Pong:
        # 5.5.3: a pong "must have identical Application data as found in the message body of the Ping frame"
        return Pong(self.payload)


class LocalProtocolError(ProtocolError):
    """You asked for something that the protocol does not allow now."""


class RemoteProtocolError(ProtocolError):
    """The peer's opening handshake, or its HTTP, is wrong; `event_hint` is what to answer, this HTTP status."""

    def __init__(self, status: int, sentence: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(sentence)
        self.event_hint = RejectConnection(status, headers, sentence)
