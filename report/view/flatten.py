"""A chain's trees as one flat list of steps with depths.

In: steps of `tracer.reading` and where each belongs. Out: the page's own steps; values as short text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tracer.reading.steps import Step as Told
from tracer.reading.trace import Code, Trace, Value

from ..text import Scrub, told
from . import lanes
from .functions import Functions
from .model import Step

#: Executed lines that are kept of one step, and characters of one value.
LINES, WIDTH = 400, 120
#: What is said of a step of compiled code.
COMPILED = "compiled: Python's tracing cannot look into it; what it calls back is below"


@dataclass
class Telling:
    """What is needed to tell a step: shared lists, the trace, labels of threads in the order in which they are met."""

    trace: Trace
    functions: Functions
    scrub: Scrub
    steady: bool
    threads: dict[int, int] = field(default_factory=dict)

    def thread(self, number: int) -> int:
        """The place of a thread among those of the recording."""
        return self.threads.setdefault(number, len(self.threads))

    def value(self, value: Value | None) -> str:
        """A value in a few words; of numbers only what two runs have in common, where that is asked for."""
        if value is None:
            return ""
        if self.steady and value.kind == "atom" and isinstance(value.data, str) and _differs(value):
            return f"a {value.type}" if value.type != "int" else "an int"
        return told(value, self.scrub, WIDTH)


def _differs(value: Value) -> bool:
    """Whether another run would have another number: a time, an address, an identity."""
    return value.type == "float" or (value.type == "int" and len(str(value.data)) > 6)


def flat(steps: Sequence[Told], depth: int = 0) -> Iterator[tuple[Told, int]]:
    """Every step with its depth, parents first."""
    for step in steps:
        yield step, depth
        yield from flat(step.children, depth + 1)


def tell(step: Told, depth: int, telling: Telling, chunks: dict[int, int], until: int) -> Step:
    """One step as the page has it. `chunks` gives the places of the message's wire events by their number; `until` is
    where in the order the message ends: lines that ran later are another message's."""
    functions, code = telling.functions, step.code
    lane = lanes.SOCKET if step.wire is not None else lanes.lane_of(code) if code else lanes.PYTHON
    lane = step.compiled.lane if step.compiled is not None else lane
    caller = step.caller if step.caller is not None and step.caller.lane else None
    return Step(
        kind="call" if step.kind == "compiled" else step.kind,
        name=_name(step),
        lane=functions.lane(lane),
        thread=telling.thread(step.thread),
        depth=depth,
        crosses=_crosses(step, telling),
        function=functions.place(code) if code is not None else -1,
        caller=functions.place(caller) if caller is not None and caller.file.source else -1,
        site=f"{caller.file.facts.relative.rpartition('/')[2]}:{step.line}" if caller is not None else "",
        line=step.line,
        arguments=tuple((name, telling.value(value)) for name, value in step.arguments),
        ended=step.ended,
        value=_outcome(step, telling),
        lines=_lines(step, telling, until),
        chunk=chunks.get(step.wire.id, -1) if step.wire is not None else -1,
        note=_note(step, code, telling),
        evidence=0 if telling.steady else step.call,
    )


def _name(step: Told) -> str:
    if step.wire is not None:
        return step.wire.op
    if step.compiled is not None:
        return step.compiled.name
    if step.code is None:
        return "a thread starts"
    return step.code.qualname.replace(".<locals>", "")


def _note(step: Told, code: Code | None, telling: Telling) -> str:
    functions = telling.functions
    if step.compiled is not None:
        return COMPILED
    if step.kind in ("thread", "handoff", "return") or step.wire is not None:
        return functions.said(step.wire.op if step.wire is not None else step.kind)
    return functions.note(code, crosses=_crosses(step, telling)) if code is not None else ""


def _crosses(step: Told, telling: Telling) -> bool:
    """Whether a step leaves a column: the trace's own lanes may be several of one column."""
    if step.kind != "call" and step.kind != "resume":
        return True
    if not step.crosses or step.code is None:
        return step.crosses or _between_modules(step, telling)
    return True


def _between_modules(step: Told, telling: Telling) -> bool:
    """A package that is a whole stack crosses between its modules."""
    if step.code is None:
        return False
    caller = step.caller
    if caller is None or not caller.recorded:
        parent = telling.trace.calls.get(telling.trace.calls[step.call].first.parent)
        caller = parent.code if parent is not None else None
    return caller is not None and lanes.lane_of(caller) != lanes.lane_of(step.code)


def _outcome(step: Told, telling: Telling) -> str:
    if step.wire is not None:
        if step.wire.direction:
            return f"{step.wire.size:,} byte{'' if step.wire.size == 1 else 's'}"
        return "a new connection" if step.wire.op == "accept" else telling.scrub(step.wire.detail)
    if step.outcome is None or (step.ended == "returned" and step.outcome.type == "NoneType"):
        return "None" if step.ended == "returned" else ""
    return telling.value(step.outcome)


def _lines(step: Told, telling: Telling, until: int) -> tuple[int, ...]:
    """The executed lines. On a steady page without what differs from run to run: the rounds that a call made while it
    waited for another thread, and how far a loop came on its own thread until another one was done."""
    lines = executed(step, telling.trace, until)
    if not telling.steady or step.kind not in ("call", "return"):
        return lines
    again = [place for place, line in enumerate(lines) if line in lines[:place]]
    if step.kind == "return":
        return lines[again[-1] :] if again else lines
    stop = telling.trace.calls[step.call].first.stop
    return lines[: again[0]] if again and not 0 < stop <= until else lines


def executed(step: Told, trace: Trace, until: int) -> tuple[int, ...]:
    """The lines that the function ran in this step: of a generator those of one resume, of a call that goes on those
    until the message ends."""
    if step.kind not in ("call", "resume", "return"):
        return ()
    call = trace.calls[step.call]
    spans = [span for span in call.spans if step.kind == "return" or span.start in step.keys]
    if not spans:
        return ()
    stop = min(spans[-1].stop or until, until)
    pairs = trace.executed.get(call.id, ())
    return tuple(line for order, line in pairs if spans[0].start <= order <= stop)[:LINES]
