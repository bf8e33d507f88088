"""The way of one value, leg by leg, and what of it each step of a chain saw.

In: a journey that the engine found (`tracer.reading.journeys`) and the steps of a chain. Out: `Leg`s for the table that
tells the way, and a `Change` for each step that the value passed, so that the two can be read side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from tracer.reading.flow import Flow
from tracer.reading.journeys import Journey, journeys
from tracer.reading.legs import Leg as Found
from tracer.reading.legs import legs
from tracer.reading.links import Link
from tracer.reading.nodes import Node, Sighting
from tracer.reading.steps import Step, fold
from tracer.reading.trace import Code, Span, Trace

from .linking import Linker, plain, site
from .model import Change, Leg, Row
from .pages import WaySpec
from .text import Scrub, told

#: Of what happened to a value in one step, the first of these is told; of two of a kind the later one.
TELLING = ("read", "written", "made", "slice", "handoff", "begins", "held", "same")
#: The value is where it was, and the same object.
RESTING = ("same", "held")
#: So many groups of steps are told one by one.
GROUPS = 3


@dataclass(frozen=True)
class Moment:
    """The value was seen once more on its way: what happened, in which span of a call; `leg` counts the engine's."""

    leg: int
    node: Node
    sighting: Sighting
    span: Span | None
    change: Change


@dataclass(frozen=True)
class Way:
    """One journey, told."""

    moments: tuple[Moment, ...]

    @property
    def keys(self) -> frozenset[int]:
        """The places in the order, of spans and wire events, that are on it."""
        moments = ((m.span, m.sighting.order) for m in self.moments)
        return frozenset(span.start if span is not None else order for span, order in moments)

    @property
    def threads(self) -> tuple[int, ...]:
        """The threads that it is on, in order."""
        return tuple(dict.fromkeys(moment.sighting.thread for moment in self.moments))


