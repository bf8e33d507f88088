"""The bytes of a message: hexadecimal in the colours of its fields, borders between fields and between reads, and a
legend in the RFC's words.

    0000 │81 85│37 fa 21 3d│7f 9f 4d 51 58              │ ··7·!=··MQX

``│`` is where a field ends, ``┊`` where a read or a write ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.text import Text

from ..explorer import WHOLE
from ..view.model import ByteField, Message
from . import palette
from .safe import plain, short

#: Bytes of a line, and bytes that are shown at once.
LINE = 16
BRIEF, FULL = 2 * LINE, 16 * LINE


@dataclass(frozen=True)
class Unit:
    """A run of bytes with one colour: the field, its place among the runs, and what is told below it."""

    field: ByteField
    place: int
    bits: tuple[ByteField, ...]
    derived: tuple[ByteField, ...]


def units(message: Message) -> tuple[Unit, ...]:
    """The smallest fields of whole bytes, in order, each byte in one; a line of HTTP's header is one."""
    found: list[Unit] = []
    fields = message.fields
    for place, one in enumerate(fields):
        if one.buffer or one.bits or (found and one.stop <= found[-1].field.stop):
            continue
        below = _below(fields, place)
        inner = [other for other in below if other.buffer == 0 and other.bits is None]
        if inner and one.name not in WHOLE:
            continue
        bits = tuple(other for other in below if other.bits is not None)
        found.append(Unit(one, len(found), bits, tuple(other for other in below if other.buffer)))
    return tuple(found)


def _below(fields: Sequence[ByteField], place: int) -> list[ByteField]:
    found = []
    for other in fields[place + 1 :]:
        if other.level <= fields[place].level:
            break
        found.append(other)
    return found


def dump(message: Message, most: int) -> Iterator[Text]:
    """The bytes as sent, at most so many, and how many more there are."""
    buffer = message.buffers[0]
    shown = min(most, len(buffer.data))
    style = [""] * shown
    border: dict[int, str] = {}
    for unit in units(message):
        border[unit.field.stop] = "│"
        for at in range(unit.field.start, min(unit.field.stop, shown)):
            style[at] = palette.field(unit.place)
    border |= {chunk.stop: "┊" for chunk in message.chunks}
    blank = {at for start, stop in buffer.blank for at in range(start, stop)}
    for start in range(0, shown, LINE):
        stop = min(start + LINE, shown)
        yield _line(buffer.data, start, stop, style, border, blank)
    if buffer.size > shown:
        yield Text(f"     … {buffer.size - shown:,} more bytes", palette.QUIET)


def _line(
    data: bytes, start: int, stop: int, style: Sequence[str], border: dict[int, str], blank: set[int]
) -> Text:  # fmt: skip
    line = Text().append(f"{start:04x} ", palette.QUIET).append("│" if start == 0 else border.get(start, " "))
    for at in range(start, stop):
        line.append("··" if at in blank else f"{data[at]:02x}", style[at])
        if at + 1 < start + LINE:
            line.append(border.get(at + 1, " "))
    if start:  # below others
        line.append("   " * (start + LINE - stop))
    line.append("  " if stop == start + LINE else " ")
    for at in range(start, stop):
        line.append(chr(data[at]) if 32 <= data[at] < 127 and at not in blank else "·", style[at])
    return line


def names(message: Message) -> Text:
    """The fields' names in a row, in their colours: the legend where there is little room."""
    line = Text("      ")
    for name, alike in groupby(units(message), lambda unit: unit.field.name):
        first, *others = alike
        line.append(" │ " if first.place else "", palette.QUIET).append(plain(name, palette.field(first.place)))
        line.append(f" × {len(others) + 1}" if others else "", palette.QUIET)
    return line


def legend(message: Message, width: int | None) -> Iterator[Text]:
    """One line a field: where, its name, what it says, where that is written; below it what is made of its bytes, and
    the line of code that took them or made them."""
    found = units(message)
    if not found:
        return
    wide = min(max(len(unit.field.name) for unit in found), 16)
    last = message.buffers[0].size
    offset = max(5, len(_run(last, last + 1)) * 2 + 1)
    who = ""
    for unit in found:
        one = unit.field
        style = palette.field(unit.place)
        line = Text().append(_run(one.start, one.stop).rjust(offset), palette.QUIET).append("  ")
        line.append("■ ", style).append(plain(short(one.name, wide).ljust(wide), f"{style} bold")).append("  ")
        said = _bits(unit.bits) or one.value
        yield _told(line, said, one.section, width)
        for made in unit.derived:
            below = Text(" " * (offset + 2)).append("└ ", style).append(plain(made.name, style)).append("  ")
            yield _told(below, made.value, made.section, width)
        if one.who and one.who != who:
            by = "taken by" if message.direction == "in" else "made by"
            room = 400 if width is None else width - offset - 14
            yield Text(" " * (offset + 4)).append(f"{by} {short(one.who, room)}", palette.QUIET)
        who = one.who


def _told(line: Text, said: str, section: str, width: int | None) -> Text:
    """`line` with what is said, and the section at the end where there is room."""
    room = 400 if width is None else width - line.cell_len
    with_section = room - len(section) - 2
    fits = section and len(said) <= max(with_section, 24) and with_section > 8
    line.append(plain(short(said, with_section if fits else room)))
    if fits:
        line.append("  " + section, palette.QUIET)
    return line


def _bits(bits: Sequence[ByteField]) -> str:
    """``FIN 1, opcode 1: text, MASK 1``: reserved bits only where one is set."""
    told = [bit for bit in bits if not (bit.name.startswith("RSV") and bit.value == "0")]
    return ", ".join(f"{bit.name} {bit.value}" for bit in told)


def _run(start: int, stop: int) -> str:
    return f"{start}–{stop - 1}" if stop - start > 1 else str(start)
