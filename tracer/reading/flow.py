"""The flow of values through one trace: which piece of text or bytes was made of which, on which evidence.

A **node** is one such object: identity says which sightings are of the same one. Where an object is new, whatever the
innermost call had at hand is compared with it by content (`relations.py`): its arguments, what is directly inside
them, what its own calls gave back, what was put earlier into an object that it was given, and the bytes that its thread
has read. No function's name is known here, and no library's. Where nothing shows an origin, there is no edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from .extent import literals
from .relations import Relation, relation
from .trace import Call, Span, Trace, Value, Wire

#: How many of the values at hand are compared with a new one, the latest first.
CANDIDATES = 48
#: Relations in which one is the other as a whole, in another form.
WHOLE = frozenset({"copy", "decoded", "encoded", "folded", "unquoted", "unmasked", "inflated", "deflated"})
#: What a new value was made of: the source's number, how, and the object that had kept it (0: none).
Origin = tuple[int, Relation, int]
#: How many pieces an object, or a connection, is remembered to have been given.
PIECES = 64


@dataclass(frozen=True)
class Sighting:
    """A node was in a call's hands: `role` is argument, result, read or written; `name` says which argument, or where
    inside it (``event.data``)."""

    order: int
    thread: int
    call: int
    role: str
    name: str


@dataclass(frozen=True)
class Edge:
    """`target` was made of `source`. `kind` is slice or made; `via` is the object that held the source meanwhile (0:
    none); `call` and `order` say where the new value was first seen."""

    kind: str
    source: int
    target: int
    relation: Relation
    order: int
    thread: int
    call: int
    via: int = 0


@dataclass
class Node:
    """One object of text or bytes. `value` is the row that describes it, `wire` the read whose bytes it is."""

    id: int
    value: Value
    wire: Wire | None = None
    sightings: list[Sighting] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many bytes; of text, in UTF-8."""
        return len(_octets(self.value))


@dataclass
class _Frame:
    """What one active call has at hand: nodes in the order in which it got them, and objects that may hold more."""

    call: int
    pool: dict[int, None] = field(default_factory=dict)
    holders: dict[int, None] = field(default_factory=dict)

    def latest(self) -> Iterator[int]:
        return iter(list(self.pool)[: -CANDIDATES - 1 : -1])


