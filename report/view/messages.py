"""Messages: what one connection's bytes are, cut where a reader would: a request, an answer, a WebSocket message.

In: the wire events of a trace. Out: `Part`s in the order in which a reader is told of them: by connection, and in it
by when they were complete on their own thread; a WebSocket message holds all its frames. No call is looked at here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tracer.reading.fields import Field, dissect
from tracer.reading.fields.http1_names import Http
from tracer.reading.fields.tls import Tls
from tracer.reading.fields.websocket_names import Ws
from tracer.reading.trace import Trace, Wire

#: Frames that belong to no message, and may stand between those of one (RFC 6455, 5.5).
CONTROL = frozenset({"close", "ping", "pong"})


@dataclass(frozen=True)
class Piece:
    """The bytes `start` to `stop` (offsets in the message) that one wire event moved; `at` is where in its own bytes
    they begin."""

    wire: Wire
    start: int
    stop: int
    at: int


@dataclass(frozen=True)
class Part:
    """One message: its fields (offsets count in the connection's direction), where it lies in there, its pieces."""

    connection: int
    direction: str
    kind: str
    title: str
    fields: tuple[Field, ...]
    spans: tuple[tuple[int, int], ...]
    pieces: tuple[Piece, ...]
    data: bytes

    @property
    def order(self) -> int:
        """Its place: what arrived counts from where it was whole, what was sent from where the last write began, since
        the peer may answer before that has returned."""
        last = self.pieces[-1].wire
        return last.ended if self.direction == "in" else last.began


def parts(trace: Trace) -> list[Part]:
    """The messages of every connection over which anything went, connection by connection."""
    found: list[Part] = []
    for number in dict.fromkeys(w.connection for w in sorted(trace.wires, key=lambda w: w.id) if w.direction):
        found += sorted(_of_connection(trace, number), key=_told)
    return found


def _told(part: Part) -> tuple[int, int]:
    """A final answer that Werkzeug writes beside a close frame may come before or after it: it is told last."""
    return (1 if part.fields[0].name == Ws.HTTP.word else 0, part.order)


def _of_connection(trace: Trace, number: int) -> Iterator[Part]:
    mine = [w for w in trace.wires if w.connection == number and w.direction]
    stream = {d: b"".join(bytes_of(trace, w) for w in mine if w.direction == d) for d in ("in", "out")}
    connection = trace.connections.get(number)
    client = connection is not None and connection.role == "client"
    read = dissect(stream["in"], stream["out"], "client" if client else "server")
    for direction, fields in (("in", read.received), ("out", read.sent)):
        wires = [w for w in mine if w.direction == direction]
        for group in _groups(fields):
            yield _part(number, direction, group, stream[direction], wires)


def bytes_of(trace: Trace, wire: Wire) -> bytes:
    """The bytes that a wire event moved; zeros for what the recorder cut off, so that offsets stay true."""
    value = trace.value(wire.value)
    data = value.data if value is not None and isinstance(value.data, bytes) else b""
    return data[: wire.size].ljust(wire.size, b"\0")


def _groups(fields: Sequence[Field]) -> Iterator[list[Field]]:
    """Each field alone, but the frames of one message together."""
    message: list[Field] = []
    for field in fields:
        if alone(field):
            yield [field]
            continue
        message.append(field)
        if final(field):
            yield message
            message = []
    if message:
        yield message


def alone(field: Field) -> bool:
    """Whether a field is a message by itself: all but the frames of text and binary messages."""
    opcode = _below(field, Ws.OPCODE.word).partition(": ")[2] if field.name == Ws.FRAME.word else ""
    return not opcode or opcode in CONTROL


def final(field: Field) -> bool:
    """Whether a frame is the last one of its message."""
    return _below(field, Ws.FIN.word) == "1"


def _below(field: Field, name: str) -> str:
    return next((one.value for one in field.walk() if one.name == name), "")


def _part(connection: int, direction: str, group: list[Field], stream: bytes, wires: Sequence[Wire]) -> Part:
    spans = tuple((field.start, field.stop) for field in group)
    pieces: list[Piece] = []
    done = 0
    for start, stop in spans:
        at = 0
        for wire in wires:
            first, last = max(start, at), min(stop, at + wire.size)
            if first < last:
                pieces.append(Piece(wire, done + first - start, done + last - start, first - at))
            at += wire.size
        done += stop - start
    data = b"".join(stream[start:stop] for start, stop in spans)
    kind = kind_of(group)
    return Part(connection, direction, kind, title_of(kind, group), tuple(group), spans, tuple(_joined(pieces)), data)


def _joined(pieces: list[Piece]) -> Iterator[Piece]:
    """Pieces of one wire event that follow each other are one."""
    before: Piece | None = None
    for piece in pieces:
        if before is not None and before.wire is piece.wire and before.stop == piece.start:
            before = Piece(before.wire, before.start, piece.stop, before.at)
            continue
        if before is not None:
            yield before
        before = piece
    if before is not None:
        yield before


def kind_of(group: Sequence[Field]) -> str:
    """A word for a message, by its fields."""
    first = group[0]
    if first.name == Ws.FRAME.word:
        return _below(first, Ws.OPCODE.word).partition(": ")[2] or "frame"
    if first.name == Ws.HTTP.word:
        return Http.RESPONSE.word
    return first.name if first.name in (Http.REQUEST.word, Http.RESPONSE.word, Tls.RECORD.word) else "data"


def title_of(kind: str, group: Sequence[Field]) -> str:
    """A few words that tell a message from its neighbours."""
    first = group[0]
    if kind == "request":
        return f"{_below(first, Http.METHOD.word)} {_below(first, Http.TARGET.word)}".strip()
    if kind == "response":
        told = f"{_below(first, Http.STATUS_CODE.word)} {_below(first, Http.REASON.word)}".strip()
        return told + (", on the WebSocket" if first.name == Ws.HTTP.word else "")
    if kind == "close":
        return _below(first, Ws.STATUS_CODE.word) or "no status code"
    if kind in ("text", "binary", "ping", "pong"):
        return _content(group)
    return first.value


def _content(group: Sequence[Field]) -> str:
    """The payload as it was meant: inflated, unmasked, or as sent; of all frames together."""
    texts = []
    for field in group:
        best = ""
        for one in field.walk():
            if one.name in (Ws.PAYLOAD.word, Ws.UNMASKED.word, Ws.INFLATED.word):
                best = one.value
        texts.append(best)
    return "".join(texts) or "empty"