class Ways:
    """The ways in one trace."""

    def __init__(self, flow: Flow, linker: Linker, scrub: Scrub) -> None:
        self._flow = flow
        self._trace: Trace = flow.trace
        self._linker = linker
        self._scrub = scrub

    def find(self, spec: WaySpec) -> Way:
        """The way that a page asks for. Raises `LookupError` with a sentence where the trace has none."""
        found = [j for j in self._journeys if j.direction == spec.direction and j.node.value.data == spec.data]
        if spec.nth >= len(found):
            to = {"in": "from a socket to the program", "out": "from the program to a socket"}[spec.direction]
            raise LookupError(
                f"the trace has {len(found)} journeys of {spec.data!r} {to}, there is no number {spec.nth}"
            )
        return self.way(found[spec.nth])

    def way(self, journey: Journey) -> Way:
        """The way of one journey."""
        return Way(tuple(self._moments(journey)))

    @cached_property
    def _journeys(self) -> tuple[Journey, ...]:
        return journeys(self._flow)

    # -- moments -----------------------------------------------------------------------------------------------------

    def _moments(self, journey: Journey) -> Iterator[Moment]:
        found = legs(journey, self._trace)
        for node, sighting in journey.sightings:
            number = self._leg_of(found, node, sighting)
            leg = found[number]
            span = self._spans.get(sighting.order)
            holder = self._holder(sighting, span)
            change = self._change(leg, holder) if leg.sighting is sighting else Change("held" if holder else "same")
            arrives = journey.direction == "in" and node is journey.node and sighting.order == journey.order
            change = replace(change, holder=holder, value=told(node.value, self._scrub), arrives=arrives)
            yield Moment(number, node, sighting, span, change)

    def _leg_of(self, found: Sequence[Found], node: Node, sighting: Sighting) -> int:
        """The engine's leg of a sighting: the latest of this value, in the same library and thread if one is."""
        begun = [i for i, leg in enumerate(found) if leg.node is node and leg.sighting.order <= sighting.order]
        lane = self._lane(sighting)
        here = [
            i for i in begun if found[i].sighting.thread == sighting.thread and self._lane(found[i].sighting) == lane
        ]
        return (here or begun)[-1]

    def _lane(self, sighting: Sighting) -> str:
        if sighting.role in ("read", "written"):
            return "socket"
        call = self._trace.calls.get(sighting.call)
        return call.code.lane if call is not None else ""

    def _change(self, leg: Found, holder: str) -> Change:
        """What the first moment of a leg is."""
        edges = leg.edges
        doubtful = any(edge.ambiguous for edge in edges)
        if leg.kind == "slice":
            found = edges[0].relation
            return Change("slice", "", _range(found.start, found.stop), doubtful=doubtful)
        if leg.kind == "made":
            how = edges[0].relation.how
            parts = " and ".join(_range(edge.relation.start, edge.relation.stop) for edge in edges)
            return Change("made", how, parts if how == "joined" else "", doubtful=doubtful)
        if leg.kind in RESTING:
            return Change("begins" if leg.how == "begins" else "held" if holder else "same")
        return Change(leg.kind)

    def _holder(self, sighting: Sighting, span: Span | None) -> str:
        """In what the value is held, as a reader of the source would say it; '' where it is there itself."""
        name, _, rest = sighting.name.partition("[" if "[" in sighting.name else ".")
        if not rest or span is None:
            return ""
        if sighting.role == "argument":
            call = self._trace.calls[span.call]
            number = dict(zip(call.code.arguments, call.arguments, strict=False)).get(name, 0)
        else:
            number = span.value
        value = self._trace.value(number)
        kind = value.type.rpartition(".")[2] if value is not None else name
        if "[" in sighting.name:
            return f"{name or kind}[{rest}"
        return f"{kind}.{rest}"

    @cached_property
    def _spans(self) -> dict[int, Span]:
        """The span that begins or ends at a place in the order."""
        spans = self._trace.spans
        return {**{span.stop: span for span in spans if span.stop}, **{span.start: span for span in spans}}

    # -- beside a chain ----------------------------------------------------------------------------------------------

    def tell(
        self, way: Way, steps: Sequence[Step], rows: Sequence[Row], threads: Mapping[int, str]
    ) -> tuple[tuple[Leg, ...], list[Row]]:
        """The legs of a way, and the rows of the chain with what happened to the value in each of them."""
        places = _Places(steps)
        found = [(moment, places.of(moment)) for moment in way.moments]
        marked = list(rows)
        for moment, at in found:
            for place in at:
                marked[place] = _mark(marked[place], moment)
        groups: list[list[tuple[Moment, list[int]]]] = []
        for one in found:
            if groups and _goes_on(groups[-1][-1][0], one[0]):
                groups[-1].append(one)
            elif not _only_passed_to_a_maker(one[0], way):
                groups.append([one])
        calls_at = {step.call: place for place, step in enumerate(steps) if step.kind in ("call", "resume")}
        return tuple(self._leg(group, marked, calls_at, threads) for group in groups), marked

    def _leg(
        self,
        group: Sequence[tuple[Moment, list[int]]],
        rows: Sequence[Row],
        calls_at: Mapping[int, int],
        threads: Mapping[int, str],
    ) -> Leg:
        first = group[0][0]
        places = sorted({place for _, at in group for place in at})
        calls = {name: link for moment, _ in group for name, link in self._calls(moment)}
        caller, line = self._site(first)
        around = self._around(first, calls_at) if not places else None
        return Leg(
            _steps(places, rows) if around is None else f"in {rows[around].number}",
            threads.get(first.sighting.thread, "?"),
            self._lane(first.sighting),
            tuple(calls.items()),
            site(caller, line),
            self._linker.line(caller, line) if caller else None,
            first.change,
        )

    def _calls(self, moment: Moment) -> Iterator[tuple[str, Link | None]]:
        if moment.sighting.role in ("read", "written"):
            wire = self._flow.wires[moment.sighting.order]
            yield wire.op, None
        elif (call := self._trace.calls.get(moment.sighting.call)) is not None:
            yield plain(call.code.qualname), self._linker.definition(call.code)

    def _around(self, moment: Moment, calls_at: Mapping[int, int]) -> int | None:
        """The step inside which a moment was that the chain does not show; None where it was in none."""
        call = self._trace.calls.get(moment.span.parent) if moment.span is not None else None
        while call is not None and call.id not in calls_at:
            call = self._trace.calls.get(call.first.parent)
        return calls_at[call.id] if call is not None else None

    def _site(self, moment: Moment) -> tuple[Code | None, int]:
        """Where a moment's call was called from; nothing where that is no code of the program's or a library's."""
        if moment.sighting.role in ("read", "written"):
            wire = self._flow.wires[moment.sighting.order]
            caller, line = self._trace.codes.get(wire.code), wire.line
        elif moment.span is not None:
            caller, line = self._trace.codes.get(moment.span.caller), moment.span.line
        else:
            return None, 0
        return (caller, line) if caller is not None and caller.lane else (None, 0)