class Flow:
    """The nodes of a trace and the edges between them; made once."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.nodes: dict[int, Node] = {}
        self.into: dict[int, list[Edge]] = {}
        self.out_of: dict[int, list[Edge]] = {}
        self.wires = {wire.ended: wire for wire in trace.wires if wire.direction}
        self._frames: dict[int, _Frame] = {}
        self._stacks: dict[int, list[_Frame]] = {}
        self._given: dict[int, dict[int, None]] = {}
        self._read: dict[int, list[int]] = {}
        self._taken: dict[int, int] = {}
        self._fresh = 0
        for _, what, item in self._events():
            {"call": self._begin, "end": self._end, "wire": self._move}[what](item)  # type: ignore[operator]

    def _events(self) -> list[tuple[int, str, Span | Wire]]:
        events: list[tuple[int, str, Span | Wire]] = []
        for span in self.trace.spans:
            events.append((span.start, "call", span))
            if span.stop:
                events.append((span.stop, "end", span))
        events += [(wire.ended, "wire", wire) for wire in self.trace.wires if wire.direction]
        return sorted(events, key=lambda event: event[0])

    # -- events ----------------------------------------------------------------------------------------------------

    def _begin(self, span: Span) -> None:
        call = self.trace.calls[span.call]
        stack = self._stacks.setdefault(span.thread, [])
        frame = self._frames.setdefault(call.id, _Frame(call.id))
        if span.position == 0:
            outer = stack[-1] if stack else None
            seen: list[int] = []
            for name, number in zip(call.code.arguments, call.arguments, strict=False):
                seen += self._see(number, span.start, span, "argument", name, outer)
            frame.pool.update(dict.fromkeys(seen))
            frame.holders = dict.fromkeys(self._held(call))
            self._give(frame.holders, seen)
        stack.append(frame)

    def _end(self, span: Span) -> None:
        stack = self._stacks.setdefault(span.thread, [])
        frame = stack.pop() if stack else None
        if span.ended in ("returned", "yielded"):
            seen = self._see(span.value, span.stop, span, "result", "", frame)
            if stack:
                stack[-1].pool.update(dict.fromkeys(seen))
                out_of = frame.holders if frame is not None else {}
                self._give([h for h in stack[-1].holders if h not in out_of], seen)  # not back into where it came from

    def _move(self, wire: Wire) -> None:
        stack = self._stacks.get(wire.thread, [])
        frame = stack[-1] if stack else None
        value = self.trace.value(wire.value)
        if value is None:
            return
        if wire.direction == "in":
            node = self._node(value)
            node.wire = wire
            node.sightings.append(Sighting(wire.ended, wire.thread, wire.call, "read", ""))
            self._read.setdefault(wire.thread, []).append(node.id)
            del self._read[wire.thread][:-PIECES]
            if frame is not None:
                frame.pool[node.id] = None
        else:
            self._leave(self._sight(value, wire.ended, wire.thread, wire.call, "written", "", frame))

    def _leave(self, node: int) -> None:
        """What was written has left, with all that it was made of: nothing that is kept is made of it any more."""
        todo = [node]
        while todo:
            one = todo.pop()
            if self._taken.get(one, 0) < self.nodes[one].size:
                self._taken[one] = self.nodes[one].size
                todo += [edge.source for edge in self.into.get(one, ())]

    # -- sightings -------------------------------------------------------------------------------------------------

    def _see(self, number: int, order: int, span: Span, role: str, name: str, frame: _Frame | None) -> list[int]:
        """The nodes of one argument or result: itself, or what is directly inside it."""
        value = self.trace.value(number)
        if value is None:
            return []
        if is_data(value):
            return [self._sight(value, order, span.thread, span.call, role, name, frame)]
        return [
            self._sight(child, order, span.thread, span.call, role, name + label, frame)
            for label, child in self._inside(number)
        ]

    def _inside(self, number: int) -> list[tuple[str, Value]]:
        if number not in self._parts:
            found = ((label, self.trace.value(child)) for label, child in self.trace.parts.get(number, ()))
            self._parts[number] = [(label, v) for label, v in found if v is not None and is_data(v) and v.object]
        return self._parts[number]

    @cached_property
    def _parts(self) -> dict[int, list[tuple[str, Value]]]:
        return {}

    def _sight(
        self, value: Value, order: int, thread: int, call: int, role: str, name: str, frame: _Frame | None
    ) -> int:
        known = value.object in self.nodes if value.object else False
        node = self._node(value)
        node.sightings.append(Sighting(order, thread, call, role, name))
        if not known:
            literal = role != "written" and self._is_literal(value, call, role)
            for source, found, via in self._next_read(node, thread) if literal else self._origins(node, frame, thread):
                self._join(source, node, found, via, order, thread, call)
        return node.id

    def _is_literal(self, value: Value, call: int, role: str) -> bool:
        """Whether the function that made a new value has it in its source: then it was made of nothing else."""
        if call not in self.trace.calls:
            return False
        made_by = self.trace.calls[call]
        code = made_by.code if role == "result" else self.trace.codes.get(made_by.first.caller)
        return code is not None and value.data in literals(code)

    def _node(self, value: Value) -> Node:
        """The node of a value; one without identity (a single byte) is a new one at each sight."""
        if value.object:
            return self.nodes.setdefault(value.object, Node(value.object, value))
        self._fresh -= 1
        return self.nodes.setdefault(self._fresh, Node(self._fresh, value))

    def _join(self, source: int, node: Node, found: Relation, via: int, order: int, thread: int, call: int) -> None:
        kind = "slice" if found.how == "slice" else "made"
        edge = Edge(kind, source, node.id, found, order, thread, call, via)
        self.into.setdefault(node.id, []).append(edge)
        self.out_of.setdefault(source, []).append(edge)

    # -- origins ---------------------------------------------------------------------------------------------------

    def _origins(self, node: Node, frame: _Frame | None, thread: int) -> list[Origin]:
        """What a new value was made of: by what its call had at hand, by what an object of that call had kept, by what
        the thread has read and nobody has taken yet, by what the calls around it have at hand."""
        keys = self._keys(frame) if frame is not None else ()
        if frame is not None:
            found = self._compare(node, frame.latest(), keys)
            if found:
                return found
            for holder in reversed(frame.holders):
                found = self._compare(node, reversed(list(self._given.get(holder, ()))), keys, holder)
                if found:
                    return self._take(found)
        found = self._compare(node, reversed(self._read.get(thread, [])), keys, thread)
        if found:
            return self._take([(source, how, 0) for source, how, _ in found])
        for outer in reversed(self._stacks.get(thread, [])):
            found = self._compare(node, outer.latest(), keys)
            if found and found[0][1].how in WHOLE:
                return found
        return []

    def _next_read(self, node: Node, thread: int) -> list[Origin]:
        """A value that stands in the source is that literal, unless it is the very next of what the thread has read."""
        found = self._compare(node, reversed(self._read.get(thread, [])), (), thread)
        next_one = [
            origin for origin in found if origin[1].how == "slice" and origin[1].start == self._taken.get(origin[0], 0)
        ]
        return self._take([(source, how, 0) for source, how, _ in next_one])

    def _take(self, found: list[Origin]) -> list[Origin]:
        """What is kept is taken in its order, once: what lies before the end of what was taken is gone."""
        for source, how, _ in found:
            stop = how.stop if how.how in ("slice", "unquoted") else len(_octets(self.nodes[source].value))
            self._taken[source] = max(self._taken.get(source, 0), stop)
        return found

    def _compare(self, node: Node, candidates: Iterable[int], keys: tuple[bytes, ...], via: int = 0) -> list[Origin]:
        """The closest source: the latest that is the whole value in another form, else the parts that it was joined
        of, else the latest that it was cut from. `via` is what kept the candidates; of those only the rest counts."""
        made = node.value.data
        if made is None:
            return []
        size = len(_octets(node.value))
        parts: list[Origin] = []
        cut: list[Origin] = []
        for source in candidates:
            done = self._taken.get(source, 0) if via else 0
            data = self.nodes[source].value.data
            if source == node.id or data is None or (done and done >= self.nodes[source].size):
                continue
            found = relation(data[done:] if done else data, made, keys)
            if found is None:
                continue
            if found.how == "joined":
                parts.append((source, found, via))
                if _covered(parts, size) == size:
                    break
            elif done or found.how == "slice":
                cut.append((source, Relation("slice", found.start + done, found.stop + done), via))
            else:
                return [(source, found, via)]
        if 2 * _covered(parts, size) >= size:
            return _apart(parts)
        return cut[:1]

    def _keys(self, frame: _Frame) -> tuple[bytes, ...]:
        data = (self.nodes[n].value.data for n in frame.latest())
        return tuple(d for d in data if isinstance(d, bytes) and len(d) == 4)

    def _held(self, call: Call) -> Iterator[int]:
        """The objects among a call's arguments that may keep something."""
        for number in call.arguments:
            value = self.trace.value(number)
            if value is not None and value.object and value.kind in ("object", "container"):
                yield value.object

    def _give(self, holders: Iterable[int], seen: list[int]) -> None:
        """What a call has at hand together with an object may be kept by that object."""
        for holder in holders:
            given = self._given.setdefault(holder, {})
            given.update(dict.fromkeys(seen))
            for oldest in list(given)[:-PIECES]:
                del given[oldest]


def is_data(value: Value) -> bool:
    """Whether a value is text or bytes, whole as far as it is kept."""
    return value.type in ("str", "bytes", "bytearray", "memoryview") and value.data is not None and value.size > 0


def _octets(value: Value) -> bytes:
    data = value.data or b""
    return data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data


def _apart(parts: list[Origin]) -> list[Origin]:
    """Of the parts that lie in a joined value, the largest that do not overlap, in their order."""
    kept: list[Origin] = []
    for part in sorted(parts, key=lambda part: part[1].start - part[1].stop):
        if all(part[1].stop <= other.start or part[1].start >= other.stop for _, other, _ in kept):
            kept.append(part)
    return sorted(kept, key=lambda part: part[1].start)


def _covered(parts: list[Origin], size: int) -> int:
    """How many bytes of a joined value lie in its parts."""
    return min(size, sum(found.stop - found.start for _, found, _ in _apart(parts)))
