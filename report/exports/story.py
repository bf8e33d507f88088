"""A journey or a chain as moments, one after the other: what sequence diagrams and tours are made of.

A moment is an arrow between two places (a library on a thread) and the lines of source where it happened, with our
sentence about it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from string import ascii_uppercase

from tracer.reading.chain import Chains
from tracer.reading.extent import last_line
from tracer.reading.journeys import Journey
from tracer.reading.legs import Leg, legs
from tracer.reading.steps import Step
from tracer.reading.trace import Code, Trace

from ..arrows import arrow
from ..model import Row
from ..notes import Notes
from ..text import Scrub
from .asked import Asked
from .text import function, plain, said

#: A library, and the thread's label; the socket is on none.
Place = tuple[str, str]
SOCKET: Place = ("socket", "")
#: How much of a value is told.
VALUE = 40


@dataclass(frozen=True)
class Moment:
    """`drawn`: it is an arrow of a diagram; a tour stops at every one that has source. `code` with `first` to `last` is
    what to look at; `site` the line that called it, where that is elsewhere; `call` the evidence in the trace."""

    source: Place
    target: Place
    text: str
    code: Code | None
    first: int = 0
    last: int = 0
    site: tuple[Code, int] | None = None
    note: str = ""
    call: int = 0
    dashed: bool = False
    drawn: bool = True


def title(asked: Asked) -> str:
    """What is told, in one line."""
    if asked.steps:
        return plain(asked.title)
    (journey,) = asked.journeys
    way = {"in": "to the program", "out": "from the program", "through": "through a library"}[journey.direction]
    return f"journey {journey.id}: {said(journey.node.value, Scrub(asked.trace), VALUE)} {way}"


def story(asked: Asked) -> tuple[Moment, ...]:
    """The moments of what was asked for, in order: the chain where there is one, else the only journey."""
    if asked.steps:
        return _chain(asked)
    (journey,) = asked.journeys
    return _Way(journey, asked).moments()


def labels(threads: Sequence[int], trace: Trace) -> dict[int, str]:
    """main, A, B, … in the order in which the threads are met; after Z their numbers."""
    found: dict[int, str] = {}
    letters = iter(ascii_uppercase)
    for thread in threads:
        if thread not in found:
            main = trace.threads.get(thread) == "MainThread"
            found[thread] = "main" if main else next(letters, str(thread))
    return found


# -- chains --------------------------------------------------------------------------------------------------------


def _chain(asked: Asked) -> tuple[Moment, ...]:
    steps = [step for top in asked.steps for step in top.walk()]
    threads, scrub = labels([step.thread for step in steps], asked.trace), Scrub(asked.trace)
    chains = Chains(asked.trace)
    return tuple(_moment(step, threads, scrub, chains, asked.notes) for step in steps)


def _moment(step: Step, threads: Mapping[int, str], scrub: Scrub, chains: Chains, notes: Notes) -> Moment:
    crossing = step.crosses or step.kind in ("handoff", "return")
    drawn = arrow(step, _row(step, crossing, threads, scrub), threads, chains)
    times = f" × {step.count}" if step.count > 1 else ""
    looked = step.code if step.code is not None and step.kind in ("call", "resume") else None
    site = (step.caller, step.line) if step.caller is not None and step.caller.lane else None
    note = _note(notes, looked.lane, looked.qualname) if looked else _note(notes, "step", _kind(step))
    shown = _definition(looked, site) if looked is not None else _line(step.caller if site else None, step.line)
    return replace(
        shown, source=drawn.source, target=drawn.target, text=plain(drawn.text) + times,
        note=note, call=step.call, dashed=drawn.dashed, drawn=crossing,
    )  # fmt: skip


def _definition(code: Code, site: tuple[Code, int] | None) -> Moment:
    """A moment that shows a function, whole; where and what it is, comes later."""
    return Moment(SOCKET, SOCKET, "", code, code.first, last_line(code), site)


def _line(code: Code | None, line: int) -> Moment:
    """A moment that shows one line of a function."""
    return Moment(SOCKET, SOCKET, "", code, line, line)


def _kind(step: Step) -> str:
    return step.wire.op if step.wire is not None else step.kind


def _note(notes: Notes, lane: str, name: str) -> str:
    return notes.get(lane, name, needed=False)


def _row(step: Step, crossing: bool, threads: Mapping[int, str], scrub: Scrub) -> Row:
    """The step with the words of an arrow: what the call is, or which bytes moved."""
    lane = {"wire": "socket", "thread": "threading"}.get(step.kind, step.code.lane if step.code else "")
    name = step.wire.op if step.wire else function(step.code) if step.code else "a thread starts"
    value = said(step.outcome, scrub, VALUE) if step.outcome is not None and step.outcome.type != "NoneType" else ""
    return Row(
        number="", kind=step.kind, crossing=crossing, depth=step.depth, thread=threads[step.thread], lane=lane,
        name=name, definition=None, site="", site_link=None, note="", value=value, count=step.count,
        hidden=step.hidden, evidence=step.call,
    )  # fmt: skip


# -- journeys ------------------------------------------------------------------------------------------------------


class _Way:
    """One journey, leg by leg; it remembers where each value was last."""

    def __init__(self, journey: Journey, asked: Asked) -> None:
        self._journey, self._asked = journey, asked
        self._scrub = Scrub(asked.trace)
        self._threads = labels(journey.threads, asked.trace)
        self._wires = {wire.ended: wire for wire in asked.trace.wires}
        self._at: dict[int, Place] = {}

    def moments(self) -> tuple[Moment, ...]:
        """The journey from its first leg, and where it ends or begins in the program."""
        found = [self._leg(leg) for leg in legs(self._journey, self._asked.trace)]
        program = self._program()
        if self._journey.direction == "in" and found and found[-1].target != program:
            call, source = self._journey.call, self._at[self._journey.node.id]
            back = replace(_definition(call.code, None), source=source, target=program, text=self._value())
            found.append(replace(back, call=call.id, note=self._step("return"), dashed=True))
        return tuple(found)

    def _leg(self, leg: Leg) -> Moment:
        call, role = leg.call, leg.sighting.role
        here: Place = (plain(call.code.lane) if call is not None else "?", self._threads[leg.sighting.thread])
        source, target = self._from(leg, here), here
        if role == "read":
            source, target = SOCKET, here
        elif role == "written":
            source, target = here, SOCKET
        self._at[leg.node.id] = here
        shown, text = self._shown(leg), self._text(leg)
        return replace(shown, source=source, target=target, text=text, note=self._note(leg), call=leg.sighting.call)

    def _from(self, leg: Leg, here: Place) -> Place:
        """Where the value came from: where it was, or where what it was made of was; a new one, from the program."""
        before = (leg.node.id, *(edge.source for edge in leg.edges))
        known = [self._at[number] for number in before if number in self._at]
        if known:
            return known[0]
        return here if self._journey.direction == "in" or self._at else self._program()

    def _program(self) -> Place:
        """The program's side of the call by which it had the value."""
        call, trace = self._journey.call, self._asked.trace
        caller = trace.codes.get(call.first.caller)
        ours = caller if caller is not None and caller.file.facts.kind == "program" else call.code
        return plain(ours.lane), self._threads.get(call.thread, "?")

    # -- words -----------------------------------------------------------------------------------------------------

    def _value(self) -> str:
        return said(self._journey.node.value, self._scrub, VALUE)

    def _text(self, leg: Leg) -> str:
        value = said(leg.node.value, self._scrub, VALUE)
        wire = self._wires.get(leg.sighting.order)
        if leg.sighting.role in ("read", "written"):
            return f"{plain(wire.op) if wire else leg.how}: {value}"
        name = function(leg.call.code).rpartition(".")[2] if leg.call is not None else ""
        if leg.kind in ("same", "held"):
            return f"{name}: {value}" if leg.how == "begins" else f"{name}: the same"
        return f"{_words(leg)}: {value}"

    def _note(self, leg: Leg) -> str:
        wire = self._wires.get(leg.sighting.order)
        if leg.sighting.role in ("read", "written"):
            return self._step(wire.op if wire else "")
        if leg.kind == "handoff":
            return self._step("handoff")
        return _note(self._asked.notes, leg.call.code.lane, leg.call.code.qualname) if leg.call is not None else ""

    def _step(self, name: str) -> str:
        return _note(self._asked.notes, "step", name)

    # -- source ----------------------------------------------------------------------------------------------------

    def _shown(self, leg: Leg) -> Moment:
        """The line that called the socket's method, or the function that had the value."""
        wire = self._wires.get(leg.sighting.order) if leg.sighting.role in ("read", "written") else None
        if wire is not None and wire.code in self._asked.trace.codes:
            return _line(self._asked.trace.codes[wire.code], wire.line)
        return _definition(leg.call.code, self._caller(leg)) if leg.call is not None else _line(None, 0)

    def _caller(self, leg: Leg) -> tuple[Code, int] | None:
        span = leg.call.first if leg.call is not None else None
        code = self._asked.trace.codes.get(span.caller) if span is not None else None
        return (code, span.line) if span is not None and code is not None and code.lane else None


def _words(leg: Leg) -> str:
    """What became of the source, as `unmagic show` says it."""
    found = leg.edges[0].relation if leg.edges else None
    if leg.kind == "slice" and found is not None:
        return f"bytes {found.start}–{found.stop - 1} cut"
    if found is not None and found.how == "joined":
        return "joined" if len(leg.edges) > 1 else f"put at byte {found.start}"
    return leg.how
