"""Who took which bytes of a read, and who made which bytes of a write: every byte attributed to a call.

Found from the flow alone: a value that was cut from a read lies at known offsets of it, and the first call that had it
took it; a value that was joined into a write lies at known offsets there, and the call that gave it made it. Where no
call took exactly the bytes asked for, the smallest run that holds them stands for it, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from .flow import WHOLE, Edge, Flow, Node, Sighting
from .trace import Call, Code, Trace, Wire

#: Relations that keep each byte where it was.
STEADY = frozenset({"copy", "decoded", "encoded", "unmasked"})


@dataclass(frozen=True)
class Taker:
    """`call` had the bytes first (a read) or gave them (a write), by way of `through`, which it called at `line` of its
    own source. `start` and `stop` are the run of bytes in the wire event; `exact` where that is what was asked for;
    `others` counts further calls of which the same could be said."""

    call: Call
    through: Call | None
    line: int
    start: int
    stop: int
    exact: bool
    others: int = 0

    @property
    def code(self) -> Code:
        """The function that took them."""
        return self.call.code


@dataclass(frozen=True)
class _Run:
    start: int
    stop: int
    node: Node


class Consumers:
    """Answers for one trace; made of its flow."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._trace: Trace = flow.trace
        self._in: dict[int, list[_Run]] = {}
        self._out: dict[int, list[_Run]] = {}
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
        takers = [t for run in best if (t := self._taker(run, wire, start, stop)) is not None]
        if not takers:
            return None
        calls = {taker.call.id for taker in takers}
        first = takers[0] if wire.direction == "in" else takers[-1]
        return Taker(first.call, first.through, first.line, first.start, first.stop, first.exact, len(calls) - 1)

    # -- runs ------------------------------------------------------------------------------------------------------

    def _spread(self, read: Node, wire: Wire) -> None:
        """The runs of a read that later values are, down every edge that says where the bytes lie."""
        todo = [(read, 0)]
        seen = {read.id}
        runs = self._in.setdefault(wire.id, [])
        while todo:
            node, at = todo.pop(0)
            for edge in self._flow.out_of.get(node.id, ()):
                target, start = self._flow.nodes[edge.target], _offset(self._flow, edge)
                if start is None or target.id in seen:
                    continue
                seen.add(target.id)
                if edge.relation.how == "slice" or at + start + target.size < wire.size:
                    runs.append(_Run(at + start, at + start + target.size, target))
                todo.append((target, at + start))
        runs.sort(key=lambda run: run.node.sightings[0].order)

    def _gather(self, order: int, wire: Wire) -> None:
        """The runs of a write that earlier values are, up every edge."""
        value = self._trace.value(wire.value)
        written = self._flow.node_of(value) if value is not None else None
        if written is None:
            return
        runs = self._out.setdefault(wire.id, [])
        todo = [(written, 0)]
        seen: set[int] = set()
        while todo:
            node, at = todo.pop(0)
            if node.id in seen:
                continue
            seen.add(node.id)
            runs.append(_Run(at, at + node.size, node))
            for edge in self._flow.into.get(node.id, ()):
                if edge.relation.how == "joined":
                    todo.append((self._flow.nodes[edge.source], at + edge.relation.start))
                elif edge.relation.how in STEADY and self._flow.nodes[edge.source].size == node.size:
                    todo.append((self._flow.nodes[edge.source], at))

    # -- who -------------------------------------------------------------------------------------------------------

    def _taker(self, run: _Run, wire: Wire, start: int, stop: int) -> Taker | None:
        sightings = [s for s in run.node.sightings if s.role in ("argument", "result") and s.call in self._trace.calls]
        if not sightings:
            return None
        exact = (run.start, run.stop) == (start, stop)
        if wire.direction == "in":
            call, through, line = self._first_hand(sightings)
        else:
            call, through, line = self._trace.calls[sightings[0].call], None, 0
        return Taker(call, through, line or call.code.first, run.start, run.stop, exact)

    def _first_hand(self, sightings: list[Sighting]) -> tuple[Call, Call | None, int]:
        """Who has a new value in the end: the call that does not just hand it back, the call that gave it, the line."""
        first = sightings[0]
        call = self._trace.calls[first.call]
        if first.role == "argument":  # the caller had it before it passed it on
            span = call.first
            return self._trace.calls.get(span.parent, call), None, span.line
        if first.name:  # in what the call gave back: it took it itself, by what is no Python function
            return call, None, 0
        giver = call
        for sighting in sightings[1:]:
            if sighting.role != "result" or sighting.name or sighting.call != self._parent(giver):
                break
            giver = self._trace.calls[sighting.call]
        parent = self._trace.calls.get(self._parent(giver))
        return (parent, giver, giver.last.line) if parent is not None else (giver, None, 0)

    def _parent(self, call: Call) -> int:
        return call.last.parent


def _offset(flow: Flow, edge: Edge) -> int | None:
    """Where in the source the target begins; None where the edge does not say, or its bytes are others."""
    if edge.relation.how == "slice":
        return edge.relation.start
    steady = edge.relation.how in STEADY & WHOLE - {"unmasked"}
    return 0 if steady and flow.nodes[edge.source].size == flow.nodes[edge.target].size else None
