"""The steps of a message, as an indented tree beside the lanes: one column a library, in the order of the onion.

    │ │ ●   wsproto  FrameDecoder.parse_header                          wsproto/frame_protocol.py:385

A line for each crossing, or for each call; what went in and what came out below it, and our sentence about it. A line
of its own says where the thread changes.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

from ..explorer import called, outcome
from ..view.model import Message, Recording, Step, View
from ..view.repeats import Row, rows
from . import palette
from .place import defined, fitted, linked
from .safe import plain, printable, short

#: Columns of a tree's level, and levels that are indented: deeper ones stand below each other.
INDENT, DEEPEST = 2, 10
#: Columns that a value gets where the line would be too long, and the least that anything gets.
VALUE, LEAST = 28, 16


@dataclass(frozen=True)
class Drawn:
    """What a line needs: the view, the lanes that the message uses, and how much room there is."""

    view: View
    recording: Recording
    lanes: tuple[int, ...]
    width: int | None

    def gutter(self, lane: int, mark: str = "●") -> Text:
        """The lanes' columns; the one that a step is in has the mark."""
        line = Text()
        for one in self.lanes:
            here = one == lane
            style = palette.lane(self.view.lanes[one])
            line.append(mark if here else "│", style if here else palette.QUIET).append(" ")
        return line


def tree(view: View, recording: Recording, message: Message, *, every: bool, width: int | None) -> Iterator[Text]:
    """The lines. `every`: every call, else the crossings, repetitions once."""
    shown = rows(message.steps, crossings=not every)
    lanes = tuple(sorted({row.step.lane for row in shown}))
    drawn = Drawn(view, recording, lanes, width)
    yield _names(drawn)
    thread = -1
    said: set[str] = set()
    for row, depth in _nested(shown):
        if row.step.thread != thread:
            yield _thread(drawn, row.step, first=thread < 0)
            thread = row.step.thread
        yield from _row(drawn, row, depth, row.step.note not in said)
        said.add(row.step.note)
    left = sum(not step.crosses for step in message.steps)
    if not every and left > 0:
        calls = "1 call" if left == 1 else f"{left:,} calls"
        yield Text(f"… and {calls} inside the libraries: -a draws every call", palette.QUIET)


def _nested(shown: Sequence[Row]) -> Iterator[tuple[Row, int]]:
    """Each row with its depth among those that are shown."""
    above: list[int] = []
    for row in shown:
        while above and above[-1] >= row.step.depth:
            above.pop()
        yield row, len(above)
        above.append(row.step.depth)


def _names(drawn: Drawn) -> Text:
    """The legend of the columns."""
    line = Text().append("lanes  ", palette.QUIET)
    for number, one in enumerate(drawn.lanes):
        lane = drawn.view.lanes[one]
        line.append(" → " if number else "", palette.QUIET).append(plain(lane.name, palette.lane(lane)))
    return line


def _thread(drawn: Drawn, step: Step, *, first: bool) -> Text:
    label, name = drawn.recording.threads[step.thread]
    line = drawn.gutter(-1)
    word = "on" if first else "now on"
    line.append(f"── {word} thread {label}", "bold")
    said = printable(name)
    return line.append(f" · {said} " if said and label != "main" else " ", palette.QUIET).append("──", "bold")


def _row(drawn: Drawn, row: Row, depth: int, noted: bool) -> Iterator[Text]:
    """The lines of one step; with its note where that was not told yet."""
    step = row.step
    lane = drawn.view.lanes[step.lane]
    style = palette.lane(lane)
    indent = " " * (INDENT * min(depth, DEEPEST) + 1)
    line = drawn.gutter(step.lane, {"handoff": "◆", "return": "◀", "wire": "■"}.get(step.kind, "●")).append(indent)
    line.append(plain(lane.name, style)).append(" ")
    line.append(plain(called(step), "bold"))
    if row.times > 1:
        line.append(f" × {row.times}" + (f", with the {row.length - 1} below" if row.length > 1 else ""), "bold yellow")
    yield _placed(drawn, step, line)
    margin = drawn.gutter(-1).append(indent + "  ")
    site = f"  at {step.site}" if step.site and step.caller >= 0 else ""
    went = _values(drawn, step, None if drawn.width is None else drawn.width - margin.cell_len - len(site))
    if site:
        went.append("  at " if went else "at ", palette.QUIET)
        went.append(step.site, linked(drawn.view, drawn.view.functions[step.caller], step.line, step.line))
    if went:
        yield margin.copy().append(went)
    if step.note and noted:
        room = 400 if drawn.width is None else max(drawn.width - margin.cell_len, LEAST)
        for part in textwrap.wrap(step.note, room):
            yield margin.copy().append(part, "italic " + palette.QUIET)


def _placed(drawn: Drawn, step: Step, line: Text) -> Text:
    """The line with the place of the definition, a link to its proven lines; at the right where there is room."""
    if step.function < 0:
        return line
    function = drawn.view.functions[step.function]
    where = defined(drawn.view, function)
    space = 2
    if drawn.width is not None:
        room = drawn.width - line.cell_len - space
        where = fitted(where, room if room > LEAST else LEAST)
        space = max(drawn.width - line.cell_len - len(where), 2)
    return line.append(" " * space).append(where, linked(drawn.view, function, function.first, function.last))


def _values(drawn: Drawn, step: Step, room: int | None) -> Text:
    """``(data = 81 85 …) → a TextMessage``: what went in, but for the object itself, and what came out."""
    given = [(name, value) for name, value in step.arguments if name not in ("self", "cls")]
    came = outcome(step)
    if step.kind in ("handoff", "return", "wire"):
        given = []
    arguments = ", ".join(f"{name} = {value}" for name, value in given)
    if room is not None and len(arguments) + len(came) + 3 > room:
        came = short(came, max(VALUE, room - min(len(arguments), room // 2) - 3))
        left = room - len(came) - 3
        each = max((left - sum(len(name) + 5 for name, _ in given)) // max(len(given), 1), LEAST)
        arguments = short(", ".join(f"{name} = {short(value, each)}" for name, value in given), max(left, LEAST))
    line = Text()
    if arguments:
        line.append("(", palette.QUIET).append(printable(arguments)).append(")", palette.QUIET)
    if came:
        sign, _, rest = came.partition(" ")
        raised = step.ended == "raised"
        line.append(" " if arguments else "").append(f"{sign} ", "bold red" if raised else palette.QUIET)
        line.append(printable(rest), "red" if raised else "")
    return line
