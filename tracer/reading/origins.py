"""Where a new value came from: of what was at hand, what was kept, and what was read, the closest by its content.

`flow.py` says what every call had at hand; here is remembered what objects and threads were given meanwhile, and what
of it has been taken. What is as close as what was chosen, and has another origin, makes the answer ambiguous.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from .gather import Gathered, Rest, following, gathered
from .joins import tile
from .kept import KEPT, Kept
from .memory import Memory
from .nodes import CONTINUES, Edge, Node, is_form, makeshift, tells_more
from .nodes import Origin as Origin
from .ordinary import Ordinary, is_number
from .relations import LEAST, OF_MADE, OF_SOURCE, Relation, in_part, relation
from .streams import Streams

#: Of the pieces at hand in a call, as many may have been joined.
AT_HAND = 256
#: Relations in which one is the other as a whole, in another form.
WHOLE = frozenset({"copy", "decoded", "encoded", "folded", "unquoted", "unmasked", "inflated", "deflated"})
#: Of those, the ones in which the content is the same.
EQUAL = frozenset({"copy", "decoded", "encoded"})
#: So many bytes may be a masking key.
KEY = 4
#: One in so many may be found in something kept by chance.
UNLIKELY = 1000
#: Of so many pieces something is gathered.
GATHERED = 256
#: Of what an object was given, as much of the latest may still be in it.
INSIDE = 16


class Origins:
    """The search in one flow; `nodes`, the edges and the memory are the flow's own."""

    def __init__(
        self,
        nodes: dict[int, Node],
        into: dict[int, list[Edge]],
        out_of: dict[int, list[Edge]],
        ordinary: Ordinary,
        memory: Memory,
    ) -> None:
        self._nodes, self._into, self._out_of = nodes, into, out_of
        self._ordinary = ordinary
        self._memory = memory
        self._given, self._born, self._taken = memory.given, memory.born, memory.taken
        self._streams = Streams()

    # -- the search ------------------------------------------------------------------------------------------------

    def of(
        self,
        node: Node,
        hand: Kept | None,
        holders: Collection[int],
        inside: Iterable[int],
        keys: Iterable[bytes] | None,
        thread: int,
        around: Iterable[Kept],
        given: bool,
    ) -> list[Origin]:
        """What a new value was made of: by what its call had at hand, by what an object of that call had kept, by what
        objects that it got may hold (`inside`), by what the thread has read and nobody has taken yet, by what the calls
        around it have at hand. `given`: it was made in the source of a call that passes it on."""
        if node.value.data is None or (given and self._counted(node)):
            return []
        if hand is not None:
            found = self._at_hand(node, hand, holders, keys)
            if given and found and self._again(node, found[0]):
                return []
            if found and not makeshift(node, found):
                return found
            for holder in reversed(list(holders)):
                kept = self._given.get(holder)
                told = self._kept(node, kept, holder) if kept is not None else []
                if told and kept is not None and tells_more(node, told, found):
                    return self._memory.take(told, kept)
            if found:
                return found
        if found := self._inside(node, inside):
            return self._read_next(node, found, thread)
        if found := self._was_read(node, thread):
            return [self._memory.doubted(o) for o in found]
        for outer in around if not self._ordinary(node.octets) else ():
            found = self._whole(node, outer.latest(), (), EQUAL)
            if found:
                return [Origin(o.source, o.relation, o.via, True) for o in found]
        return []

    def _counted(self, node: Node) -> bool:
        """Whether it may be a number made text: what it was counted of is no value."""
        return node.value.type == "str" and is_number(node.octets)

    def _inside(self, node: Node, objects: Iterable[int]) -> list[Origin]:
        """What objects hold that were made where a source of it was at hand, or were given one: in any order, and
        again and again, as items of a form are asked for. What was taken in order is gone."""
        via: dict[int, int] = {}
        for holder in objects:
            kept = self._given.get(holder)
            given = [one for one in kept.latest(INSIDE) if one not in self._taken] if kept is not None else ()
            for one in (*given, *self._born.get(holder, ())):
                via.setdefault(one, holder)
        via.pop(node.id, None)
        if not via:
            return []
        found = self._whole(node, via, (), EQUAL) or self._whole_of(node, via)
        found = found or [o for o in self._cut(node, via) if self._shown(node, o)]
        return [Origin(o.source, o.relation, via[o.source], o.ambiguous) for o in found]

    def _read_next(self, node: Node, found: list[Origin], thread: int) -> list[Origin]:
        """What an object may hold, unless it is as well the very next of what the thread has read: so coroutines take
        turns, and one may have made the object while another's bytes were at hand."""
        rivals, reads = ([], None) if self._ordinary(node.octets) else self._of_reads(node, thread)
        rivals = [o for o in rivals if all(not self._memory.akin(o.source, other.source) for other in found)]
        if not rivals or reads is None or self._taken.get(rivals[0].source, 0):
            return found
        return [Origin(o.source, o.relation, o.via, True) for o in self._memory.take(rivals, reads)]

    def _was_read(self, node: Node, thread: int) -> list[Origin]:
        """What the thread has read and nobody has taken yet."""
        found, reads = self._of_reads(node, thread)
        return self._memory.take(found, reads) if reads is not None else []

    def _of_reads(self, node: Node, thread: int) -> tuple[list[Origin], Kept | None]:
        """The same, and of which connection: rather one of which it is the very next, of several such the one that has
        waited longest, else the latest. Of two connections nothing is put together."""
        told = [(found, kept) for kept in self._memory.reads(thread) if (found := self._kept(node, kept, 0))]
        following = [one for one in told if self._memory.is_next(one[0][0])]
        if not told:
            return [], None
        found, kept = min(following, key=lambda one: self._memory.waits_since(one[0][0])) if following else told[0]
        unsure = len(following or told) > 1
        return [Origin(o.source, o.relation, o.via, o.ambiguous or unsure) for o in found], kept

    def _whole_of(self, node: Node, among: Iterable[int]) -> list[Origin]:
        """What makes up all of it, joined."""
        kept = Kept()
        kept.add(reversed(list(among)), self._nodes)
        found = self._joined(node, kept, KEPT, 0, False)
        return found if sum(o.relation.stop - o.relation.start for o in found) == node.size else []

    def next_read(self, node: Node, thread: int) -> list[Origin]:
        """A value that stands in the source is that literal, unless it is the very next of what the thread has read."""
        found, reads = self._of_reads(node, thread)
        following = [o for o in found if o.relation.how == "slice" and o.relation.start == self._taken.get(o.source, 0)]
        return self._memory.take(following, reads) if reads is not None else []

    def _at_hand(self, node: Node, hand: Kept, holders: Collection[int], keys: Iterable[bytes] | None) -> list[Origin]:
        turned = self._turned(hand, holders, keys) if keys is not None else ()
        found = self._whole(node, hand.latest(), turned, None) or self._packed(node, hand, holders)
        if found or (found := self._goes_on(node, hand, holders)):
            return found
        return self._joined(node, hand, AT_HAND, 0, False) or self._cut(node, hand.latest())

    def _turned(self, hand: Kept, holders: Collection[int], keys: Iterable[bytes]) -> tuple[bytes, ...]:
        """What may be a masking key, begun anywhere."""
        known = [*keys, *(self._nodes[c].octets for c in self._near(hand, holders))]
        return tuple({key[i:] + key[:i] for key in known if len(key) == KEY for i in range(KEY)})

    def in_another_form(
        self, node: Node, among: Iterable[int], hand: Kept, holders: Collection[int], keys: Iterable[bytes]
    ) -> list[Origin]:
        """The one that a value is the whole of, in another form, with the keys at hand."""
        return self._whole(node, among, self._turned(hand, holders, keys), None)

    def _near(self, hand: Kept, holders: Collection[int]) -> Iterator[int]:
        """What is at hand, and what the objects of a call were given: what they hold may never have been described."""
        yield from hand.latest()
        for holder in holders:
            yield from self._given[holder].latest(INSIDE) if holder in self._given else ()

    def _again(self, node: Node, origin: Origin) -> bool:
        """Whether an equal value that is passed on may as well be made anew."""
        same = self._nodes[origin.source].value.type == node.value.type
        return bool(node.value.object and origin.relation.how == "copy" and same and self._ordinary(node.octets))

    def _goes_on(self, node: Node, hand: Kept, holders: Collection[int]) -> list[Origin]:
        """Text that begins with a character of which the beginning was given before."""
        last = next(hand.latest(1), None)
        piece = self._nodes[last].value.data if last is not None else None
        if not isinstance(node.value.data, str) or not isinstance(piece, bytes) or piece[0] not in CONTINUES:
            return []
        for holder in holders:
            kept = self._given.get(holder)
            if kept is not None and (found := self._gathered(node, kept.latest(KEY), holder)):
                return found
        return []

    def _kept(self, node: Node, kept: Kept, via: int) -> list[Origin]:
        """Of what was kept, only what has not been taken counts."""
        if via and (found := self._cut(node, self._left(kept.since(node, self._nodes)), via, True)):
            return found
        if found := self._next(node, kept, via):
            return found
        rest = self._left(kept.latest())
        fresh = [c for c in rest if not self._taken.get(c, 0) and (node.size >= LEAST or self._nodes[c].wire)]
        equal = self._first_equal(node, fresh, kept, via)
        joined = equal or self._joined(node, kept, KEPT, via, True)
        if not equal and len(joined) == 1 and joined[0].relation.stop - joined[0].relation.start == node.size:
            joined = []  # an equal one, which was refused
        if equal or sum(o.relation.stop - o.relation.start for o in joined) == node.size:
            return joined
        cut = self._cut(node, rest, via, True)
        if cut and self._memory.is_next(cut[0]):
            return cut
        return self._gathered(node, kept.latest(GATHERED), via) or joined or cut

    def _left(self, among: Iterable[int]) -> list[int]:
        return [one for one in among if self._taken.get(one, 0) < self._nodes[one].size]

    def _next(self, node: Node, kept: Kept, via: int) -> list[Origin]:
        """The very next bytes of what is kept, behind the last that was taken: of what came by one way, the first in is
        the first out. One byte says so little that some of it must have been taken before."""
        if node.value.cut or (node.size < LEAST and (not via or isinstance(node.value.data, str))):
            return []
        usable, ordinary = self._usable(node, kept, False), self._ordinary(node.octets)
        for numbers, begun in self._memory.waiting(kept, bool(via)):
            if node.size < LEAST and not begun:
                continue
            left = [self._nodes[one] for one in numbers if usable(one)]
            rests = [Rest(one.id, one.octets, self._taken.get(one.id, 0)) for one in left if not one.value.cut]
            found = following(node.octets, rests)
            if found and not (via and ordinary and not all(self._memory.was_read(part.piece) for part in found)):
                return self._as_origins(node, found, via)
        return []

    def _as_origins(self, node: Node, found: list[Gathered], via: int) -> list[Origin]:
        """Parts as edges: all of one piece, a slice of one, or parts that were joined."""
        if len(found) > 1:
            return [Origin(g.piece, Relation("joined", g.start, g.stop, g.at), via) for g in found]
        source, part = self._nodes[found[0].piece], found[0]
        if node.size < source.size:
            return [Origin(source.id, Relation("slice", part.at, part.at + node.size), via)]
        whole = self._relation(source, node, ())
        return [Origin(source.id, whole, via)] if whole is not None else []

    def _gathered(self, node: Node, latest: Iterable[int], via: int) -> list[Origin]:
        """What lies over more than one of the pieces that are left, or more than once in one; of what was read into a
        buffer with something left out between."""
        left = [self._nodes[one] for one in reversed(list(latest)) if one != node.id]
        rests = [Rest(one.id, one.octets, self._taken.get(one.id, 0)) for one in left if not one.value.cut]
        if node.value.cut or node.size < LEAST or self._ordinary(node.octets):
            return []
        found = gathered(node.octets, rests, not via)
        if len({self._memory.connection(part.piece) for part in found} - {0}) > 1:
            return []  # of two connections nothing is put together but whole pieces
        return (
            [Origin(g.piece, Relation("joined", g.start, g.stop, g.at), via) for g in found] if len(found) > 1 else []
        )

    def _first_equal(self, node: Node, fresh: list[int], kept: Kept, via: int) -> list[Origin]:
        """Of equal values that are kept, the one that has waited longest; which it is, nothing shows. What is ordinary
        counts if it was read, or nothing came after it."""
        usable = self._usable(node, kept, True)
        if via and self._ordinary(node.octets):
            last = list(kept.latest(1))
            fresh = [c for c in fresh if c in last or self._memory.was_read(c)]
        equal = [c for c in fresh if self._nodes[c].octets == node.octets and usable(c)]
        found = self._whole(node, [self._memory.first_in(equal)] if equal else fresh, (), EQUAL, via)
        return [Origin(o.source, o.relation, o.via, o.ambiguous or len(equal) > 1) for o in found]

    def _whole(
        self,
        node: Node,
        candidates: Iterable[int],
        keys: tuple[bytes, ...],
        only: frozenset[str] | None,
        via: int = 0,
    ) -> list[Origin]:
        """The latest that is the whole value in another form."""
        made, chosen = node.value.data, None
        assert made is not None
        for source in candidates:
            one = self._nodes[source]
            if source == node.id or one.value.data is None:
                continue
            if chosen is not None:
                if chosen.relation.how == "unmasked" and self._relation(one, node, keys) == chosen.relation:
                    return [self._newer(source, chosen)]
                if node.octets in one.octets and not self._memory.akin(source, chosen.source):
                    return [Origin(chosen.source, chosen.relation, via, True)]
                continue
            found = self._relation(one, node, keys)
            if found is None or (found.how in OF_SOURCE | OF_MADE and not is_form(found, one, node)):
                continue
            if only is not None and found.how not in only:
                continue
            chosen = Origin(source, found, via)
        return [chosen] if chosen is not None else []

    def _newer(self, source: int, chosen: Origin) -> Origin:
        """Where a key is as long as what it masks, either could be it: rather the older one."""
        first = self._nodes[source].sightings[0].order, self._nodes[chosen.source].sightings[0].order
        return Origin(source if first[0] > first[1] else chosen.source, chosen.relation, chosen.via, True)

    def _relation(self, source: Node, made: Node, keys: tuple[bytes, ...]) -> Relation | None:
        if source.value.cut or made.value.cut:
            return in_part(source.octets, source.size, made.octets, made.size)
        assert source.value.data is not None and made.value.data is not None
        return relation(source.value.data, made.value.data, keys)

    def _packed(self, node: Node, hand: Kept, holders: Collection[int]) -> list[Origin]:
        """Compressed or inflated, by an object that may go on where it stopped."""
        if isinstance(node.value.data, str):
            return []
        for source in hand.latest():
            one = self._nodes[source]
            if source != node.id and not isinstance(one.value.data, str):
                how = self._streams.compressed(one.octets, node.octets, holders, self._earlier(source, holders))
                if how is not None:
                    return [Origin(source, Relation(how, 0, node.size))]
        return []

    def _earlier(self, source: int, holders: Collection[int]) -> Iterator[bytes]:
        """The bytes that the first of a call's objects was given before a source, the latest first."""
        latest = self._given[holder].latest(INSIDE) if (holder := next(iter(holders), 0)) in self._given else iter(())
        if source in latest:  # what was given since is passed by
            yield from (self._nodes[one].octets for one in latest if self._nodes[one].value.type == "bytes")

    def _joined(self, node: Node, kept: Kept, most: int, via: int, once: bool) -> list[Origin]:
        """The parts that it was joined of, those of one byte only where nothing is missing."""
        if node.value.cut:
            return self._joined_in_part(node, kept, via)
        pieces, usable = kept.pieces(self._nodes, most), self._usable(node, kept, once)
        placed = tile(node.octets, pieces, usable)
        for fits in self._memory.connections([one.piece for one in placed]):
            alone = tile(node.octets, pieces, lambda one, fits=fits: usable(one) and fits(one))  # type: ignore[misc]
            if sum(p.stop - p.start for p in alone) == node.size:
                placed = alone  # what two connections have given is rarely put together
                break
        if via and sum(p.stop - p.start for p in placed) < node.size:
            placed = [p for p in placed if not self._ordinary(node.octets[p.start : p.stop])]
        return [Origin(p.piece, Relation("joined", p.start, p.stop), via, p.others) for p in placed]

    def _joined_in_part(self, node: Node, kept: Kept, via: int) -> list[Origin]:
        for source in kept.latest():
            one = self._nodes[source]
            if source != node.id and 2 * one.size >= node.size:
                found = in_part(one.octets, one.size, node.octets, node.size)
                if found is not None and found.how == "joined":
                    return [Origin(source, found, via)]
        return []

    def _usable(self, node: Node, kept: Kept, once: bool) -> Callable[[int], bool]:
        """Whether a piece can have been joined: it is still there, and not there in a later form too."""

        def usable(piece: int) -> bool:
            if piece == node.id or piece not in kept.order or (once and self._taken.get(piece, 0)):
                return False
            edges = self._out_of.get(piece, ())
            later = (edge.target for edge in edges if edge.relation.how in EQUAL)
            return all(target not in kept.order for target in later)

        return usable

    def _cut(self, node: Node, candidates: Iterable[int], via: int = 0, kept: bool = False) -> list[Origin]:
        """The latest that it was cut from. Of what was kept, what begins with it is closer; of what was read on one
        connection, the earliest that is left."""
        found = [o for c in candidates if c != node.id and (o := self._cut_from(node, self._nodes[c], via, kept))]
        if kept:
            found = [o for o in found if self._memory.is_next(o)] or [o for o in found if self._shown(node, o)]
        if not found:
            return []
        chosen = found[0]
        wire = self._nodes[chosen.source].wire
        if wire is not None:
            same = [o for o in found if (w := self._nodes[o.source].wire) and w.connection == wire.connection]
            chosen = min(same, key=lambda o: self._nodes[o.source].wire.ended)  # type: ignore[union-attr]
            found = [o for o in found if o not in same]
        others = any(not self._memory.akin(o.source, chosen.source) for o in found[:8])
        again = chosen.ambiguous and not (kept and self._memory.is_next(chosen))
        return [Origin(chosen.source, chosen.relation, via, again or others)]

    def _shown(self, node: Node, origin: Origin) -> bool:
        """Whether chance is unlikely to have put it there."""
        return self._nodes[origin.source].size * UNLIKELY < 1 << 8 * min(node.size, 8)

    def _cut_from(self, node: Node, source: Node, via: int, kept: bool) -> Origin | None:
        """A slice of the source; of what was kept, of what is left of it."""
        done = self._taken.get(source.id, 0) if kept else 0
        if source.value.cut or node.value.cut:
            found = self._relation(source, node, ())
            return Origin(source.id, found, via) if found is not None and found.how == "slice" else None
        data = source.value.data
        if data is None or node.value.data is None:
            return None
        found = relation(source.rest(done), node.value.data)
        if found is None or (not done and found.how not in OF_SOURCE) or found.how not in (*OF_SOURCE, *EQUAL):
            return None
        again = not done and source.octets.find(node.octets, found.start + 1) >= 0
        how = "slice" if found.how in EQUAL else found.how
        return Origin(source.id, Relation(how, found.start + done, found.stop + done), via, again)
