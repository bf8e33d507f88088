"""Which object has which number: the identity of values, sound while it is claimed.

What keeps an `id` from being used again while it is known is a weak reference where the type has them, and a strong
one, within a bound, where it has not. Only the writer asks; the hooks look into `entries` to save a snapshot.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from sys import getrefcount
from typing import Any, NamedTuple
from weakref import ref

from .values import issubclass_

#: Containers and other objects without weak references that are kept alive at a time, at most.
RING = 256
#: What `getrefcount` says in `Known.sweep` of an object that nobody else holds: the entry, the name, the argument.
UNUSED = 3


class Described(NamedTuple):
    """The latest row of a known object; `deep` where its parts are in it, `signature` what they were."""

    row: int
    deep: bool
    signature: Any


class Entry(NamedTuple):
    """A known object: what keeps it (a weak reference, or itself), its number, and its latest row."""

    kept: Any
    identity: int
    described: Described


class Known:
    """Which object has which number, soundly: an entry lives only as long as its object cannot be another.

    `budget` bounds the text and bytes that are kept alive, in bytes. `cut` counts what had to be forgotten.
    """

    def __init__(self, budget: int) -> None:
        self.entries: dict[int, Entry] = {}
        #: Entries of what is held weakly, by the reference that the hooks made: it tells one object from another even
        #: when that is no more. Those of the last two drains, whose references may still lie in a list.
        self._tokens: dict[int, tuple[Any, Entry]] = {}
        self._older: dict[int, tuple[Any, Entry]] = {}
        self._budget = budget
        self._held = 0
        self._texts: OrderedDict[int, int] = OrderedDict()
        self._ring: OrderedDict[int, int] = OrderedDict()
        self._sweeps = 0
        self.cut = 0

    def get(self, value: Any) -> Entry | None:
        """The entry of an object that is known, else None. `value` is the object, or a hook's weak reference to it."""
        if type(value) is ref:
            there = value()
            if there is None:
                token = self._tokens.get(id(value)) or self._older.get(id(value))
                return token[1] if token is not None else None
            value = there
        entry = self.entries.get(id(value))
        if entry is None:
            return None
        kept = entry.kept
        if (kept() if type(kept) is ref else kept) is not value:
            del self.entries[id(value)]
            return None
        return entry

    def put(self, value: Any, identity: int, described: Described) -> None:
        """Remember `value`, weakly if its type allows it; a weak reference stands for its object, alive or not."""
        if type(value) is ref:
            there = value()
            entry = Entry(value, identity, described)
            self._tokens[id(value)] = (value, entry)
            if there is None:
                return
            value = there
        key, entries = id(value), self.entries
        if type(value) is str or type(value) is bytes:
            entries[key] = Entry(value, identity, described)
            self._texts[key] = len(value) + 80
            self._held += len(value) + 80
            while self._held > self._budget and len(self._texts) > 1:
                old, size = self._texts.popitem(last=False)
                self._held -= size
                entries.pop(old, None)
                self.cut += 1
            return
        try:
            # `pop`, with the dead reference as its default: no Python code runs where a signal's handler could raise
            entries[key] = Entry(ref(value, partial(entries.pop, key)), identity, described)
        except TypeError:
            entries[key] = Entry(value, identity, described)
            self._ring[key] = self._sweeps
            if len(self._ring) > RING:
                old, _ = self._ring.popitem(last=False)
                entries.pop(old, None)

    def sweep(self) -> None:
        """Let go of what the program has let go of: what it holds (a socket, say) has to be closed as soon as
        without us. An exception holds every frame that it passed, in a cycle often, so it only stays for a moment."""
        self._sweeps += 1
        self._older, self._tokens = self._tokens, {}
        for key, seen in list(self._ring.items()):
            kept = self.entries[key].kept
            if getrefcount(kept) <= UNUSED or (issubclass_(type(kept), BaseException) and seen < self._sweeps - 1):
                del self._ring[key], self.entries[key]

    def clear(self) -> None:
        """Let go of everything."""
        self.entries.clear()
        self._tokens.clear()
        self._older.clear()
        self._texts.clear()
        self._ring.clear()
