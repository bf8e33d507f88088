"""Which object has which number: the identity of values, sound while it is claimed.

The hooks ask, at every value that they see. `rows` answers at once: an `id` is in it only while its object cannot be
another, because the object is kept alive (text, bytes), never goes (`None`), or takes its entry with it when it goes.
All other objects have an `Entry`, which is held against the object at each sight.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from itertools import compress, count, repeat
from operator import is_
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

#: What `getrefcount` says in `Known.sweep` of an object that nobody else holds than its entry and the list there.
_ALONE = (object(),)
UNUSED = next(map(getrefcount, [_ALONE[KEPT]]))


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
        self._held = 0
        #: What was kept at a time, the latest first; the oldest time first.
        self._texts: deque[list[str | bytes]] = deque()
        #: The `id`s of what is held strongly: new ones, and those that were looked at, the oldest first. Then of what
        #: is held weakly, in the same way.
        self._newest: list[int] = []
        self._strong: list[int] = []
        self.young: list[int] = []
        self._old: list[int] = []

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
        """Remember how an object is now; one that is not known yet (`entry` is None) so that it is held as said."""
        key = id(value)
        if entry is not None:
            if key not in self.others:  # forgotten since it was looked up
                (self.young if type(entry[KEPT]) is ref else self._newest).append(key)
            self.others[key] = (entry[KEPT], entry[IDENTITY], row, marks, self.sweeps)
        elif held == WEAKLY:
            self.others[key] = (ref(value), row, row, marks, self.sweeps)
            self.young.append(key)
        elif held != NOT:
            self.others[key] = (value if held == ITSELF else attributes(value), row, row, marks, self.sweeps)
            self._newest.append(key)

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
            # `pop`, with the dead reference as its default: no Python code runs where a signal's handler could raise
            self.others[key] = (ref(value, partial(self.rows.pop, key)), identity, row, marks, since)
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

    def keep(self, values: list[str | bytes]) -> None:
        """Keep text and bytes alive that have a row, the oldest first; the oldest of all are forgotten when that is too
        much. One that was kept before may be forgotten when its first time is over."""
        if values:
            values.reverse()
            self._texts.append(values)
            self._held += sum(map(len, values)) + OVERHEAD * len(values)
        while self._held > self._budget and (len(self._texts) > 1 or len(self._texts[0]) > 1):
            text = self._texts[0].pop()
            self.rows.pop(id(text), None)  # before it goes
            self._held -= len(text) + OVERHEAD
            self.cut += 1
            if not self._texts[0]:
                self._texts.popleft()

    def sweep(self) -> None:
        """Let go of what the program has let go of: what it holds (a socket, say) has to be closed as soon as
        without us. (What keeps an exception is its dictionary, which goes with it.)"""
        self.sweeps += 1
        self._sweep_weak()
        count = len(self._newest)
        keys = dict.fromkeys(self._strong + self._newest[:count])  # each once, or its own copies would keep it
        del self._newest[:count]
        others, rows = self.others, self.rows
        # what is another object since is held weakly
        found = [(key, entry) for key in keys if (entry := others.get(key)) and type(entry[KEPT]) is not ref]
        kept = [entry[KEPT] for _, entry in found]
        used = [*map(UNUSED.__lt__, map(getrefcount, kept))]
        stay = [key for key, _ in compress(found, used)]
        self._strong = stay[-RING:]
        staying = {*self._strong}
        for key, entry in found:  # `kept` has them: none goes before its answer
            if key not in staying and others.get(key) is entry:  # of an exception the `id` may be another's by now
                others.pop(key, None)  # first: see `answer`
                if id(entry[KEPT]) == key:
                    rows.pop(key, None)

    def _sweep_weak(self) -> None:
        count = len(self.young)
        keys = self.young[:count]
        del self.young[:count]
        if self.sweeps % SELDOM == 0:
            keys += self._old
            self._old = []
        found = [(key, entry) for key in keys if (entry := self.others.get(key)) and type(entry[KEPT]) is ref]
        for key, entry in _dead(found):
            if self.others.get(key) is entry:
                del self.others[key]
        self._old += [key for key in keys if key in self.others]

    def clear(self) -> None:
        """Let go of everything."""
        for held in (
            self.rows, self.others, self.objects, self.told, self.news, self.readers, self.veils, self._texts,
            self._newest, self._strong,
            self.young, self._old,
        ):  # fmt: skip
            held.clear()


def _dead(entries: Sequence[tuple[int, Entry]]) -> list[tuple[int, Entry]]:
    """Those whose objects are gone. No object that is alive is held on the way, not for a moment, for the program's
    last reference might go just then: `map` alone has it, which no other thread interrupts."""
    references = [entry[KEPT] for _, entry in entries]
    return list(compress(entries, map(is_, map(_there, references), repeat(None))))