def fold_beside(steps: Sequence[Step], keys: frozenset[int]) -> list[Step]:
    """As `fold`, but a step that is on a way, or leads to one that is, stays by itself."""
    out: list[Step] = []
    rest: list[Step] = []
    for step in steps:
        if any(key in keys for inner in step.walk() for key in inner.keys):
            out += [*fold(rest), replace(step, children=tuple(fold_beside(step.children, keys)))]
            rest = []
        else:
            rest.append(step)
    return out + fold(rest)


class _Places:
    """Where in a chain's table a moment is told."""

    def __init__(self, steps: Sequence[Step]) -> None:
        def by_key(*kinds: str) -> dict[int, int]:
            return {key: place for place, step in enumerate(steps) if step.kind in kinds for key in step.keys}

        self._calls, self._wires, self._returns = by_key("call", "resume"), by_key("wire"), by_key("return")
        self._handoffs = by_key("handoff")

    def of(self, moment: Moment) -> list[int]:
        """The places of the steps, first to last; none where the chain does not show it."""
        order, span = moment.sighting.order, moment.span
        if moment.sighting.role in ("read", "written"):
            return [self._wires[order]] if order in self._wires else []
        handed = list(self._handoffs.values()) if moment.change.kind == "handoff" else []
        if moment.sighting.role == "result" and order in self._returns:
            return [*handed, self._returns[order]]
        return [*handed, self._calls[span.start]] if span is not None and span.start in self._calls else handed


def _mark(row: Row, moment: Moment) -> Row:
    """A row with what is most telling of what happened there; what else the step gave back stays beside it."""
    change = moment.change
    if row.change is not None and TELLING.index(row.change.kind) < TELLING.index(change.kind):
        return replace(row, change=replace(row.change, beside=row.change.beside and moment.sighting.role == "argument"))
    return replace(row, change=replace(change, beside=moment.sighting.role == "argument" and bool(row.value)))


def _goes_on(before: Moment, moment: Moment) -> bool:
    """Whether a moment only says once more, of the next call, what the one before it said."""
    one, other = before.change, moment.change
    if before.leg != moment.leg or other.kind not in RESTING or other.arrives:
        return False
    return one.kind in RESTING and _place_in(one.holder) == _place_in(other.holder)


def _place_in(holder: str) -> str:
    """Where in its holder a value is, whatever each function calls that."""
    return holder[holder.find("[") :] if "[" in holder else holder


def _only_passed_to_a_maker(moment: Moment, way: Way) -> bool:
    """Whether a value was only passed to the call that makes the next one of it: that leg tells it."""
    makers = {m.sighting.call for m in way.moments if m.change.kind in ("made", "slice") and m.node is not moment.node}
    passed = moment.sighting.role == "argument" and moment.change.kind in RESTING
    return passed and moment.sighting.call in makers


def _range(start: int, stop: int) -> str:
    return f"{start}–{stop - 1}" if stop - start > 1 else f"{start}"


def _steps(places: Sequence[int], rows: Sequence[Row]) -> str:
    """``19–19.5, 20.3``: neighbours in the table as one range."""
    groups: list[list[int]] = []
    for place in places:
        if groups and groups[-1][-1] == place - 1:
            groups[-1].append(place)
        else:
            groups.append([place])
    told_groups = [
        rows[g[0]].number if len(g) == 1 else f"{rows[g[0]].number}–{rows[g[-1]].number}" for g in groups
    ]  # fmt: skip
    if len(told_groups) > GROUPS:
        return f"{rows[places[0]].number} … {rows[places[-1]].number}"
    return ", ".join(told_groups)
