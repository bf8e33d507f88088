"""The bytes of each direction of each connection, joined, with the names of all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tracer.reading.fields import Field
from tracer.reading.fields.connection import dissect
from tracer.reading.trace import Trace, Wire

from .sockets import Sockets, octets


@dataclass(frozen=True)
class Piece:
    """One wire event's bytes: `start` to `stop` of its direction's."""

    wire: Wire
    start: int
    stop: int


@dataclass(frozen=True)
class Stream:
    """One direction of one connection: its events, and the fields of all their bytes."""

    pieces: tuple[Piece, ...]
    fields: tuple[Field, ...]


def streams(sockets: Sockets) -> Iterator[Stream]:
    """Both directions of every connection on which anything moved."""
    for number, wires in sockets.wires.items():
        connection = sockets.trace.connections.get(number)
        if connection is None or not sockets.moved(connection):
            continue
        ways = [[wire for wire in wires if wire.direction == way] for way in ("in", "out")]
        received, sent = (b"".join(octets(sockets.trace, wire) for wire in way) for way in ways)
        names = dissect(received, sent, sockets.role(connection))
        for way, fields in zip(ways, (names.received, names.sent), strict=True):
            yield Stream(_pieces(sockets.trace, way), fields)


def _pieces(trace: Trace, wires: list[Wire]) -> tuple[Piece, ...]:
    found, start = [], 0
    for wire in wires:
        stop = start + len(octets(trace, wire))
        found.append(Piece(wire, start, stop))
        start = stop
    return tuple(found)
