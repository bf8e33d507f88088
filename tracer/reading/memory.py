"""What objects and threads were given, what they were made of, what a thread has read, and how much of it is taken.

What is kept is taken in its order, once. What goes in first comes out first: of one connection that is so, of an object
it is likely.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial
from itertools import islice

from .kept import Kept
from .nodes import Edge, Node, Origin
from .relations import OF_SOURCE, Relation

#: Of the connections that a thread has read from, as many of the latest are looked at.
CONNECTIONS = 16
#: Of what is kept, as many of the latest may wait to be taken.
WAITING = 256
#: How far back it is looked for a common origin.
FAR = 64


class Memory:
    """The memory of one flow; `nodes` and the edges are the flow's own. `given` is what each object was given, `born`
    what was at hand where it was first seen, `taken` how many bytes of a node are gone."""

    def __init__(self, nodes: dict[int, Node], into: dict[int, list[Edge]], code_of: Callable[[int], int]) -> None:
        self._nodes, self._into, self._code_of = nodes, into, code_of
        self.given: dict[int, Kept] = {}
        self.born: dict[int, list[int]] = {}
        self._read: dict[int, dict[int, Kept]] = {}
        self._sent: dict[tuple[int, int], int] = {}
        self._closed: set[int] = set()
        self._came: dict[int, tuple[object, ...]] = {}
        self.taken: dict[int, int] = {}

    def give(self, holders: Iterable[int], seen: Collection[int]) -> None:
        """What a call has at hand together with an object may be kept by that object."""
        for holder in holders if seen else ():
            self.given.setdefault(holder, Kept()).add(seen, self._nodes)

    def meet(self, holders: Iterable[int], hand: list[int]) -> None:
        """An object that is seen for the first time was made of what was at hand there, if of anything."""
        for holder in holders:
            self.born.setdefault(holder, hand)

    def let_go(self, holders: Iterable[int], seen: Collection[int]) -> None:
        """What an object had kept, and a call of its gave back, it keeps no more."""
        for holder in holders if seen else ():
            kept = self.given.get(holder)
            for number in seen if kept is not None else ():
                kept.order.pop(number, None)  # type: ignore[union-attr]

    def has_read(self, thread: int, node: int, connection: int) -> None:
        """A thread has read these bytes on a connection."""
        by_connection = self._read.setdefault(thread, {})
        by_connection[connection] = kept = by_connection.pop(connection, Kept())
        kept.add((node,), self._nodes)

    def close(self, connection: int) -> None:
        """A connection was closed: what nobody has taken of it is rarely taken any more."""
        self._closed.add(connection)

    def reads(self, thread: int) -> list[Kept]:
        """What a thread has read, of each connection by itself; the latest first, of those that are closed last."""
        found = list(islice(reversed(self._read.get(thread, {}).items()), CONNECTIONS))
        return [kept for _, kept in sorted(found, key=lambda one: one[0] in self._closed)]

    def leave(self, node: int) -> None:
        """What was written has left, with those bytes of all else that it was made of: nothing that is kept is made of
        them any more."""
        todo = [(node, self._nodes[node].size)]
        while todo:
            one, stop = todo.pop()
            if self.taken.get(one, 0) < stop:
                self.taken[one] = stop
                todo += [(edge.source, self._reach(edge, stop)) for edge in self._into.get(one, ())]

    def _reach(self, edge: Edge, stop: int) -> int:
        """Up to which byte of its source an edge leads to what lies before `stop` of its target."""
        found, size = edge.relation, self._nodes[edge.source].size
        if found.how == "slice":
            return found.start + stop
        if found.how == "joined":
            return found.at + max(0, min(stop, found.stop) - found.start)
        if found.how in OF_SOURCE:
            return found.stop
        return stop if size == self._nodes[edge.target].size else size

    def write(self, node: int, found: list[Origin], connection: int) -> list[Origin]:
        """Pieces of one value that are written on one connection come in their order: of equal bytes the next."""
        if len(found) != 1 or found[0].relation.how != "slice":
            return found
        piece, source = self._nodes[node], self._nodes[found[0].source]
        at = self._sent.get((connection, source.id), 0)
        if at and not source.value.cut and source.octets.startswith(piece.octets, at):
            found = [Origin(source.id, Relation("slice", at, at + piece.size), found[0].via)]
        self._sent[connection, source.id] = found[0].relation.stop % source.size
        return found

    def take(self, found: list[Origin], among: Kept) -> list[Origin]:
        """What is kept is taken in its order, once: what lies before the end of what was taken is gone, and of one
        connection what was read before it."""
        for origin in found:
            node, how = self._nodes[origin.source], origin.relation
            joined = how.at + how.stop - how.start if how.how == "joined" else node.size
            stop = how.stop if how.how in OF_SOURCE else joined
            self.taken[node.id] = max(self.taken.get(node.id, 0), stop)
            if node.wire is not None:
                self._pass_over(node, among)
        return found

    def _pass_over(self, node: Node, among: Kept) -> None:
        for earlier in among.latest():
            wire = self._nodes[earlier].wire
            if wire and node.wire and wire.connection == node.wire.connection and wire.ended < node.wire.ended:
                self.taken[earlier] = self._nodes[earlier].size

    # -- which of several ------------------------------------------------------------------------------------------

    def way(self, number: int) -> tuple[object, ...]:
        """By which way a value came: where it was first seen, and of which connection it is. What one line of code
        takes, again and again, came by the same; the thread and the time say nothing. One byte has no identity: it came
        as what it is a copy of."""
        if number not in self._came:
            self._came[number] = (*self._seen(number), self.connection(number))
        return self._came[number]

    def connection(self, number: int) -> int:
        """The connection on which a value, or what it was made of, was read; 0: none."""
        wires = (self._nodes[one].wire for one in self.ancestry(number, sure=False))
        return min((wire.connection for wire in wires if wire is not None), default=0)

    def connections(self, numbers: Iterable[int]) -> list[Callable[[int], bool]]:
        """If some values were read on several connections: for each of those, whether a value was read on no other."""
        wires = (self._nodes[one].wire for one in numbers)
        found = sorted({wire.connection for wire in wires if wire is not None})
        return [partial(self._fits, connection) for connection in found] if len(found) > 1 else []

    def _fits(self, connection: int, number: int) -> bool:
        wire = self._nodes[number].wire
        return wire is None or wire.connection == connection

    def _seen(self, number: int) -> tuple[object, ...]:
        while number < 0 and [edge.relation.how for edge in self._into.get(number, ())] == ["copy"]:
            number = self._into[number][0].source
        first = self._nodes[number].sightings[0]
        return self._code_of(first.call), first.role, first.name

    def waiting(self, kept: Kept, ways: bool) -> Iterable[tuple[list[int], bool]]:
        """Of what came by one way (without `ways`: of all that is kept), in order, what came since the last that was
        taken, and whether any was; the latest way first."""
        waiting: dict[object, list[int]] = {}
        reached = set()
        for one in kept.latest(WAITING):
            way, done = self.way(one) if ways else (), self.taken.get(one, 0)
            if way not in reached and done < self._nodes[one].size:
                waiting.setdefault(way, []).append(one)
            if done:
                reached.add(way)
        return [(numbers[::-1], way in reached) for way, numbers in waiting.items()]

    def is_next(self, origin: Origin) -> bool:
        """Whether it begins where what was taken of its source ends."""
        begins = origin.relation.start if origin.relation.how in OF_SOURCE else origin.relation.at
        return begins == self.taken.get(origin.source, 0)

    def waits_since(self, origin: Origin) -> tuple[bool, int]:
        """When it was read; what is closed comes after all else."""
        wire = self._nodes[origin.source].wire
        return (wire.connection in self._closed, wire.ended) if wire is not None else (True, 0)

    def doubted(self, origin: Origin) -> Origin:
        """Of what was read into a buffer and never was in a call's hands, whoever reads on gives it. What was in other
        hands since is as likely to be equal only."""
        node = self._nodes[origin.source]
        given = node.wire is not None and not node.wire.op.endswith("_into")
        seen = given or any(sighting.role != "read" for sighting in node.sightings)
        return Origin(origin.source, origin.relation, origin.via, origin.ambiguous or seen)

    def first_in(self, latest: list[int]) -> int:
        """Of values as good as each other, the latest first, the one that has waited longest, among those that came by
        the way by which the latest came."""
        way = self.way(latest[0])
        return next(one for one in reversed(latest) if self.way(one) == way)

    def was_read(self, number: int) -> bool:
        """Whether a value was, or was made of, what was read, whichever read it was."""
        return self.connection(number) > 0

    def akin(self, one: int, other: int) -> bool:
        """Whether two nodes have an origin in common, so that either tells the same way."""
        return one == other or not self.ancestry(one).isdisjoint(self.ancestry(other))

    def ancestry(self, number: int, sure: bool = True) -> set[int]:
        """A node and what it was (surely) made of, not too far back."""
        found, todo = {number}, [number]
        while todo and len(found) < FAR:
            edges = self._into.get(todo.pop(), ())
            fresh = {edge.source for edge in edges if not (sure and edge.ambiguous)} - found
            found |= fresh
            todo += fresh
        return found
