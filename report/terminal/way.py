"""The way of one value between the socket and the program: a line for each place that it had, lane by lane."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from ..view.model import Leg, Recording, View, Way
from . import palette
from .safe import plain, short

#: What the pages say, too.
DOUBT = "? something else was as close"
CUT = "A part of the way may be missing: the recorder's bound let go of an identity."
#: How a leg came to be, in a colour.
KINDS = {"made": "cyan", "slice": "cyan", "handoff": "bold yellow", "read": "bold", "written": "bold"}
DIRECTIONS = {"in": "how the program got", "out": "where the program's value went,"}


def way(view: View, recording: Recording, one: Way, *, width: int | None) -> Iterator[Text]:
    """The lines of a way."""
    title = DIRECTIONS.get(one.direction, "what a library answered by itself,")
    room = 400 if width is None else width - len(title) - 14
    yield Text().append(f"journey {one.number}: {title} ", "bold").append(plain(short(one.value, room), "bold"))
    if not one.complete:
        yield Text(CUT, "yellow")
    lane = thread = -1
    threads = len("thread ") + max(len(recording.threads[leg.thread][0]) for leg in one.legs)
    words = max(len(leg.how) for leg in one.legs)
    names = max(len(view.lanes[leg.lane].name) for leg in one.legs)
    value = ""
    for leg in one.legs:
        label = recording.threads[leg.thread][0]
        told = f"thread {label}" if leg.thread != thread else ""
        line = Text("  ").append(told.ljust(threads), "bold yellow" if thread >= 0 else "bold").append("  ")
        here = view.lanes[leg.lane]
        name = here.name if leg.lane != lane else ""
        line.append(plain(name.ljust(names), palette.lane(here))).append("  ")
        line.append(plain(leg.how.ljust(words), KINDS.get(leg.kind, ""))).append("  ")
        yield from _line(line, leg, leg.value == value and leg.kind in ("same", "held"), width)
        lane, thread, value = leg.lane, leg.thread, leg.value


def _line(line: Text, leg: Leg, same: bool, width: int | None) -> Iterator[Text]:
    """With the value, and below it who had it."""
    margin = line.cell_len
    room = 400 if width is None else max(width - margin, 8)
    line.append(plain("the same", palette.QUIET) if same else plain(short(leg.value, room)))
    yield line
    if leg.where:
        yield Text(" " * margin).append(plain(short(leg.where, room), palette.QUIET))
    if leg.doubtful:
        yield Text(" " * margin).append(DOUBT, "yellow")
