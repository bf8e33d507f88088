"""What objects and threads were given, what they were made of, what a thread has read, and how much of it is taken.

What is kept is taken in its order, once. What goes in first comes out first: of one connection that is so, of an object
it is likely.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from .kept import Kept
from .nodes import Edge, Node, Origin
from .relations import OF_SOURCE

#: How far back it is looked for a common origin.
FAR = 64


class Memory:
    """The memory of one flow; `nodes` and the edges are the flow's own. `given` is what each object was given, `born`
    what was at hand where it was first seen, `read` what each thread has read, `taken` how many bytes of a node are
    gone."""

    def __init__(self, nodes: dict[int, Node], into: dict[int, list[Edge]], code_of: Callable[[int], int]) -> None:
        self._nodes, self._into, self._code_of = nodes, into, code_of
        self.given: dict[int, Kept] = {}
        self.born: dict[int, list[int]] = {}
        self.read: dict[int, Kept] = {}
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

    def has_read(self, thread: int, node: int) -> None:
        """A thread has read these bytes."""
        self.read.setdefault(thread, Kept()).add((node,), self._nodes)

    def leave(self, node: int) -> None:
        """What was written has left, with all that it was made of: nothing that is kept is made of it any more."""
        todo = [node]
        while todo:
            one = todo.pop()
            if self.taken.get(one, 0) < self._nodes[one].size:
                self.taken[one] = self._nodes[one].size
                todo += [edge.source for edge in self._into.get(one, ())]

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
        """By which way a value came: where it was first seen. What one line of code takes, again and again, came by the
        same; the thread and the time say nothing. One byte has no identity: it came as what it is a copy of."""
        while number < 0 and [edge.relation.how for edge in self._into.get(number, ())] == ["copy"]:
            number = self._into[number][0].source
        first = self._nodes[number].sightings[0]
        return self._code_of(first.call), first.role, first.name

    def first_in(self, latest: list[int]) -> int:
        """Of values as good as each other, the latest first, the one that has waited longest, among those that came by
        the way by which the latest came."""
        way = self.way(latest[0])
        return next(one for one in reversed(latest) if self.way(one) == way)

    def was_read(self, number: int) -> bool:
        """Whether a value was, or was made of, what was read, whichever read it was."""
        return any(self._nodes[one].wire is not None for one in self.ancestry(number, sure=False))

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
