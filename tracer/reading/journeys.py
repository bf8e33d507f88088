"""Journeys: the way of one value that the program saw, back to the bytes that were read, or on to those written.

The program's own lines are where a journey is found: what a call gave back to them, and what they passed to a call.
From there the edges of `flow.py` are followed; what leads to no bytes on a socket is no journey.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .flow import Edge, Flow, Node, Sighting, is_data
from .trace import Call, Trace, Wire


@dataclass(frozen=True)
class Stretch:
    """Bytes of one wire event: `start` to `stop` are offsets in it."""

    wire: Wire
    start: int
    stop: int


@dataclass(frozen=True)
class Journey:
    """One value's way. `direction` is in or out; `node` is the value as the program saw it, at `order`, by `call`;
    `nodes` and `edges` are in the order in which they came to be, `wires` the bytes where it began or ended."""

    id: int
    direction: str
    node: Node
    call: Call
    order: int
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    wires: tuple[Stretch, ...]

    @property
    def sightings(self) -> tuple[tuple[Node, Sighting], ...]:
        """Where each of its values was, in order; for a value that came in, until the program had it."""
        seen = [(node, sighting) for node in self.nodes for sighting in node.sightings]
        if self.direction == "in":
            seen = [(node, sighting) for node, sighting in seen if sighting.order <= self.order]
        else:
            seen = [(node, sighting) for node, sighting in seen if sighting.order >= self.order]
        return tuple(sorted(seen, key=lambda pair: pair[1].order))

    @property
    def threads(self) -> tuple[int, ...]:
        """The threads that it was on, in order."""
        return tuple(dict.fromkeys(sighting.thread for _, sighting in self.sightings))

    def cut(self, trace: Trace) -> bool:
        """Whether a part of the way may be missing, since the recorder's bound let go of an identity."""
        return int(trace.meta.get("forgotten", "0")) > 0

    def lanes(self, trace: Trace) -> tuple[str, ...]:
        """The libraries that it passed, in order, each once."""
        calls = (trace.calls[s.call] for _, s in self.sightings if s.call in trace.calls)
        return tuple(dict.fromkeys(call.code.lane for call in calls))


def journeys(flow: Flow) -> tuple[Journey, ...]:
    """Every journey of a trace, in the order in which the program had the values."""
    found: list[Journey] = []
    told: set[tuple[str, int]] = set()
    for order, call, direction, node in _seen_by_program(flow):
        if (direction, node.id) in told:
            continue
        told.add((direction, node.id))
        follow = _back if direction == "in" else _on
        nodes, edges, wires = follow(flow, node, order)
        if wires:
            found.append(Journey(len(found) + 1, direction, node, call, order, nodes, edges, wires))
    return tuple(found)


def _seen_by_program(flow: Flow) -> Iterator[tuple[int, Call, str, Node]]:
    """(order, call, in or out, node): every value that crossed between the program's own code and other code."""
    seen: list[tuple[int, Call, str, Node]] = []
    for call in flow.trace.calls.values():
        caller = flow.trace.codes.get(call.first.caller)
        from_program = caller is not None and caller.file.facts.kind == "program"
        to_program = call.code.file.facts.kind == "program"
        if from_program == to_program:
            continue
        given, got = ("out", "in") if from_program else ("in", "out")
        for number in call.arguments:
            seen += [(call.first.start, call, given, node) for node in _nodes(flow, number)]
        for span in call.spans:
            if span.ended in ("returned", "yielded"):
                seen += [(span.stop, call, got, node) for node in _nodes(flow, span.value)]
    return iter(sorted(seen, key=lambda found: found[0]))


def _nodes(flow: Flow, number: int) -> list[Node]:
    """The node of a value that is text or bytes; of a container, those directly inside it."""
    value = flow.trace.value(number)
    if value is None:
        return []
    held = [value]
    if value.kind == "container":
        held = [v for _, child in flow.trace.parts.get(number, ()) if (v := flow.trace.value(child)) is not None]
    return [flow.nodes[v.object] for v in held if is_data(v) and v.object in flow.nodes]


Way = tuple[tuple[Node, ...], tuple[Edge, ...], tuple[Stretch, ...]]


def _back(flow: Flow, node: Node, order: int) -> Way:
    """All that a value was made of, to the bytes that were read."""
    nodes: dict[int, Node] = {}
    edges: dict[int, Edge] = {}
    stretches: dict[tuple[int, int, int], Stretch] = {}

    def visit(one: Node, start: int, stop: int) -> bool:
        if one.wire is not None:
            nodes[one.id] = one
            stretches[one.wire.id, start, stop] = Stretch(one.wire, start, stop)
            return True
        reached = False
        for edge in flow.into.get(one.id, ()):
            first, last = _source_range(flow, edge, start, stop)
            if first < last and visit(flow.nodes[edge.source], first, last):
                edges[id(edge)] = edge
                reached = True
        if reached:
            nodes[one.id] = one
        return reached

    visit(node, 0, node.size)
    return _way(nodes, edges, stretches)


def _source_range(flow: Flow, edge: Edge, start: int, stop: int) -> tuple[int, int]:
    """The bytes of an edge's source that bytes `start` to `stop` of its target came from; none where both are equal."""
    size, found = flow.nodes[edge.source].size, edge.relation
    if found.how == "slice":
        return found.start + start, found.start + stop
    if found.how == "joined":
        return max(start, found.start) - found.start, min(stop, found.stop) - found.start
    if size != flow.nodes[edge.target].size:
        return 0, size
    return start, stop


def _on(flow: Flow, node: Node, order: int) -> Way:
    """All that was made of a value, to the bytes that were written."""
    nodes: dict[int, Node] = {}
    edges: dict[int, Edge] = {}
    stretches: dict[tuple[int, int, int], Stretch] = {}

    def visit(one: Node, start: int, stop: int) -> bool:
        reached = False
        for sighting in one.sightings:
            if sighting.role == "written" and sighting.order > order:
                wire = flow.wires[sighting.order]
                stretches[wire.id, start, stop] = Stretch(wire, start, stop)
                reached = True
        for edge in flow.out_of.get(one.id, ()):
            if edge.order > order and visit(flow.nodes[edge.target], *_target_range(flow, edge, start, stop)):
                edges[id(edge)] = edge
                reached = True
        if reached:
            nodes[one.id] = one
        return reached

    visit(node, 0, node.size)
    return _way(nodes, edges, stretches)


def _target_range(flow: Flow, edge: Edge, start: int, stop: int) -> tuple[int, int]:
    size, found = flow.nodes[edge.target].size, edge.relation
    if found.how == "joined":
        return found.start + start, found.start + stop
    if found.how == "slice" or size != flow.nodes[edge.source].size:
        return 0, size
    return start, stop


def _way(nodes: dict[int, Node], edges: dict[int, Edge], stretches: dict[tuple[int, int, int], Stretch]) -> Way:
    return (
        tuple(sorted(nodes.values(), key=lambda node: node.sightings[0].order)),
        tuple(sorted(edges.values(), key=lambda edge: (edge.order, edge.relation.start))),
        tuple(stretches[key] for key in sorted(stretches)),
    )
