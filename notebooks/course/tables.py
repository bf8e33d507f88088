"""The tables of a run: contents, bytes, steps, the way of a value, socket calls. Pure functions of a view."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from report.explorer import arrow, byte_rows, called, outcome
from report.text import hexadecimal, printable
from report.view.functions import address
from report.view.model import Leg, Message, Recording, Step, View
from report.view.repeats import rows
from tracer.reading.trace import Trace, Wire

from .table import Cell, Table

#: The edge of a lane's cells, by its hue: the report's colours, on a light ground and on a dark one. The name stands
#: beside it.
EDGES = (
    "#a0a6ad", "#5a6b7d", "#a96f00", "#1f86c0", "#b0558a", "#c44f00", "#0072b2", "#008060", "#6b6f76",
)  # fmt: skip
#: Characters of a value in a table.
SHORT = 56
#: Where our own helpers are.
HERE = str(Path(__file__).parent)
#: How the outcome of a call that raised begins.
RAISED = "↯"
SECTIONS = "https://www.rfc-editor.org/rfc/rfc{number}#section-{section}"


def contents(recording: Recording, messages: Sequence[Message]) -> Table:
    """Each message: its number, which way it went, what it was, on which connection."""
    known = list(dict.fromkeys(one.connection for one in messages if one.connection))
    body = [
        (
            Cell(str(number)), Cell({"in": "→ in", "out": "← out"}.get(one.direction, "")), Cell(one.kind),
            Cell(_cut(one.title), code=True), Cell(f"{one.size:,}" if one.direction else ""),
            Cell(_threads(recording, one)), Cell(str(known.index(one.connection) + 1) if one.connection else ""),
        )
        for number, one in enumerate(messages, 1)
    ]  # fmt: skip
    return Table(("#", "way", "what", "which", "bytes", "thread", "connection"), body)


def _threads(recording: Recording, message: Message) -> str:
    numbers = dict.fromkeys(c.thread for c in message.chunks) or dict.fromkeys(s.thread for s in message.steps)
    return ", ".join(recording.threads[number][0] for number in numbers)


def octets(message: Message, bits: bool) -> Table:
    """Each field of the bytes: where, which bytes (or bits), what they are called, what they mean, and who says so."""
    body = []
    for row in byte_rows(message):
        field = row["field"]
        if field.bits is not None and not bits:
            continue
        body.append((
            Cell(row["offset"]), Cell(row["hex"], code=True), Cell("· " * field.level + field.name),
            Cell(_cut(field.value), code=True), Cell(field.section, _section(field.section)),
        ))  # fmt: skip
    return Table(("byte", "bytes", "field", "value", "RFC"), body, f"{arrow(message)} {message.kind} {message.title}")


def _section(said: str) -> str:
    """The address of a section such as ``RFC 6455, 5.2``; '' where it is none of an RFC's."""
    number, _, section = said.removeprefix("RFC ").partition(", ")
    if not said.startswith("RFC ") or not number.isdecimal():
        return ""
    return SECTIONS.format(number=number, section=section) if section else f"https://www.rfc-editor.org/rfc/rfc{number}"


def steps(view: View, recording: Recording, message: Message, lanes: Sequence[str], every: bool, raised: bool) -> Table:
    """The calls of a message, in order, each with the thread that it ran on; one row for calls in a row that read the
    same."""
    found: list[tuple[str, int, tuple[Cell, ...]]] = []
    for row in rows(message.steps, crossings=not (every or raised)):
        step = row.step
        if (lanes and view.lanes[step.lane].name not in lanes) or (raised and not outcome(step).startswith(RAISED)):
            continue
        name, times = called(step), row.times
        cells = (
            Cell(recording.threads[step.thread][0]), _lane(view, step.lane), Cell(name, _link(view, step), code=True),
            Cell(step.note.replace("`", "").replace("**", "")), Cell(_cut(outcome(step)), code=True),
        )  # fmt: skip
        if found and found[-1][2] == cells:
            times += found.pop()[1]
        found.append((name, times, cells))
    body = [
        (Cell(str(number)), *cells[:2], replace(cells[2], text=f"{name} × {times}" if times > 1 else name), *cells[3:])
        for number, (name, times, cells) in enumerate(found, 1)
    ]
    heads = ("#", "thread", "library", "what ran", "what it did", "what came of it")
    return Table(heads, body, f"{arrow(message)} {message.kind} {message.title}")


def _lane(view: View, place: int) -> Cell:
    lane = view.lanes[place]
    return Cell(lane.name, edge=EDGES[lane.hue % len(EDGES)])


def _link(view: View, step: Step) -> str:
    if step.function < 0:
        return ""
    function = view.functions[step.function]
    return address(view.files[function.file], function.first, function.last)


def way(view: View, recording: Recording, messages: Sequence[Message], value: str, direction: str) -> Table:
    """The legs of the first journey whose value reads like `value`. Raises LookupError where there is none."""
    found = [one for message in messages for one in message.ways if one.direction == direction]
    chosen = next((one for one in found if value in one.value), None)
    if chosen is None:
        known = ", ".join(dict.fromkeys(one.value for one in found)) or "none"
        raise LookupError(f"no value like {value!r} went between a socket and the program here; these did: {known}")
    body = [tuple(_leg(view, recording, leg)) for leg in chosen.legs]
    title = {"in": "from the socket to the program", "out": "from the program to the socket"}
    caption = f"the way of {chosen.value}, {title.get(chosen.direction, 'which a library answered by itself')}"
    return Table(("thread", "library", "what happened", "the value", "in the hands of"), body, caption)


def _leg(view: View, recording: Recording, leg: Leg) -> Iterator[Cell]:
    yield Cell(recording.threads[leg.thread][0])
    yield _lane(view, leg.lane)
    yield Cell({"same": "passed on", "held": "passed on"}.get(leg.kind, leg.how))
    yield Cell(_cut(leg.value), code=True)
    yield Cell(_cut(leg.where, 80), code=True)


def socket_calls(trace: Trace) -> Table:
    """Each call on a socket: by whose end (where that was seen to begin), what it moved, and from which line. Those of
    the course's own helpers are left out."""
    seen = [w for w in sorted(trace.wires, key=lambda w: w.ended) if not _file(trace, w).startswith(HERE)]
    ends = {number: one.role for number, one in trace.connections.items()}
    body = [
        [
            Cell(str(number)), Cell(ends.get(wire.connection, "")), Cell(wire.op, code=True),
            Cell(_moved(trace, wire), code=True), Cell(f"{wire.size}" if wire.direction else ""),
            Cell(f"{_file(trace, wire).rpartition('/')[2]}, line {wire.line}"),
        ]
        for number, wire in enumerate(seen, 1)
    ]  # fmt: skip
    heads = ["#", "end", "call", "what it moved", "bytes", "called from"]
    if not any(row[1].text for row in body):
        heads, body = heads[:1] + heads[2:], [row[:1] + row[2:] for row in body]
    return Table(heads, body)


def _file(trace: Trace, wire: Wire) -> str:
    return trace.codes[wire.code].file.facts.path if wire.code in trace.codes else ""


def _moved(trace: Trace, wire: Wire) -> str:
    value = trace.value(wire.value)
    data = value.data if value is not None and isinstance(value.data, bytes) else b""
    if not wire.direction or not data:
        return "b'' (the end)" if wire.op.startswith("recv") and not wire.error else ""
    return repr(data) if printable(data) and len(data) <= SHORT else hexadecimal(data)


def _cut(text: str, limit: int = SHORT) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
