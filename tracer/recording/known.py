"""Which object has which number: the identity of values, sound while it is claimed.

What keeps an `id` from being used again while it is known is a weak reference where the type has them, and a strong
one, within a bound, where it has not. Only the writer asks; the hooks look into `deep` to save a snapshot.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from sys import getrefcount
from typing import Any
from weakref import ref

from .kinds import MUTABLE, plan
from .snapshots import Snapshot

#: Containers and other objects without weak references that are kept alive at a time, at most.
RING = 256
#: What `getrefcount` says in `Known.sweep` of an object that nobody else holds: the entry, the name, the argument.
UNUSED = 3
#: What a text costs besides its characters, in bytes.
OVERHEAD = 80


class Entry:
    """A known object: what keeps it (a weak reference, or itself), its number, and its latest row; `deep` where its
    parts are in that, `signature` the marks of what they were, `since` the sweep at which that was. Never changed: a
    hook may have put it into a list."""

    __slots__ = ("deep", "identity", "kept", "row", "signature", "since")

    def __init__(self, kept: Any, identity: int, row: int, deep: bool, signature: Any, since: int) -> None:
        self.kept = kept
        self.identity = identity
        self.row = row
        self.deep = deep
        self.signature = signature
        self.since = since


class Known:
    """Which object has which number, soundly: an entry lives only as long as its object cannot be another.

    `budget` bounds the text and bytes that are kept alive, in bytes; `thorough`: no object is said to be settled.
    `cut` counts what had to be forgotten.
    """

    def __init__(self, budget: int, thorough: bool = False) -> None:
        #: Objects that are not looked into again, since they stayed as they were for a while, by `id`; and all others.
        self.deep: dict[int, Entry] = {}
        self.others: dict[int, Entry] = {}
        #: The rows of text and bytes that are kept alive, and of what Python itself never lets go of, by `id`.
        self.rows: dict[int, int] = {}
        #: The snapshots that the hooks made since the writer last came by, by the `id` of their objects.
        self.fresh: dict[int, Snapshot] = {}
        #: How the hooks look at objects of each type, by the type's `id`.
        self.readers: dict[int, Callable[[Any], Any]] = {}
        #: Entries of what is held weakly, by the reference that the hooks made: it tells one object from another even
        #: when that is no more. Those of the last two drains, whose references may still lie in a list.
        self._tokens: dict[int, tuple[Any, Entry]] = {}
        self._older: dict[int, tuple[Any, Entry]] = {}
        self._budget = budget
        self._thorough = thorough
        self._held = 0
        self._texts: OrderedDict[int, str | bytes] = OrderedDict()
        #: Entries without weak references, the oldest first, and at which sweep they were last put.
        self._strong: dict[int, int] = {}
        self.sweeps = 0
        self.cut = 0

    def get(self, value: Any) -> Entry | None:
        """The entry of an object that is known, else None. `value` is the object, or a hook's weak reference to it."""
        if type(value) is ref:
            there = value()
            if there is None:
                token = self._tokens.get(id(value)) or self._older.get(id(value))
                return token[1] if token is not None else None
            value = there
        key = id(value)
        entry = self.deep.get(key) or self.others.get(key)
        if entry is not None:
            kept = entry.kept
            if (kept() if type(kept) is ref else kept) is not value:
                self._forget(key)
                self._strong.pop(key, None)
                return None
        return entry

    def _forget(self, key: int) -> None:
        self.deep.pop(key, None)
        self.others.pop(key, None)

    def put_text(self, value: str | bytes, row: int) -> None:
        """Remember text or bytes, and keep them alive; the oldest are forgotten when that is too much."""
        key = id(value)
        self.rows[key] = row
        self._texts[key] = value
        self._held += len(value) + OVERHEAD
        while self._held > self._budget and len(self._texts) > 1:
            old, text = self._texts.popitem(last=False)
            self._held -= len(text) + OVERHEAD
            del self.rows[old]
            self.cut += 1

    def put(
        self, value: Any, identity: int, row: int, deep: bool, signature: Any = None, settled: bool = False
    ) -> None:
        """Remember an object, weakly if its type allows it; a weak reference stands for its object, alive or not.
        `settled`: it need not be looked into again."""
        if type(value) is ref:
            there = value()
            self._tokens[id(value)] = (value, Entry(value, identity, row, deep, signature, self.sweeps))
            if there is None:
                return
            value = there
        key = id(value)
        self.others.pop(key, None)
        settled = settled and id(type(value)) not in MUTABLE and not (self._thorough and signature is not None)
        entries = self.deep if settled else self.others
        if plan(type(value)).weak:
            # `pop`, with the dead reference as its default: no Python code runs where a signal's handler could raise
            entries[key] = Entry(ref(value, partial(entries.pop, key)), identity, row, deep, signature, self.sweeps)
            return
        entries[key] = Entry(value, identity, row, deep, signature, self.sweeps)
        self._strong.pop(key, None)
        self._strong[key] = self.sweeps

    def sweep(self) -> None:
        """Let go of what the program has let go of: what it holds (a socket, say) has to be closed as soon as
        without us. An exception holds every frame that it passed, in a cycle often, so it only stays for a moment."""
        self.sweeps += 1
        self._older, self._tokens = self._tokens, {}
        strong = self._strong
        for key, seen in list(strong.items()):
            kept = (self.deep.get(key) or self.others[key]).kept
            if getrefcount(kept) <= UNUSED or (plan(type(kept)).base is BaseException and seen < self.sweeps - 1):
                del strong[key]
                self._forget(key)
        for key in list(strong)[:-RING]:
            del strong[key]
            self._forget(key)

    def clear(self) -> None:
        """Let go of everything."""
        for held in (
            self.deep,
            self.others,
            self.rows,
            self.fresh,
            self.readers,
            self._tokens,
            self._older,
            self._texts,
        ):
            held.clear()
        self._strong.clear()
