"""WebSocket: one direction of a connection after its handshake, frame by frame (RFC 6455, section 5.2).

In: the bytes, where the frames begin, whose frames they are, and the extensions agreed on. Out: fields that cover
all of them. HTTP may appear here too: when a Flask-Sock handler ends, Werkzeug writes its ordinary response onto the
WebSocket, after the Close frame or in front of it. It is shown as what it is.
"""

from __future__ import annotations

from . import http1
from .field import Field
from .http1_body import Framing
from .part import count, incomplete
from .websocket_deflate import Extensions, Inflater
from .websocket_frame import Expected, Frame, faults, header_fields, read_frame
from .websocket_message import Messages
from .websocket_names import Opcode, Ws, opcode_name

# As a frame this would be RSV1, opcode 8, FIN 0: a fragmented control frame, which is never allowed (5.5).
_HTTP = b"HTTP/1."


def frames(data: bytes, start: int, *, client: bool, extensions: Extensions) -> tuple[Field, ...]:
    """The fields of `data[start:]`: the frames that a client sent, or those of a server."""
    reader = Frames(client=client, extensions=extensions)
    fields: list[Field] = []
    while start < len(data):
        fields.append(reader.read(data, start))
        start = fields[-1].stop
    return tuple(fields)


class Frames:
    """Reads one direction, frame by frame, in order: what must be remembered between them."""

    def __init__(self, *, client: bool, extensions: Extensions) -> None:
        takeover = extensions.client_takeover if client else extensions.server_takeover
        self._client, self._extensions = client, extensions
        self._messages = Messages(Inflater(takeover) if extensions.deflate else None)
        self._closed = self._over = False  # a Close frame was sent; an HTTP response was

    def read(self, data: bytes, start: int) -> Field:
        """What begins at `start`: a frame, HTTP, or what is neither, up to the end."""
        if not self._client and _is_http(data, start):
            self._over = True
            return _http(data, start, self._closed)
        frame = read_frame(data, start)
        inside = self._messages.opcode is not None
        expected = Expected(self._client, self._extensions.deflate, self._extensions.foreign, inside, self._closed)
        wrong = faults(frame, expected, len(data) - start)
        if (self._closed or self._over) and wrong.keys() - {Ws.FRAME}:
            # Behind the end anything can be read as a broken frame, so it is not read as one.
            value = f"neither a frame nor HTTP, behind {'the Close frame' if self._closed else 'an HTTP response'}"
            return Ws.DATA.at(start, len(data), value)
        field = _frame(data, frame, wrong, self._messages)
        self._closed = self._closed or frame.opcode == Opcode.CLOSE
        return field

    def lacks(self, data: bytes, start: int) -> int:
        """How many bytes are surely still to come of what begins at `start`; 0 where it is whole. A response whose end
        only the end of the connection tells lacks one for ever."""
        if not self._client and _is_http(data, start):
            found = _response(data, start)
            return int(not found.complete or found.framing is Framing.UNTIL_CLOSE)
        frame = read_frame(data, start)
        if frame.length is None or len(data) - start < 2:
            return 1
        return max(frame.stop - len(data), 0)


def _frame(data: bytes, frame: Frame, wrong: dict[Ws, str], messages: Messages) -> Field:
    """The field of one frame; `messages` moves on behind it."""
    name = opcode_name(frame.opcode)
    if frame.opcode == Opcode.CONTINUATION and messages.opcode is not None:
        name += f" of {opcode_name(messages.opcode)}"
    payload, fault = messages.payload_fields(data, frame)
    stop = min(frame.stop, len(data))
    troubles = [f"fault: {text}" for text in (*wrong.values(), fault) if text][:1]
    if frame.stop > len(data):
        least = "at least " if frame.length is None else ""
        troubles.append(incomplete(stop - frame.start, frame.stop - frame.start, least))
    facts = [] if frame.length is None else [count(frame.length)]
    if not frame.control:
        facts.append("final" if frame.fin else "more follows")
    value = "; ".join([name, *troubles, ", ".join(facts)]) if troubles else ", ".join([name, *facts])
    return Ws.FRAME.at(frame.start, stop, value.removesuffix("; "), header_fields(data, frame, wrong) + payload)


def _is_http(data: bytes, start: int) -> bool:
    """Whether an HTTP response begins here; at the end of the stream four of its bytes are enough."""
    found = data[start : start + len(_HTTP)]
    return len(found) >= 4 and _HTTP.startswith(found)


def _http(data: bytes, start: int, closed: bool) -> Field:
    """An HTTP response where a frame should be."""
    found = _response(data, start)
    value = "after the Close frame, where nothing may follow" if closed else "before any Close frame"
    section = "RFC 6455, 5.5.1" if closed else ""
    return Ws.HTTP.at(start, found.stop, f"no frame; {value}", found.fields, section=section)


def _response(data: bytes, start: int) -> http1.Message:
    found = http1.response(data, start, "GET")
    if found.framing is Framing.UNTIL_CLOSE and _frame_at(data, found.content):
        # The body would swallow the Close frame that another thread wrote; a response to HEAD has none.
        return http1.response(data, start, "HEAD")
    return found


def _frame_at(data: bytes, start: int) -> bool:
    """Whether a server's whole and faultless last frame of a message, or control frame, begins here."""
    if start >= len(data):
        return False
    frame = read_frame(data, start)
    expected = Expected(masked=False, deflate=False, foreign=False, inside=False, closed=False)
    return frame.fin and frame.stop <= len(data) and not faults(frame, expected, len(data) - start)
