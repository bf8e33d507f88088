"""Which object has which number: the identity of values, sound while it is claimed.

The hooks ask, at every value that they see. `rows` answers at once: an `id` is in it only while its object cannot be
another, because the object is kept alive (text, bytes), never goes (`None`), or takes its entry with it when it goes.
All other objects have an `Entry`, which is held against the object at each sight.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import compress, count, repeat
from operator import is_, not_
from sys import getrefcount
from typing import Any
from weakref import ref

from .kinds import BY_ATTRIBUTES, ITSELF, MUTABLE, NOT, WEAKLY, attributes, plan

#: Containers and other objects that are kept alive at a time, at most.
RING = 256
#: What a text costs besides its characters, in bytes.
OVERHEAD = 80
#: An object that stays as it is while the writer comes by so often is settled.
SETTLED = 2
#: Entries of objects that live on are looked at again at each so many sweeps.
SELDOM = 8

_there: Any = ref.__call__

#: What an entry has of what is known of an object: what keeps it (see `kinds.py`), its number, its latest row, what was
#: in it then (`MARKS`: None where only its type is told so far), and the sweep at which that was. A plain tuple, which
#: is made in a tenth of the time that an object takes.
KEPT, IDENTITY, ROW, MARKS, SINCE = range(5)
Entry = tuple[Any, int, int, Any, int]

#: What `getrefcount` says, asked by `map` of a list's items, of one that the list alone holds; each further holder is
#: one more.
_LISTED = next(map(getrefcount, [object()]))


class Known:
    """Which object has which number, soundly: an entry lives only as long as its object cannot be another.

    `budget` bounds the text and bytes that are kept alive, in bytes; `thorough`: no object is said to be settled.
    What has got a number and no row yet is in three flat lists, to which the hooks only ever add. `objects` has
    integers: number, identity, shape, size, whether that is not all, how many parts, the parts. `told` has what says
    something, six items each: number, identity, shape, size, flags, and the text or bytes. `news` has the rest:
    number, thing. `cut` counts what had to be forgotten.
    """

    def __init__(self, budget: int, thorough: bool = False) -> None:
        self.rows: dict[int, int] = {}
        self.others: dict[int, Entry] = {}
        #: The number of each object that is held itself and has an entry.
        self.numbers: dict[int, int] = {}
        self.objects: list[int] = []
        self.told: list[Any] = []
        self.news: list[Any] = []
        self.next: Callable[[], int] = count(1).__next__
        #: How the hooks look at objects of each type, by the type's `id`.
        self.readers: dict[int, Callable[[Any], int]] = {}
        #: A byte that was read alone, by thread: until the next read there, the same byte is taken for this one.
        self.veils: dict[int, tuple[bytes, int]] = {}
        self.sweeps = 0
        self.cut = 0
        self._budget = budget
        self._thorough = thorough
        #: Text and bytes that are kept alive, by `id`: what came since the last sweep; the rest, the oldest first, and
        #: how many bytes that is, at most.
        self._fresh: list[str | bytes] = []
        self._texts: dict[int, str | bytes] = {}
        self._held = 0
        #: What is held itself: since the last sweep, and those that were looked at, by `id`, the oldest first. What
        #: cannot change needs no entry besides.
        self.young: list[Any] = []
        self._strong: dict[int, Any] = {}
        self.constant: list[Any] = []
        self._constant: dict[int, Any] = {}
        #: The `id`s of what is held by its attributes; of what is held weakly and settled.
        self._by_attributes: list[int] = []
        self._settled: list[int] = []

    # -- for the hooks -------------------------------------------------------------------------------------

    def get(self, value: Any) -> Entry | None:
        """The entry of an object that is known, else None."""
        entry = self.others.get(id(value))
        if entry is not None:
            kept = entry[KEPT]
            if kept is value or (type(kept) is ref and kept() is value):
                return entry
            if type(kept) is dict and plan(type(value)).held == BY_ATTRIBUTES and attributes(value) is kept:
                return entry
        return None

    def put(self, value: Any, entry: Entry | None, row: int, marks: Any, held: int) -> None:
        """Remember how an object is now; one that is not known yet (`entry` is None) so that it is held as said. It is
        held once more where it is known: the writer may have forgotten it since it was looked up."""
        key = id(value)
        if entry is None:
            if held == NOT:
                return
            if held == WEAKLY:  # `pop`, with the dead reference as its default: it goes when its object goes
                kept: Any = ref(value, partial(self.others.pop, key))
            else:
                kept = value if held == ITSELF else attributes(value)
            identity = row
        else:
            kept, identity = entry[KEPT], entry[IDENTITY]
        self.others[key] = (kept, identity, row, marks, self.sweeps)
        if held == ITSELF:
            self.numbers[key] = identity
            self.young.append(value)
        elif held == BY_ATTRIBUTES:
            self._by_attributes.append(key)

    def still(self, value: Any, entry: Entry) -> int:
        """The row of an object that is as it was; it need not be looked into again where it has been so for long."""
        if entry[SINCE] <= self.sweeps - SETTLED:
            self.settle(value)
        return entry[ROW]

    def settle(self, value: Any, constant: bool = False) -> None:
        """A known object need not be looked into again; `constant`: since it cannot change."""
        if (self._thorough and not constant) or id(type(value)) in MUTABLE or plan(type(value)).held >= BY_ATTRIBUTES:
            return
        key = id(value)
        entry = self.others.get(key)
        if entry is None:  # it is one of too many, and the writer has forgotten it just now
            return
        kept, identity, row, marks, since = entry
        if type(kept) is ref:
            # no Python code runs where a signal's handler could raise
            self.others[key] = (ref(value, partial(self.rows.pop, key)), identity, row, marks, since)
            self._settled.append(key)
        self.answer(key, row)

    def answer(self, key: int, row: int) -> None:
        """Answer for a known object from now on; not where its entry has been forgotten meanwhile: nothing would keep
        it, and the `id` may be another's soon."""
        self.rows[key] = row
        if key not in self.others:
            self.rows.pop(key, None)

    # -- for the writer ------------------------------------------------------------------------------------

    def take(self) -> tuple[list[int], list[Any], list[Any]]:
        """The objects, what is told, and the other news so far, removed."""
        taken = tuple(one[:] for one in (self.objects, self.told, self.news))
        for whole, part in zip((self.objects, self.told, self.news), taken, strict=True):
            del whole[: len(part)]
        return taken  # type: ignore[return-value]

    def keep(self, values: Iterable[str | bytes]) -> None:
        """Keep text and bytes alive that have a row, the oldest first."""
        self._fresh += values

    def sweep(self) -> None:
        """Let go of what the program has let go of: what it holds (a socket, say) has to be closed as soon as
        without us. What only we hold, nobody can see again."""
        self.sweeps += 1
        self._sweep_texts()
        self._strong = self._sweep_held(self.young, self._strong, 2)
        self._constant = self._sweep_held(self.constant, self._constant, 1)
        if self._by_attributes:
            self._sweep_attributes()
        if self.sweeps % SELDOM == 0:
            self._sweep_settled()

    def _sweep_texts(self) -> None:
        """Most texts are gone when they are looked at first; the others are looked at seldom. The oldest are forgotten
        where all together are too much."""
        fresh, texts = _by_id(self._fresh), self._texts
        self._fresh.clear()
        stay = self._let_go(fresh, 1)
        self._held += _weight([text for key, text in stay.items() if key not in texts])
        texts.update(stay)
        del fresh, stay
        if self.sweeps % SELDOM == 0:
            texts = self._texts = self._let_go(texts, 1)
            self._held = _weight(texts.values())
        oldest = []
        for key, text in texts.items() if self._held > self._budget else ():
            oldest.append(key)
            self._held -= len(text) + OVERHEAD
            if self._held <= self._budget:
                break
        self.cut += len(oldest)
        _drop(self.rows, oldest)
        _drop(texts, oldest)

    def _sweep_held(self, young: list[Any], held: dict[int, Any], holders: int) -> dict[int, Any]:
        """Of what is held by `held` and, with two holders, by its entry, what still is."""
        new = young[:]
        del young[: len(new)]
        held.update(_by_id(new))
        del new
        return self._let_go(held, holders, RING)

    def _let_go(self, held: dict[int, Any], holders: int, most: int = 0) -> dict[int, Any]:
        """What somebody else holds than so many holders of ours, the latest `most` (0: all). Before the others go, so
        does what is known of them."""
        values = [*held.values()]
        used = [*map((_LISTED + holders).__lt__, map(getrefcount, values))]
        stay = dict(compress(held.items(), used))
        gone: Iterable[int] = compress(held, map(not_, used))
        if most and len(stay) > most:
            stay = dict([*stay.items()][-most:])
            gone = held.keys() - stay.keys()
        unknown = [*gone]
        if holders > 1:
            _drop(self.others, unknown)  # first: see `answer`
            _drop(self.numbers, unknown)
        _drop(self.rows, unknown)
        return stay

    def _sweep_attributes(self) -> None:
        """What keeps an exception is its dictionary, which goes with it. Its `id` may be another's by then."""
        count, others = len(self._by_attributes), self.others
        keys = dict.fromkeys(self._by_attributes[:count])
        del self._by_attributes[:count]
        found = [(key, entry) for key in keys if (entry := others.get(key)) and _by_attributes(key, entry[KEPT])]
        kept = [entry[KEPT] for _, entry in found]
        used = [*map((_LISTED + 1).__lt__, map(getrefcount, kept))]
        stay = [key for key, _ in compress(found, used)][-RING:]
        for key, entry in found:
            if key not in stay and others.get(key) is entry:
                others.pop(key, None)
        self._by_attributes += stay

    def _sweep_settled(self) -> None:
        count = len(self._settled)
        keys = self._settled[:count]
        del self._settled[:count]
        found = [(key, entry) for key in keys if (entry := self.others.get(key)) and type(entry[KEPT]) is ref]
        for key, entry in _dead(found):
            if self.others.get(key) is entry:
                self.others.pop(key, None)
        self._settled += [key for key in keys if key in self.others]

    def clear(self) -> None:
        """Let go of everything."""
        for held in (
            self.rows, self.others, self.numbers, self.objects, self.told, self.news, self.readers, self.veils,
            self._fresh, self._texts, self.young, self._strong, self.constant, self._constant, self._by_attributes,
            self._settled,
        ):  # fmt: skip
            held.clear()


def _by_attributes(key: int, kept: Any) -> bool:
    """Whether the object with this `id` is held by its attributes: not where it is such a dictionary itself."""
    return type(kept) is dict and id(kept) != key


def _by_id(values: list[Any]) -> dict[int, Any]:
    return dict(zip(map(id, values), values, strict=True))


def _drop(held: dict[int, Any], keys: Iterable[int]) -> None:
    """Take these out, at the speed of C."""
    deque(map(held.pop, keys, repeat(None)), 0)


def _weight(texts: Iterable[str | bytes]) -> int:
    """What texts cost in memory, in bytes."""
    sizes = [*map(len, texts)]
    return sum(sizes) + OVERHEAD * len(sizes)


def _dead(entries: Sequence[tuple[int, Entry]]) -> list[tuple[int, Entry]]:
    """Those whose objects are gone. No object that is alive is held on the way, not for a moment, for the program's
    last reference might go just then: `map` alone has it, which no other thread interrupts."""
    references = [entry[KEPT] for _, entry in entries]
    return list(compress(entries, map(is_, map(_there, references), repeat(None))))
