"""One message: its heading, its bytes, its steps."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from ..explorer import arrow, word
from ..view.model import Message, Recording, View
from . import octets, palette
from .safe import plain, printable, short
from .tree import tree


def message(
    view: View, recording: Recording, one: Message, *, full: bool, every: bool, width: int | None
) -> Iterator[Text]:
    """The lines of one message. `full`: the bytes with every field; `every`: every call, not the crossings alone."""
    yield _heading(one, width)
    yield _facts(recording, one)
    if one.buffers and one.size:
        yield from octets.dump(one, octets.FULL if full else octets.BRIEF)
        if full:
            yield from octets.legend(one, width)
        else:
            yield octets.names(one)
        yield Text()
    if one.steps:
        yield from tree(view, recording, one, every=every, width=width)
    else:
        yield Text("no recorded call moved these bytes", palette.QUIET)


def handle(one: Message) -> str:
    """What `unmagic show` takes for a message: the number of the read or write that completed it; '' without one."""
    return f"w{one.chunks[-1].wire}" if one.chunks and one.chunks[-1].wire else ""


def _heading(one: Message, width: int | None) -> Text:
    style = palette.direction(one)
    line = Text().append(f"{arrow(one)} {one.kind} ", f"bold {style}")
    room = 400 if width is None else width - line.cell_len
    return line.append(plain(short(one.title, room), "bold"))


def _facts(recording: Recording, one: Message) -> Text:
    """``received, 11 bytes in 1 read, on connection 2; journey 1; w12``."""
    facts = []
    if one.direction:
        count = len(one.chunks)
        move = {"in": "read", "out": "write"}[one.direction] + ("" if count == 1 else "s")
        facts.append(f"{word(one)} on connection {one.connection}")
        facts.append(f"{one.size:,} byte{'' if one.size == 1 else 's'} in {count} {move}")
    elif one.connection:
        facts.append(f"connection {one.connection}")
    if one.ways:
        facts.append(f"journey {', '.join(str(way.number) for way in one.ways)}")
    if handle(one):
        facts.append(handle(one))
    return Text("  " + printable(" · ".join(facts)), palette.QUIET)
