"""Frames for people: each byte under its name, and what is wrong with it (RFC 6455, section 5.2).

In: bytes of one direction of a WebSocket, and all that went before them: a fragment, or a message that leans on the
ones before it when it is inflated, is right or wrong only by those. Out: rows, a name and its value behind the bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tracer.reading.fields import Field
from tracer.reading.fields.websocket import frames
from tracer.reading.fields.websocket_deflate import negotiated

from .dump import WIDTH, shown, wrapped

MOST = 12  # parts of frames
BYTES = 10  # of one part
_HEX = BYTES * 3 + 1  # columns


def hexed(data: bytes, most: int = BYTES) -> str:
    """
    >>> hexed(bytes.fromhex("8105"))
    '81 05'
    """
    return data[:most].hex(" ") + (" …" if len(data) > most else "")


def fields(data: bytes, *, client: bool, before: bytes = b"", extensions: Sequence[str] = ()) -> list[str]:
    """The rows of `data`. `before`: what went the same way already; `extensions`: what the handshake agreed on."""
    whole, start = before + data, len(before)
    found = frames(whole, 0, client=client, extensions=negotiated(tuple(extensions)))
    parts = [part for field in found if field.stop > start for part in _frame(whole, field) if part[0].stop > start]
    rows = [row for place, said in parts[:MOST] for row in _rows(whole[max(place.start, start) : place.stop], said)]
    return rows if len(parts) <= MOST else [*rows, f"… {len(parts) - MOST} more"]


def _frame(data: bytes, frame: Field) -> Iterator[tuple[slice, str]]:
    """The parts of a frame, each with its name and what it says."""
    if not frame.children:
        yield _part(data, frame)
    for child in frame.children:
        if any(inner.bits for inner in child.children):
            yield from _header(data, child)
        elif child.derived is not None:  # what the end of a message inflates to, in a frame without a payload
            yield slice(frame.stop, frame.stop), f"{child.name} {child.value}"
        else:
            yield _part(data, child)


def _header(data: bytes, header: Field) -> Iterator[tuple[slice, str]]:
    """The bytes whose bits have names, each with all of its bits, then the rest. A reserved bit is told if it is 1."""
    for at in range(header.start, header.stop):
        bits = [bit for bit in header.children if bit.start == at and bit.bits]
        said = [f"{bit.name} {bit.value}" for bit in bits if not bit.name.startswith("RSV") or bit.value != "0"]
        if bits:
            yield slice(at, at + 1), ", ".join(said)
    yield from (_part(data, rest) for rest in header.children if not rest.bits)


def _part(data: bytes, field: Field) -> tuple[slice, str]:
    """Its name, and its meaning unless that is only its bytes again; of a payload what it is without its mask, and what
    that inflates to."""
    again = field.value.startswith(data[field.start : field.stop][:BYTES].hex(" "))
    derived = [one for one in field.walk() if one.derived is not None]
    said = field.name if derived or again or not field.value else f"{field.name} {field.value}"
    said += "".join(f", {one.buffer}: {one.value}" for one in derived)
    return slice(field.start, field.stop), said


def _rows(data: bytes, said: str) -> list[str]:
    first, *others = wrapped(shown(said, 300), WIDTH - _HEX)
    return [f"{hexed(data):<{_HEX}}{first}", *(f"{'':{_HEX}}{other}" for other in others)]
