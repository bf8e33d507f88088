"""The originals' names for our things, as far as their own tests use them.

On top of tests/floors/names.py: shapes that only tests look at, made of one or two calls of ours. What ours leaves out
has no name here, or one that does nothing (a test's helper derives from it); such tests are in not_applicable.toml.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from floors import names

from reference_impl import closing, connection, deflate, events, frames, handshake, server, sock

CLIENT, SERVER = connection.ConnectionType.CLIENT, connection.ConnectionType.SERVER


class LeftOut:
    """Ours has no such thing; it is here to be derived from."""


class WSConnection(handshake.WSConnection):
    """A request that has been parsed already is written down again."""

    def initiate_upgrade_connection(self, headers: Any, path: Any) -> None:
        target = path.encode() if isinstance(path, str) else path
        lines = [b"GET %b HTTP/1.1" % target, *(b"%b: %b" % header for header in headers)]
        self.receive_data(b"\r\n".join([*lines, b"", b""]))


def h11_handshake(connection_type: connection.ConnectionType) -> handshake.WSConnection:
    """The server's; the client's opening handshake is left out."""
    if connection_type is CLIENT:
        raise NotImplementedError("the client's opening handshake")
    return handshake.WSConnection(SERVER)


@dataclass
class Frame:
    opcode: frames.Opcode
    payload: Any
    frame_finished: bool = True
    message_finished: bool = True


class FrameDecoder:
    """Our `FrameParser`, which hands on a frame's header by itself, too, if it comes so."""

    header: frames.Opcode | None = None

    def __init__(self, client: bool) -> None:
        self.parser = frames.FrameParser(from_client=not client)
        self.receive_bytes = self.parser.receive_bytes

    def process_buffer(self) -> Frame | None:
        for part in self.parser.frames():
            opcode, self.header = self.header or part.opcode, None
            if part.payload or not part.missing:
                return Frame(opcode, part.payload, not part.missing, part.fin)
            self.header = opcode
        return None


class MessageDecoder:
    """Our `Connection`, from frames that have been parsed already."""

    def __init__(self) -> None:
        self.connection = connection.Connection(SERVER)

    def process_frame(self, frame: Frame) -> Frame:
        missing = 0 if frame.frame_finished else 1
        part = frames.Frame(frame.opcode, frame.payload, frame.message_finished, missing=missing)
        event: Any = self.connection._data(part)
        opcode = frames.Opcode.TEXT if isinstance(event, events.TextMessage) else frames.Opcode.BINARY
        return Frame(opcode, event.data, event.frame_finished, event.message_finished)


class FrameProtocol:
    """Our `Connection`, by methods in the place of events, and raising where `Connection` closes."""

    def __init__(self, client: bool, extensions: list[Any]) -> None:
        self.connection = connection.Connection(CLIENT if client else SERVER)
        self.receive_bytes = self.connection.receive_data

    def received_frames(self) -> Iterator[Frame]:
        for piece in self.connection._parser.frames():
            control = piece.opcode.iscontrol()
            event: Any = self.connection._control(piece) if control else self.connection._data(piece)
            payload = getattr(event, "payload", None) or getattr(event, "data", None)
            if isinstance(event, events.CloseConnection):
                payload = (event.code, event.reason)
            yield Frame(piece.opcode, payload)

    def close(self, code: Any = closing.CloseReason.NO_STATUS_RCVD, reason: str | None = None) -> bytes:
        return self.connection.send(events.CloseConnection(code, reason))

    def ping(self, payload: bytes = b"") -> bytes:
        return self.connection.send(events.Ping(payload))

    def pong(self, payload: bytes = b"") -> bytes:
        return self.connection.send(events.Pong(payload))

    def send_data(self, payload: Any = b"", fin: bool = True) -> bytes:
        return self.connection.send(events.Message(payload, message_finished=fin))


class XorMaskerSimple:
    def __init__(self, masking_key: bytes) -> None:
        self.key = masking_key
        self.done = 0

    def process(self, data: bytes) -> bytes:
        offset, self.done = self.done, self.done + len(data)
        return frames.apply_mask(data, self.key, offset)


class Server(server.Server):
    """By the name that the original prefers, and of environs that lack what PEP 3333 wants in them."""

    @classmethod
    def accept(cls, environ: dict[str, Any], **options: Any) -> Server:
        given = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_PROTOCOL": "HTTP/1.1", **environ}
        return cls(given, **options)


class PerMessageDeflate(deflate.PerMessageDeflate):
    """What was agreed on, read from the answer."""

    answer: str | None = None

    def enabled(self) -> bool:
        return self.answer is not None

    def accept(self, offer: str) -> str | None:
        self.answer = super().accept(offer)
        return self.answer

    @property
    def client_max_window_bits(self) -> int:
        parameters = dict(part.strip().partition("=")[::2] for part in (self.answer or "").split(";"))
        return int(parameters["client_max_window_bits"])


def normed_header_dict(headers: Any) -> dict[bytes, bytes]:
    """Several lines of one name are one list."""
    return {name: b", ".join(value for key, value in headers if key == name) for name, _ in headers}


def modules() -> dict[str, ModuleType]:
    """Every module of the three libraries that their tests import."""
    found = names.wsproto_of_ours()
    more: dict[str, dict[str, Any]] = {
        "wsproto": {"WSConnection": WSConnection},
        "wsproto.connection": {"CLIENT": CLIENT, "SERVER": SERVER},
        "wsproto.events": {"RejectData": LeftOut},
        "wsproto.extensions": {"Extension": LeftOut, "PerMessageDeflate": PerMessageDeflate},
        "wsproto.frame_protocol": {
            **names.taken(closing, "CloseReason", "ParseFailed"),
            "Opcode": frames.Opcode,
            **{made.__name__: made for made in (Frame, FrameDecoder, FrameProtocol, MessageDecoder, XorMaskerSimple)},
        },
        "wsproto.handshake": {"H11Handshake": h11_handshake},
        "wsproto.typing": {"Headers": Any},
        "wsproto.utilities": {
            "generate_nonce": lambda: base64.b64encode(os.urandom(16)),
            "normed_header_dict": normed_header_dict,
        },
    }
    for name, added in more.items():
        found.setdefault(name, names.module(name)).__dict__.update(added)
    for name in found:
        if "." in name:
            setattr(found["wsproto"], name.partition(".")[2], found[name])
    found["simple_websocket"] = names.simple_websocket_of(server)
    found["simple_websocket"].__dict__["Server"] = Server
    found["simple_websocket.ws"] = found["simple_websocket"].__dict__["ws"] = server
    found["flask_sock"] = names.flask_sock_of(sock)
    return found
