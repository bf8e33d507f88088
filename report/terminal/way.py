"""The way of one value between the socket and the program: a line for each place that it had, lane by lane."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from ..view.model import Leg, Recording, Step, View
from . import palette
from .place import defined, fitted, linked
from .safe import plain, short

#: What the pages say, too.
DOUBT = "? something else was as close"
CUT = "A part of the way may be missing: the recorder's bound let go of an identity."
#: Columns that a value needs beside its thread, its lane and what happened to it; and where it begins below them.
LEAST, NARROW = 24, 6
#: How a leg came to be, in a colour.
KINDS = {"made": "cyan", "slice": "cyan", "handoff": "bold yellow", "read": "bold", "written": "bold"}
DIRECTIONS = {"in": "how the program got", "out": "where the program's value went,"}


def way(view: View, recording: Recording, number: int, *, width: int | None) -> Iterator[Text]:
    """The lines of a journey. Each message that carried it tells the same way, and shows some places of it by steps."""
    tellings = [(message, one) for message in recording.messages for one in message.ways if one.number == number]
    one = tellings[0][1]
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
    for place, leg in enumerate(one.legs):
        label = recording.threads[leg.thread][0]
        told = f"thread {label}" if leg.thread != thread else ""
        line = Text("  ").append(told.ljust(threads), "bold yellow" if thread >= 0 else "bold").append("  ")
        here = view.lanes[leg.lane]
        name = here.name if leg.lane != lane else ""
        line.append(plain(name.ljust(names), palette.lane(here))).append("  ")
        line.append(plain(leg.how.ljust(words), KINDS.get(leg.kind, ""))).append("  ")
        margin = line.cell_len
        if width is not None and width - margin < LEAST:  # what is told of it stands below, not beside
            heads = [(told, "bold yellow" if thread >= 0 else "bold"), (name, palette.lane(here))]
            head = Text("  ").join(plain(*one) for one in [*heads, (leg.how, KINDS.get(leg.kind, ""))] if one[0])
            yield Text("  ").append(head)
            line, margin = Text(" " * NARROW), NARROW
        yield _said(line, leg, leg.value == value and leg.kind in ("same", "held"), width)
        if leg.where:
            steps = [message.steps[told.legs[place].step] for message, told in tellings if told.legs[place].step >= 0]
            yield _held(view, steps, leg, margin, width)
        if leg.doubtful:
            yield Text(" " * margin).append(DOUBT, "yellow")
        lane, thread, value = leg.lane, leg.thread, leg.value


def _said(line: Text, leg: Leg, same: bool, width: int | None) -> Text:
    """With the value."""
    room = 400 if width is None else max(width - line.cell_len, 8)
    return line.append(plain("the same", palette.QUIET) if same else plain(short(leg.value, room)))


def _held(view: View, steps: Sequence[Step], leg: Leg, margin: int, width: int | None) -> Text:
    """Who had it, and where the first of them is defined."""
    function = next((view.functions[step.function] for step in steps if step.function >= 0), None)
    line = Text(" " * margin)
    room = 400 if width is None else max(width - margin, 8)
    if function is None:
        return line.append(plain(short(leg.where, room), palette.QUIET))
    where = fitted(defined(view, function), room // 2)
    names = short(leg.where, room - len(where) - 2)
    space = 2 if width is None else max(room - len(names) - len(where), 2)
    line.append(plain(names, palette.QUIET)).append(" " * space)
    return line.append(where, linked(view, function, function.first, function.last))
