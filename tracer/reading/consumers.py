"""Who took which bytes of a read, and who made which bytes of a write: every byte attributed to a call.

Found from the flow alone: a value that was cut from a read lies at known offsets of it, and the first call that had it
took it; a value that was joined into a write lies at known offsets there, and the call that gave it made it. Where no
call took exactly the bytes asked for, the smallest run that holds them stands for it, and says so.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from .flow import Edge, Flow, Node, Sighting
from .trace import Call, Code, Span, Trace, Wire

#: Relations that keep each byte where it was.
STEADY = frozenset({"copy", "decoded", "encoded"})
#: After everything.
LATER = 1 << 62


@dataclass(frozen=True)
class Taker:
    """`call` had the bytes first (a read) or gave them (a write), by way of `through`, which it called at `line` of its
    own source. `start` and `stop` are the run of bytes in the wire event; `exact` where that is what was asked for;
    `others` counts further calls of which the same could be said; `ambiguous`: of other bytes as well, by the flow."""

    call: Call
    through: Call | None
    line: int
    start: int
    stop: int
    exact: bool
    others: int = 0
    ambiguous: bool = False

    @property
    def code(self) -> Code:
        """The function that took them."""
        return self.call.code


@dataclass(frozen=True)
class _Run:
    """Bytes `start` to `stop` of a wire event are this value, which was had for it after `since`, until `until`."""

    start: int
    stop: int
    node: Node
    since: int
    until: int
    ambiguous: bool = False


class Consumers:
    """Answers for one trace; made of its flow."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._trace: Trace = flow.trace
        self._in: dict[int, list[_Run]] = {}
        self._out: dict[int, list[_Run]] = {}
        self._written: dict[int, int] = {}
        for node in flow.nodes.values():
            if node.wire is not None:
                self._spread(node, node.wire)
        for order, wire in flow.wires.items():
            if wire.direction == "out":
                self._gather(order, wire)

    def of(self, wire: Wire, start: int, stop: int) -> Taker | None:
        """Who took bytes `start` to `stop` of a read, or made these bytes of a write; None where nobody was seen."""
        runs = (self._in if wire.direction == "in" else self._out).get(wire.id, [])
        around = [run for run in runs if run.start <= start and stop <= run.stop]
        if not around:
            return None
        smallest = min(run.stop - run.start for run in around)
        best = [run for run in around if run.stop - run.start == smallest]
        best = [run for run in best if self._had(run, True)] or best
        takers = [t for run in best if (t := self._taker(run, wire, start, stop)) is not None]
        if not takers:
            return None
        calls = {taker.call.id for taker in takers}
        return replace(takers[0] if wire.direction == "in" else takers[-1], others=len(calls) - 1)

    # -- runs ------------------------------------------------------------------------------------------------------

    def _spread(self, read: Node, wire: Wire) -> None:
        """The runs of a read that later values are, down every edge that says where the bytes lie."""
        todo = deque([(read, 0, False)])
        seen = {read.id}
        runs = self._in.setdefault(wire.id, [])
        while todo:
            node, at, unsure = todo.popleft()
            for edge in self._flow.out_of.get(node.id, ()):
                target, start = self._flow.nodes[edge.target], _offset(self._flow, edge)
                if start is None or target.id in seen:
                    continue
                seen.add(target.id)
                doubtful = unsure or edge.ambiguous
                if edge.relation.how == "slice" or at + start + target.size < wire.size:
                    runs.append(_Run(at + start, at + start + target.size, target, wire.ended, LATER, doubtful))
                todo.append((target, at + start, doubtful))
        runs.sort(key=lambda run: run.node.sightings[0].order)

    def _gather(self, order: int, wire: Wire) -> None:
        """The runs of a write that earlier values are, up every edge; had since they were written last."""
        value = self._trace.value(wire.value)
        written = self._flow.node_of(value) if value is not None else None
        if written is None:
            return
        runs = self._out.setdefault(wire.id, [])
        todo = deque([(written, 0, False)])
        seen: set[int] = set()
        while todo:
            node, at, unsure = todo.popleft()
            if node.id in seen:
                continue
            seen.add(node.id)
            runs.append(_Run(at, at + node.size, node, self._written.get(node.id, 0), order, unsure))
            for edge in self._flow.into.get(node.id, ()):
                source, doubtful = self._flow.nodes[edge.source], unsure or edge.ambiguous
                if edge.relation.how == "joined" and source.size == edge.relation.stop - edge.relation.start:
                    todo.append((source, at + edge.relation.start, doubtful))
                elif edge.relation.how in STEADY and source.size == node.size:
                    todo.append((source, at, doubtful))
        self._written.update(dict.fromkeys(seen, order))

    # -- who -------------------------------------------------------------------------------------------------------

    def _taker(self, run: _Run, wire: Wire, start: int, stop: int) -> Taker | None:
        sightings = self._had(run, True) or self._had(run, False)
        if not sightings:
            return None
        exact = (run.start, run.stop) == (start, stop)
        if wire.direction == "in":
            call, through, line = self._first_hand(sightings)
        else:
            call, through, line = self._trace.calls[sightings[0].call], None, 0
        return Taker(call, through, line or call.code.first, run.start, run.stop, exact, 0, run.ambiguous)

    def _had(self, run: _Run, meanwhile: bool) -> list[Sighting]:
        """Where a run's value was in a call's hands, at all or for just this wire event."""
        known = [s for s in run.node.sightings if s.role in ("argument", "result") and s.call in self._trace.calls]
        return [s for s in known if run.since < s.order < run.until] if meanwhile else known

    def _first_hand(self, sightings: list[Sighting]) -> tuple[Call, Call | None, int]:
        """Who has a new value in the end: the call that does not just hand it back, the call that gave it, the line."""
        first = sightings[0]
        call = self._trace.calls[first.call]
        if first.role == "argument":  # the caller had it before it passed it on
            span = call.first
            return self._trace.calls.get(span.parent, call), None, self._line_in(span)
        if first.name:  # in what the call gave back: it took it itself, by what is no Python function
            return call, None, 0
        giver = call
        for sighting in sightings[1:]:
            if sighting.role != "result" or sighting.name or sighting.call != self._parent(giver):
                break
            giver = self._trace.calls[sighting.call]
        parent = self._trace.calls.get(self._parent(giver))
        return (parent, giver, self._line_in(giver.last)) if parent is not None else (giver, None, 0)

    def _line_in(self, span: Span) -> int:
        """The line of a call's site in the call below it; 0 where code that was not recorded lies between."""
        below = self._trace.calls.get(span.parent)
        return span.line if below is not None and below.code.id == span.caller else 0

    def _parent(self, call: Call) -> int:
        return call.last.parent


def _offset(flow: Flow, edge: Edge) -> int | None:
    """Where in the source the target begins; None where the edge does not say, or its bytes are others."""
    if edge.relation.how == "slice":
        return edge.relation.start
    return 0 if edge.relation.how in STEADY and flow.nodes[edge.source].size == flow.nodes[edge.target].size else None
