"""The flow of values through one trace: which piece of text or bytes was made of which, on which evidence.

A **node** is one such object (`nodes.py`): identity says which sightings are of the same one; of a bytearray, each of
its states. Where a value is new, whatever the innermost call had at hand is compared with it by content (`origins.py`):
its arguments, what is directly inside them, what its own calls gave back, what was put earlier into an object that it
was given, and the bytes that its thread has read. A value of one byte has no identity: it is the same as an equal one
that was in the hands of the call that passes it on, or in the same place of the same object. No function's name is
known here, and no library's. Where nothing shows an origin, there is no edge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from .bundles import bundled
from .equals import Equals
from .extent import defaults, literals
from .kept import Kept
from .memory import Memory
from .nodes import Edge as Edge
from .nodes import Node as Node
from .nodes import Sighting as Sighting
from .nodes import is_data as is_data
from .ordinary import Ordinary
from .origins import KEY, Origin, Origins
from .origins import WHOLE as WHOLE
from .relations import LEAST
from .trace import Call, Span, Trace, Value, Wire

#: Of the objects that a call got from others, as many of the latest are looked into.
GOT = 16
#: Exact types of which every item is described, up to a number; and kinds of items with nothing in them.
CONTAINERS = frozenset({"list", "dict", "tuple", "set", "frozenset"})
STEADY = frozenset({"str", "bytes"})
COMPREHENSION = "comprehension"
FLAT = frozenset({"atom", "text", "bytes"})


@dataclass(slots=True)
class _Frame:
    """What one active call has at hand: nodes in the order in which it got them, and objects that may hold more."""

    call: int
    pool: Kept = field(default_factory=Kept)
    holders: dict[int, None] = field(default_factory=dict)
    got: dict[int, None] = field(default_factory=dict)
    passed: list[int] = field(default_factory=list)
    given: tuple[int, ...] = ()
    single: dict[tuple[str, str | bytes | None], int] = field(default_factory=dict)


class Flow:
    """The nodes of a trace and the edges between them; made once."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.nodes: dict[int, Node] = {}
        self.into: dict[int, list[Edge]] = {}
        self.out_of: dict[int, list[Edge]] = {}
        self.wires = {wire.ended: wire for wire in trace.wires if wire.direction}
        self.written: dict[int, list[Sighting]] = {}
        self._ordinary = Ordinary(trace)
        self._memory = Memory(self.nodes, self.into, self._code_of)
        self._origins = Origins(self.nodes, self.into, self.out_of, self._ordinary, self._memory)
        self._frames: dict[int, _Frame] = {}
        self._stacks: dict[int, list[_Frame]] = {}
        self._states: dict[int, int] = {}
        self._rows: dict[int, int] = {}
        self._within: dict[tuple[int, str], int] = {}
        self._parts: dict[int, list[tuple[str, Value]]] = {}
        self._met: set[int] = set()
        self._literals: dict[int, frozenset[str | bytes]] = {}
        self._by_itself: set[int] = set()
        self._fresh = 0
        for _, what, item in self._events():
            {"call": self._begin, "end": self._end, "wire": self._move}[what](item)  # type: ignore[operator]

    def node_of(self, value: Value) -> Node | None:
        """The node that a described value is: of a bytearray, in the state that this row describes."""
        return self.nodes.get(self._rows.get(value.id, value.object))

    @cached_property
    def _equals(self) -> Equals:
        return Equals(self.nodes, self._ordinary, self._memory.was_read)

    def recall(self, node: Node) -> bool:
        """Whether a value of which nothing is known equals one that was read; then there is an edge from now on."""
        origin = self._equals.of(node) if node.wire is None and node.id not in self.into else None
        if origin is not None:
            first = node.sightings[0]
            self._join(origin, node, first.order, first.thread, first.call)
        return origin is not None

    def _events(self) -> list[tuple[int, str, Span | Wire]]:
        events: list[tuple[int, str, Span | Wire]] = []
        for span in self.trace.spans:
            events.append((span.start, "call", span))
            if span.stop:
                events.append((span.stop, "end", span))
        events += [(wire.ended, "wire", wire) for wire in self.trace.wires if wire.direction or wire.op == "close"]
        return sorted(events, key=lambda event: event[0])

    # -- events ----------------------------------------------------------------------------------------------------

    def _begin(self, span: Span) -> None:
        call = self.trace.calls[span.call]
        stack = self._stacks.setdefault(span.thread, [])
        if call.code.kind == COMPREHENSION and stack:  # since 3.12 it is part of the function around it
            stack.append(stack[-1])
            return
        frame = self._frames.setdefault(call.id, _Frame(call.id))
        if span.position == 0:
            outer = stack[-1] if stack else None
            seen: list[int] = []
            for name, number in zip(call.code.arguments, call.arguments, strict=False):
                seen += self._see(number, span.start, span, "argument", name, outer)
            frame.given = call.arguments
            self._hold(frame, seen)
            if outer is not None and seen:
                outer.passed = seen[:GOT]
            frame.holders = dict.fromkeys(self._held(call))
            self._memory.give(frame.holders, seen)
        stack.append(frame)

    def _end(self, span: Span) -> None:
        stack = self._stacks.setdefault(span.thread, [])
        frame = stack.pop() if stack else None
        if self.trace.calls[span.call].code.kind == COMPREHENSION and stack:
            return
        if span.ended != "yielded":
            self._frames.pop(span.call, None)
        if span.ended in ("returned", "yielded"):
            seen = self._see(span.value, span.stop, span, "result", "", frame)
            if frame is not None:
                self._memory.let_go(frame.holders, [n for n in seen if self._older(n, span)])
            if stack:
                self._hold(stack[-1], seen)
                self._get(stack[-1], span.value)
                out_of = frame.holders if frame is not None else {}
                kept_by = [h for h in stack[-1].holders if h not in out_of]  # not back into where it came from
                self._memory.give(kept_by, seen)

    def _move(self, wire: Wire) -> None:
        if not wire.direction:
            self._memory.close(wire.connection)
        stack = self._stacks.get(wire.thread, [])
        frame = stack[-1] if stack else None
        value = self.trace.value(wire.value)
        if value is None or not wire.direction:
            return
        if wire.direction == "in":
            node = self._node(value)
            node.wire = wire
            node.sightings.append(Sighting(wire.ended, wire.thread, wire.call, "read", ""))
            self._memory.has_read(self.trace.carrier(wire.thread), node.id, wire.connection)
            if frame is not None:
                frame.single.pop((value.type, value.data), None)  # an equal byte that comes next is this one
                self._hold(frame, [node.id])
        else:
            node_id = self._sight(value, wire.ended, wire.thread, wire.call, "written", "", frame)
            self.written.setdefault(node_id, []).append(self.nodes[node_id].sightings[-1])
            self._memory.leave(node_id)

    def _older(self, number: int, span: Span) -> bool:
        """Whether a value was there before a call, or came from another thread: then it was kept meanwhile."""
        first = self.nodes[number].sightings[0]
        return first.thread != span.thread or first.order < self.trace.calls[span.call].first.start

    def _hold(self, frame: _Frame, seen: list[int]) -> None:
        frame.pool.add(seen, self.nodes)
        for number in seen:
            if number < 0 and not (value := self.nodes[number].value).object:
                frame.single[value.type, value.data] = number

    def _get(self, frame: _Frame, number: int) -> None:
        """An object that a call gave back is at hand, with what is in it."""
        value = self.trace.value(number)
        if value is not None and value.object and value.kind in ("object", "container"):
            frame.got.pop(value.object, None)
            frame.got[value.object] = None
            if len(frame.got) > GOT:
                del frame.got[next(iter(frame.got))]

    def _meet(self, value: Value, frame: _Frame | None) -> None:
        """Of objects that are seen for the first time, alone or inside another, it is noted what was at hand there."""
        if value.id in self._met:
            return
        self._met.add(value.id)
        inside = [self.trace.value(child) for _, child in self.trace.parts.get(value.id, ())]
        kinds = {one.kind for one in inside if one is not None}
        closed = value.type in CONTAINERS and kinds <= FLAT and (not value.cut or kinds == {"atom"})
        whole = () if closed else (value,)  # all that is in it is known
        found = [one.object for one in (*whole, *inside) if one is not None and one.object and not is_data(one)]
        if frame is not None:
            self._memory.meet(found, [*frame.passed, *frame.pool.latest(GOT)])

    # -- sightings -------------------------------------------------------------------------------------------------

    def _see(self, number: int, order: int, span: Span, role: str, name: str, frame: _Frame | None) -> list[int]:
        """The nodes of one argument or result: itself, or what is directly inside it."""
        value = self.trace.value(number)
        if value is None:
            return []
        if is_data(value):
            return [self._sight(value, order, span.thread, span.call, role, name, frame)]
        self._meet(value, frame)
        return [
            self._sight(child, order, span.thread, span.call, role, name + way + label, frame, (holder, label))
            for way, holder, inside in self._bundled(value)
            for label, child in inside
        ]

    def _keys(self, frame: _Frame) -> Iterator[bytes]:
        """What an argument of a call is, or holds, that may be a masking key."""
        for number in frame.given:
            for child in (number, *(child for _, child in self.trace.parts.get(number, ()))):
                value = self.trace.value(child)
                if value is not None and value.size == KEY and isinstance(value.data, bytes):
                    yield value.data

    def _bundled(self, value: Value) -> Iterator[tuple[str, int, list[tuple[str, Value]]]]:
        """The data inside a value, and inside the containers in it: by which way, in which object, what."""
        yield "", value.object, self._inside(value.id)
        for label, child in bundled(self.trace, value):
            yield label, child.object, self._inside(child.id)

    def _inside(self, number: int) -> list[tuple[str, Value]]:
        """The data directly inside a value, but for what can change: that is told as it was when it was described. The
        items of a container are told where its description is first met: there that is now."""
        if number not in self._parts:
            holder = self.trace.value(number)
            found = ((label, self.trace.value(child)) for label, child in self.trace.parts.get(number, ()))
            data = [(label, v) for label, v in found if v is not None and is_data(v)]
            self._parts[number] = [(label, v) for label, v in data if v.type in STEADY]
            return data if holder is not None and holder.kind == "container" else self._parts[number]
        return self._parts[number]

    def _sight(
        self,
        value: Value,
        order: int,
        thread: int,
        call: int,
        role: str,
        name: str,
        frame: _Frame | None,
        place: tuple[int, str] = (0, ""),
    ) -> int:
        literal = self._is_literal(value, call, role)
        before, earlier = len(self.nodes), self._states.get(value.object, value.object)
        node = self._node(value) if value.object else self._single(value, frame, place, literal)
        node.sightings.append(Sighting(order, thread, call, role, name))
        if literal and role == "argument":
            node.begun.append(order)
        if len(self.nodes) > before:
            origins = self._made_of(node, frame, thread, literal, role, place[0])
            if not origins and value.object and earlier in self.nodes and earlier != node.id and frame is not None:
                origins = self._changed(node, earlier, frame)
            if role == "written":
                origins = self._memory.write(node.id, origins, self.wires[order].connection)
            for origin in origins:
                self._join(origin, node, order, thread, call)
            if literal:
                self._by_itself.add(node.id)
        elif role == "result" and frame is not None and self._is_passed_up(node, thread):
            # nothing like it was in its callee's hands: an array stands between, of which nothing is described
            hand, holders = frame.pool, frame.holders
            for origin in self._origins.in_another_form(node, hand.latest(), hand, holders, self._keys(frame)):
                self._join(origin, node, order, thread, call)
        return node.id

    def _changed(self, node: Node, earlier: int, frame: _Frame) -> list[Origin]:
        """What a bytearray was before it changed in place; the key was given to the call that changed it."""
        keys = [*self._keys(frame), *(self.nodes[one].octets for one in frame.passed)]
        return self._origins.in_another_form(node, (earlier,), frame.pool, frame.holders, keys)

    def _is_passed_up(self, node: Node, thread: int) -> bool:
        """Whether of a value nothing is known yet but that calls gave it back."""
        if node.id in self.into or node.id in self._by_itself or node.wire is not None or node.size <= LEAST:
            return False
        only_given = all(sighting.role == "result" and sighting.thread == thread for sighting in node.sightings)
        return only_given and not self._ordinary(node.octets)

    def _made_of(
        self, node: Node, frame: _Frame | None, thread: int, literal: bool, role: str, holder: int
    ) -> list[Origin]:
        """What a new value was made of. Of few bytes, a key says something only where one call took the one and gave
        the other."""
        around, inside = self._around(thread), (holder,) if holder else ()
        thread = self.trace.carrier(thread)  # tasks take turns in reading
        if literal:
            return self._origins.next_read(node, thread)
        if frame is None:
            return self._origins.of(node, None, (), inside, (), thread, around, False)
        keys = self._keys(frame) if role == "result" or node.size > LEAST else None
        given, ordinary = role == "argument" and not holder, self._ordinary(node.octets)
        if not given or not ordinary:  # what an object's own call gives back may be ordinary
            inside = (*inside, *frame.holders)
        if not ordinary:
            inside = (*inside, *reversed(frame.got))
        return self._origins.of(node, frame.pool, frame.holders, inside, keys, thread, around, given)

    def _around(self, thread: int) -> Iterator[Kept]:
        return (frame.pool for frame in reversed(self._stacks.get(thread, [])))

    def _is_literal(self, value: Value, call: int, role: str) -> bool:
        """Whether the function that made a value has it in its source: then it was made of nothing else. So it is where
        a parameter's default says the same: nothing was passed, or what is known by then."""
        if call not in self.trace.calls:
            return False
        made_by = self.trace.calls[call]
        if role == "argument" and value.data in defaults(made_by.code):
            return True
        code = self.trace.codes.get(made_by.first.caller) if role == "argument" else made_by.code
        if code is None:
            return False
        if code.id not in self._literals:
            self._literals[code.id] = literals(code)
        return value.data in self._literals[code.id]

    def _node(self, value: Value) -> Node:
        """The node of a value: of a bytearray that has changed, a new one."""
        number = self._states.get(value.object, value.object) if value.object else 0
        node = self.nodes.get(number)
        if node is not None and (node.value is value or node.value.type != "bytearray" or _alike(node.value, value)):
            return node
        if node is not None or not value.object:
            self._fresh -= 1
            number = self._fresh
        if node is not None:
            self._states[value.object] = self._rows[value.id] = number
        return self.nodes.setdefault(number, Node(number, value))

    def _single(self, value: Value, frame: _Frame | None, place: tuple[int, str], literal: bool) -> Node:
        """The node of a value without identity: in the same place of the same object, or passed on by a call that had
        it at hand, it is the same; else it is a new one."""
        number = self._within.get(place, 0) if place[0] else 0
        if not number and frame is not None and not literal:
            number = frame.single.get((value.type, value.data), 0)
        if not number or not _alike(self.nodes[number].value, value):
            number = self._node(value).id
        if place[0]:
            self._within[place] = number
        return self.nodes[number]

    def _join(self, origin: Origin, node: Node, order: int, thread: int, call: int) -> None:
        kind = "slice" if origin.relation.how == "slice" else "made"
        source, found = origin.source, origin.relation
        edge = Edge(kind, source, node.id, found, order, thread, call, origin.via, origin.ambiguous)
        self.into.setdefault(node.id, []).append(edge)
        self.out_of.setdefault(source, []).append(edge)

    def _code_of(self, call: int) -> int:
        return self.trace.calls[call].code.id if call in self.trace.calls else 0

    def _held(self, call: Call) -> Iterator[int]:
        """The objects among a call's arguments that may keep something."""
        for number in call.arguments:
            value = self.trace.value(number)
            if value is not None and value.object and value.kind in ("object", "container"):
                yield value.object


def _alike(one: Value, other: Value) -> bool:
    return one.type == other.type and one.size == other.size and one.data == other.data
