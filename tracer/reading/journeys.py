"""Journeys: the way of one value that the program saw, back to the bytes that were read, or on to those written.

The program's own lines are where a journey is found: what a call gave back to them, and what they passed to a call.
From there the edges of `flow.py` are followed; what leads to no bytes on a socket is no journey.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

from .flow import Edge, Flow, Node, Sighting
from .hands import Seen, given_inside, of_program, seen_by_program
from .relations import OF_MADE, OF_SOURCE
from .trace import Call, Trace, Wire

#: Of the calls that were passed a value and are active, as many are looked at.
NESTED = 64


@dataclass(frozen=True)
class Stretch:
    """Bytes of one wire event: `start` to `stop` are offsets in it."""

    wire: Wire
    start: int
    stop: int


@dataclass(frozen=True)
class Journey:
    """One value's way. `direction` is in or out (through: see `answers`); `node` is the value as the program saw it, at
    `order`, by `call`; `nodes` and `edges` are in the order in which they came to be, `wires` the bytes where it began
    or ended."""

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
        """Where each of its values was, in order; for a value that came in, until the program had it; for
        one that went out, since, until all of it was written."""
        seen = [(node, sighting) for node in self.nodes for sighting in node.sightings]
        if self.direction == "in":
            seen = [(node, sighting) for node, sighting in seen if sighting.order <= self.order]
        elif self.direction == "out":
            last = max(stretch.wire.ended for stretch in self.wires)
            seen = [(node, sighting) for node, sighting in seen if self.order <= sighting.order <= last]
        else:  # who else had it meanwhile is on no way to what was written
            own = {edge.thread for edge in self.edges} | {stretch.wire.thread for stretch in self.wires}
            seen = [(node, sighting) for node, sighting in seen if sighting.thread in own]
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
    """Every journey of a trace, in the order in which the program had the values.

    What the program passes more than once goes more than one way; what it got, it got once. It also got what it passes
    on and nobody saw it get (from a call of C's, out of an object): what came of a read, and of nothing else it had.
    """
    found: list[Journey] = []
    told: set[int] = set()
    seen = list(seen_by_program(flow))
    passes = _passes(seen)
    for order, call, direction, node in seen:
        ways = []
        if node.id not in told:
            way = _back(flow, node, order, direction == "in")
            if direction == "in":
                ways.append(("in", way))
            elif _got(flow, node, way[0], told):
                found += _out_of_objects(flow, node, (order, call), way, told)
        if direction == "out":
            ways.append(("out", _on(flow, node, order, passes)))
        ways = [(whither, way) for whither, way in ways if way[2]]
        if ways or direction != "own":
            told.add(node.id)
        found += [Journey(0, whither, node, call, order, *way) for whither, way in ways]
    return tuple(replace(journey, id=number) for number, journey in enumerate(found, 1))


def _got(flow: Flow, node: Node, way: tuple[Node, ...], told: set[int]) -> bool:
    """Whether the program must have got a value that it passes on: none of those that it was made of was in its hands
    before, but for what it read from a socket by itself and a library then had."""
    if any(one.id in told and one.wire is None for one in way):
        return False
    between = (s.call for one in way if one is not node and one.wire is None for s in one.sightings)
    by_itself = any(one.id in told for one in way)
    return not by_itself or any(
        call in flow.trace.calls and not of_program(flow.trace.calls[call].code) for call in between
    )


def _out_of_objects(flow: Flow, node: Node, where: tuple[int, Call], way: Way, told: set[int]) -> list[Journey]:
    """What the program must have got, where it passes `node` on: that; or, where it put something of its own beside it
    or wrote it in capitals, what it did this to."""
    of = _worked_on(flow, node)
    if of is None:
        return [Journey(0, "in", node, where[1], where[0], *way)] if way[2] else []
    found, seen = [], {node.id}
    while of:
        one = of.pop(0)
        inner = _worked_on(flow, one) if one.id not in seen and _own(flow, one) else None
        seen.add(one.id)
        if inner is not None:  # the program's work as well
            of = inner + of
            continue
        last = [s for s in one.sightings if s.order <= where[0] and s.call in flow.trace.calls]
        way = _back(flow, one, last[-1].order) if last and one.wire is None and one.id not in told else ((), (), ())
        if way[2]:
            told.add(one.id)
            found.append(Journey(0, "in", one, flow.trace.calls[last[-1].call], last[-1].order, *way))
    return found


def _own(flow: Flow, node: Node) -> bool:
    """Whether nobody but the program's own functions is known to have had a value, each from another of them."""
    calls = [flow.trace.calls.get(sighting.call) for sighting in node.sightings if sighting.role != "written"]
    codes = [code for call in calls if call for code in (call.code, flow.trace.codes.get(call.first.caller))]
    return None not in calls and all(of_program(code) for code in codes)


def _worked_on(flow: Flow, node: Node) -> list[Node] | None:
    """Of what a value was made, if not of that alone, or of what the program was given in an object: else None."""
    edges = flow.into.get(node.id, [])
    sources = [flow.nodes[edge.source] for edge in edges]
    put = [edge.relation.stop - edge.relation.start for edge in edges if edge.relation.how in OF_MADE]
    beside = bool(put) and sum(put) < node.size
    folded = [edge.relation.how for edge in edges] == ["folded"] and given_inside(flow, sources[0])
    return sources if beside or folded else None


def answers(flow: Flow) -> tuple[Journey, ...]:
    """What was written and made of what was read, without the program ever having had it: a ping's payload in its
    pong. The direction of such a journey is ``through``; its value is the last that is both, whole."""
    program = {node.id for _, _, _, node in seen_by_program(flow)}
    found: list[Journey] = []
    for wire in flow.wires.values():
        value = flow.trace.value(wire.value) if wire.direction == "out" else None
        node = flow.node_of(value) if value is not None else None
        if node is None:
            continue
        nodes, edges, wires = _back(flow, node, wire.ended)
        if not wires or program & {one.id for one in nodes}:
            continue
        middle = _middle(flow, nodes, node)
        call = flow.trace.calls.get(middle.sightings[0].call)
        if call is not None:
            out = Stretch(wire, *_within(flow, middle, node))
            order = middle.sightings[0].order
            found.append(Journey(len(found) + 1, "through", middle, call, order, nodes, edges, (*wires, out)))
    return tuple(found)


def _middle(flow: Flow, nodes: tuple[Node, ...], last: Node) -> Node:
    """The value that was put into what was written: the first that a joined value on the way to `last` has in it."""
    for node in nodes:
        if any(edge.relation.how in OF_MADE for edge in flow.out_of.get(node.id, ())):
            return node
    return last


def _within(flow: Flow, node: Node, last: Node) -> tuple[int, int]:
    """Where in `last` the bytes of `node` are."""
    todo = [(node, 0, node.size)]
    while todo:
        one, start, stop = todo.pop()
        if one.id == last.id:
            return start, stop
        todo += [(flow.nodes[e.target], *_target_range(flow, e, start, stop)) for e in flow.out_of.get(one.id, ())]
    return 0, last.size


@dataclass(frozen=True)
class _Pass:
    """The program passed a value: at `start`, to call `to` (0: one that is not recorded), until `stop`."""

    start: int
    stop: int
    thread: int
    to: int


def _passes(seen: list[Seen]) -> dict[int, list[_Pass]]:
    """When each value was passed on by the program, in order."""
    found: dict[int, list[_Pass]] = {}
    for order, call, direction, node in seen:
        if direction == "out":
            given = next((span for span in call.spans if span.stop == order), None)
            to = given.parent if given is not None else call.id
            found.setdefault(node.id, []).append(_Pass(order, max(order, call.last.stop), call.thread, to))
    return found


def _of_pass(trace: Trace, passes: list[_Pass], order: int, thread: int, call: int) -> int:
    """To which pass it belongs what became of the value at `order`, in `call`: the innermost that was active there,
    else the latest. Of coroutines that take turns on a thread, only those that have called it are active."""
    before = passes[: bisect_right(passes, order, key=lambda one: one.start)]
    if len(before) < 2:
        return before[0].start if before else 0
    active = set(_active(trace, call, order))
    for one in reversed(before[-NESTED:]):
        if one.thread == thread and order <= one.stop and (one.to in active or not one.to):
            return one.start
    return before[-1].start


def _active(trace: Trace, call: int, order: int) -> Iterator[int]:
    """The calls that were active on a call's thread at `order`: itself, its caller, and so on."""
    while call in trace.calls:
        yield call
        spans = trace.calls[call].spans
        call = spans[max(0, bisect_right(spans, order, key=lambda span: span.start) - 1)].parent


Way = tuple[tuple[Node, ...], tuple[Edge, ...], tuple[Stretch, ...]]
#: One value on the way: its node, since when it is followed, and which of its bytes.
State = tuple[int, int, int, int]


class _Walk:
    """All that can be reached from one value, and of it what leads to a socket."""

    def __init__(self) -> None:
        self.before: dict[State, list[tuple[State, Edge]]] = {}
        self.todo: list[State] = []
        self.ends: dict[State, list[Stretch]] = {}

    def reach(self, state: State, start: State | None = None, edge: Edge | None = None) -> None:
        """`state` is reached from `start` over `edge`."""
        if state not in self.before:
            self.before[state] = []
            self.todo.append(state)
        if start is not None and edge is not None:
            self.before[state].append((start, edge))

    def way(self, flow: Flow) -> Way:
        """The nodes and edges between the beginning and the ends, and the ends."""
        nodes: dict[int, Node] = {}
        edges: dict[int, Edge] = {}
        todo = list(self.ends)
        seen = set(todo)
        while todo:
            state = todo.pop()
            nodes[state[0]] = flow.nodes[state[0]]
            for start, edge in self.before[state]:
                edges[id(edge)] = edge
                if start not in seen:
                    seen.add(start)
                    todo.append(start)
        stretches = {(s.wire.id, s.start, s.stop): s for found in self.ends.values() for s in found}
        return (
            tuple(sorted(nodes.values(), key=lambda node: node.sightings[0].order)),
            tuple(sorted(edges.values(), key=lambda edge: (edge.order, edge.relation.start))),
            tuple(stretches[key] for key in sorted(stretches)),
        )


def _back(flow: Flow, node: Node, order: int, got: bool = False) -> Way:
    """All that a value was made of, to the bytes that were read. `got`: the program got it from a library; if it leads
    nowhere, what is equal to one that was read is taken for that."""
    walk = _Walk()
    walk.reach((node.id, order, 0, node.size))
    while walk.todo:
        state = number, until, start, stop = walk.todo.pop()
        one = flow.nodes[number]
        if one.wire is not None:
            walk.ends[state] = [Stretch(one.wire, start, stop)]
        elif one.begun and one.begun[0] <= until:
            continue  # by then it is the program's literal
        else:
            for edge in flow.into.get(number, ()):
                first, last = _source_range(flow, edge, start, stop)
                if first < last:
                    walk.reach((edge.source, edge.order, first, last), state, edge)
    if got and not walk.ends and _recalled(flow, node):
        return _back(flow, node, order)
    return walk.way(flow)


def _recalled(flow: Flow, node: Node) -> bool:
    """Whether what a value is, or was cut from, equals something that was read. What was put together is made here."""
    todo, seen, found = [node.id], {node.id}, False
    while todo:
        one = todo.pop()
        edges = flow.into.get(one, ())
        fresh = {edge.source for edge in edges if edge.relation.how not in OF_MADE} - seen
        found = flow.recall(flow.nodes[one]) or found
        seen |= fresh
        todo += fresh
    return found


def _source_range(flow: Flow, edge: Edge, start: int, stop: int) -> tuple[int, int]:
    """The bytes of an edge's source that bytes `start` to `stop` of its target came from; none where both are equal."""
    size, found = flow.nodes[edge.source].size, edge.relation
    if found.how == "slice":
        return found.start + start, found.start + stop
    if found.how == "joined":
        ahead = found.at - found.start
        return max(start, found.start) + ahead, min(stop, found.stop) + ahead
    if found.how in OF_SOURCE:
        return found.start, found.stop
    if size != flow.nodes[edge.target].size:
        return 0, size
    return start, stop


def _on(flow: Flow, node: Node, order: int, passed: dict[int, list[_Pass]]) -> Way:
    """All that was made of a value since it was passed at `order`, to the bytes that were written; of a read that the
    program did by itself, not by way of what it then got and passed on again."""
    passes, walk = passed[node.id], _Walk()
    again = passed if node.wire is not None else {}
    walk.reach((node.id, order, 0, node.size))
    while walk.todo:
        state = number, since, start, stop = walk.todo.pop()
        one = flow.nodes[number]
        until = one.begun[i] if (i := bisect_right(one.begun, since)) < len(one.begun) else None
        of = passes if number == node.id else [_Pass(since, since, 0, 0)]
        written = [
            Stretch(flow.wires[s.order], start, stop)
            for s in flow.written.get(number, ())
            if _meanwhile(flow.trace, s, since, until, of)
        ]
        if written:
            walk.ends[state] = written
        for edge in flow.out_of.get(number, ()):
            if edge.target not in again and _meanwhile(flow.trace, edge, since, until, of):
                first, last = _target_range(flow, edge, start, stop)
                walk.reach((edge.target, edge.order - 1, first, last), state, edge)
    return walk.way(flow)


def _meanwhile(trace: Trace, what: Edge | Sighting, since: int, until: int | None, passes: list[_Pass]) -> bool:
    """Whether what happened became of the value that is followed since `since`."""
    order = what.order
    within = order > since and (until is None or order < until)
    return within and _of_pass(trace, passes, order, what.thread, what.call) == since


def _target_range(flow: Flow, edge: Edge, start: int, stop: int) -> tuple[int, int]:
    size, found = flow.nodes[edge.target].size, edge.relation
    if found.how == "joined":
        ahead = found.start - found.at
        return max(start + ahead, found.start), min(stop + ahead, found.stop)
    if found.how in OF_MADE:
        return found.start, found.stop
    if found.how == "slice" or size != flow.nodes[edge.source].size:
        return 0, size
    return start, stop
