"""Gives numbers to values and describes them: what the writer asks for every argument and every result.

An object that is still known keeps its number, so one number means one object (`known.py`). What a batch holds is
looked up all at once, by `id`; only what has no number yet is looked at by itself. Secrets are masked before a row
leaves.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from sys import getrefcount
from typing import Any, NamedTuple
from weakref import ref

from .kinds import PLAIN, identified, plan
from .known import Entry, Known
from .secrets import Secrets, hinted
from .snapshots import Glimpse, Snapshot, taker
from .values import Description, describe, of_type, proper

#: Numbers and other atoms that keep their row; more of them start over.
ATOMS = 50_000
#: What `getrefcount` says of what only a snapshot refers to: the snapshot, the name, the argument.
ALONE = 3
#: What the interpreter has once, and never lets go of: the `id` is the value.
_IMMORTAL = frozenset(map(id, (None, True, False, ..., NotImplemented, b"", "", (), *range(-5, 257))))

Row = tuple[Any, ...]


class Shape(NamedTuple):
    """What values of one type and the same labels have in common: the row that says so, what each part is called,
    whether one of them may be called as a secret is, and whether some are only numbered."""

    row: int
    names: tuple[str, ...]
    secret: bool
    indexed: bool


class Numbering:
    """The numbers of all values of one recording, and the rows that are still to be written.

    `shapes` and `objects` are rows of those tables, taken by the writer: `objects` as flat integers, a batch at a time.
    """

    def __init__(self, secrets: Secrets, known: Known, max_value: int) -> None:
        self.shapes: list[Row] = []
        self.objects: list[int] = []
        self.last = 0
        self._secrets = secrets
        self._known = known
        self._limit = max_value
        self._look = taker(known)
        self._atoms: dict[tuple[str, str], int] = {}
        self._found: dict[tuple[str, str, tuple[str, ...]], Shape] = {}
        #: The shapes of what is nothing but attributes, by `id` of the type and the names; and of what is nothing but
        #: items, by their count.
        self._plain: dict[tuple[int, Any], Shape] = {}
        self._counted = 0
        self._rows: list[Row] = []
        self._unmasked: list[Row] = []
        #: What has a row while the threads' lists live: snapshots, and what a hook found to be known.
        self._passing: list[int] = []
        self._veiled = b""

    # -- what the writer calls -----------------------------------------------------------------------------

    def all_of(self, values: list[Any]) -> list[int]:
        """The numbers of values, in their order. They must be kept until `let_go`."""
        known = self._known.rows.get
        found: list[Any] = list(map(known, map(id, values)))
        if None in found:
            for place, row in enumerate(found):
                if row is None:
                    value = values[place]
                    found[place] = known(id(value)) or self.of(value)
        return found

    def of(self, value: Any, name: str = "", deep: bool = True) -> int:
        """The number of the row that describes `value`, made if there is none yet. `name` is what it is called
        where it was seen: the value of something called ``password`` is masked whole. `deep`: with its parts."""
        kind = type(value)
        if kind is Snapshot:
            if name and self._secrets.named(name):
                self._learn(value.held, name)
            return self._known.rows.get(id(value)) or self._seen(value)
        if kind is Entry:  # a hook saw that it is known
            return self._keep_row(value, value.row)
        if kind is Glimpse:
            return self._glimpsed(value)
        if not identified(value):
            return self._atom(value, name)
        if name and self._secrets.named(name):
            self._learn(value, name)
        if kind is str or kind is bytes:
            return self._known.rows.get(id(value)) or self._text(value, name)
        return self._object(value, deep)

    def of_wire(self, data: bytes, masked: bytes) -> int:
        """The number of bytes that crossed a socket: their row is never cut, and masked as the stream was."""
        # One byte has no identity: until the next read on this thread, the same byte is taken for this one.
        self._veiled = data if len(data) == 1 and masked != data else b""
        number = self._known.rows.get(id(data), 0)
        fresh = not number
        if fresh:
            number = self._next()
            if identified(data):
                self._known.put_text(data, number)
        if fresh or len(data) > self._limit or masked != data:
            self._rows.append((number, number, "bytes", "bytes", len(data), masked, 0))
        return number

    def unveil(self) -> None:
        """Another thread's events follow."""
        self._veiled = b""

    def let_go(self) -> None:
        """The threads' lists go now, and with them what was known by its `id` alone."""
        rows = self._known.rows
        for passed in self._passing:
            rows.pop(passed, None)
        self._passing.clear()

    def take(self) -> list[Row]:
        """The rows of `value` that have gathered, masked. Most have no secret, and all together are quick to be looked
        at for a hint. Those of the wire come last: they say all where another row of the same bytes is cut."""
        (rows, self._rows), (unmasked, self._unmasked) = (self._rows, []), (self._unmasked, [])
        quiet = self._secrets.idle and not hinted(b"\n".join([octets(row[5]) for row in unmasked]))
        if quiet or self._secrets.show:
            return unmasked + rows
        return [(*row[:5], self.masked(row[5]), row[6]) for row in unmasked] + rows

    def masked(self, data: str | bytes) -> str | bytes:
        """Text or bytes without what is known to be secret, or looks so."""
        return self._secrets.text(data) if isinstance(data, str) else self._secrets.data(data)

    # -- one value -----------------------------------------------------------------------------------------

    def _next(self) -> int:
        self.last += 1
        return self.last

    def _text(self, value: str | bytes, name: str) -> int:
        number = self._next()
        self._known.put_text(value, number)
        if name:
            self._row(number, number, describe(value, self._limit), name)
            return number
        size, data = len(value), value[: self._limit]
        word = "text" if type(value) is str else "bytes"
        self._unmasked.append((number, number, type(value).__name__, word, size, data, int(size > self._limit)))
        return number

    def _seen(self, seen: Snapshot) -> int:
        """The row of an object as a hook saw it; the snapshot has it, too, for as long as its batch is written."""
        kind, held, size, items, names, attributes, marks = seen
        known, identity = None, 0
        #: Most are gone by now, and were seen this once: nothing has to be remembered of these.
        passed = getrefcount(held) <= ALONE and (type(held) is not ref or held() is None)
        if held is not None and not passed:  # None: nobody but the call that made it has it
            known = self._known.get(held)
            if known is not None and known.deep and (marks is None or marks == known.signature):
                if known.since < self._known.sweeps:  # it has stayed as it was: it is not half-built any more
                    self._known.put(held, known.identity, known.row, True, marks, settled=True)
                return self._keep_row(seen, known.row)
        self.last += 1
        number = self.last
        if held is not None:
            identity = known.identity if known is not None else number
            if not passed:
                self._known.put(held, identity, number, True, marks, settled=marks is None)
        self._known.rows[id(seen)] = number
        self._passing.append(id(seen))
        if kind is bytearray:
            data = items if size <= self._limit else items[: self._limit]
            self._unmasked.append((number, identity, "bytearray", "bytes", size, data, int(len(data) < size)))
            return number
        key: tuple[int, Any] | None = None
        if items is None:
            if proper(names):
                key, parts, cut = (id(kind), names), attributes, 0
        elif type(items) is list and not names and plan(kind).base is not dict and kind is not dict:
            key, parts, cut = (id(kind), len(items)), items, int(len(items) < size)
        shape = self._plain.get(key) if key is not None else None
        if shape is None:
            shape = self._described(number, identity, describe(seen, self._limit))
            if shape is not None and key is not None:
                self._plain[key] = shape
        else:
            children = self._children(parts, shape)  # which may be described first
            self.objects += (number, identity, shape.row, size, cut, len(children), *children)
        return number

    def _keep_row(self, seen: Any, row: int) -> int:
        self._known.rows[id(seen)] = row
        self._passing.append(id(seen))
        return row

    def _glimpsed(self, value: Glimpse) -> int:
        """The row of an object that was seen inside another one; what it holds is not looked into."""
        known = self._known.get(value.held)
        if known is not None:
            return known.row
        there = value.held()
        if there is not None:
            return self._object(there, False)
        number = self._next()
        self._known.put(value.held, number, number, False)
        self._described(number, number, of_type(value.kind))
        return number

    def _object(self, value: Any, deep: bool) -> int:
        """The row of an object that no hook has looked into: what cannot change, an exception, a part of something."""
        known = self._known.get(value)
        if known is not None and (known.deep or not deep):
            return known.row
        kind = type(value)
        plain = id(kind) in PLAIN or kind is tuple or (not deep and plan(kind).base is None)
        seen = value if plain else self._look(value)
        told = describe(seen, self._limit)
        number = self._next()
        identity = known.identity if known is not None else number
        marks = seen.marks if type(seen) is Snapshot else None
        self._known.put(value, identity, number, deep, marks, settled=deep and marks is None)
        self._described(number, identity, told if deep else told._replace(labels=(), parts=()))
        return number

    def _described(self, number: int, identity: int, told: Description) -> Shape | None:
        """Write a description: what it says as a row, what is inside and what it only is into the batch. Gives back the
        shape where that is all there is to it."""
        if told.data is not None:
            self._row(number, identity, told, "")
            if not told.parts:
                return None
        key = (told.type, told.kind, told.labels)
        shape = self._found.get(key) or self._shape(key)
        children = self._children(told.parts, shape) if told.parts else []
        self.objects += (number, identity, shape.row, told.size, told.cut, len(children), *children)
        return shape if told.data is None and len(children) == len(told.labels) else None

    def _children(self, parts: Sequence[Any], shape: Shape) -> list[int]:
        """The rows of what is directly inside a value."""
        names, secret = shape.names, shape.secret
        if shape.indexed and any(map(_may_name, parts)):
            names = tuple(self._in_pair(index, name, parts) for index, name in enumerate(names))
            secret = any(map(self._secrets.concerns, names))
        if secret:
            return [self.of(part, name, False) for part, name in zip(parts, names, strict=True)]
        known = self._known.rows.get
        found: list[Any] = list(map(known, map(id, parts)))
        if None in found:
            return [row or known(id(part)) or self.of(part, "", False) for row, part in zip(found, parts, strict=True)]
        return found

    def _shape(self, key: tuple[str, str, tuple[str, ...]]) -> Shape:
        """A new shape, and its row."""
        if len(self._found) >= ATOMS:
            self._found.clear()
            self._plain.clear()
        kind, word, labels = key
        names = tuple(label.removeprefix("[b").strip(".[]'\"") for label in labels)
        self._counted += 1
        masked = [self._secrets.text(label) for label in labels]
        self.shapes.append((self._counted, kind, word, json.dumps(masked, ensure_ascii=False)))
        secret = any(map(self._secrets.concerns, names))
        shape = self._found[key] = Shape(self._counted, names, secret, any(name.isdigit() for name in names))
        return shape

    def _in_pair(self, index: int, name: str, parts: Sequence[Any]) -> str:
        """The second of a pair is called as the first says."""
        before = parts[index - 1] if index and name == str(index) else None
        if type(before) is bytes:
            return before[:80].decode("latin-1")
        return before[:80] if type(before) is str else name

    def _row(self, number: int, identity: int, told: Description, name: str) -> None:
        data = told.data
        row = (number, identity, told.type, told.kind, told.size, data, int(told.cut))
        if data is None:
            self._rows.append(row)
        elif name:
            masked = self._secrets.text(data, name) if isinstance(data, str) else self._secrets.data(data, name)
            self._rows.append((*row[:5], masked, row[6]))
        else:
            self._unmasked.append(row)

    def _learn(self, value: Any, name: str) -> None:
        """Learn the secret that is called `name`, or those directly inside it."""
        if type(value) is str:
            self._secrets.text(value, name)
        elif type(value) is bytes:
            self._secrets.data(value, name)
        elif type(value) is list or type(value) is tuple:
            for item in value:
                if type(item) is str or type(item) is bytes:
                    self._learn(item, name)

    def _atom(self, value: Any, name: str) -> int:
        told = describe(value, self._limit)
        data = told.data.decode("latin-1") if isinstance(told.data, bytes) else told.data or ""
        masked = self._secrets.text(data, name) if name and told.type in ("int", "str") else data
        if self._veiled and type(value) is bytes and value == self._veiled:
            masked = "*"
        key = (told.type, masked)
        number = self._atoms.get(key)
        if number is None:
            if len(self._atoms) >= ATOMS:
                self._atoms.clear()
            number = self._atoms[key] = self._next()
            kept: str | bytes = masked.encode("latin-1") if told.type == "bytes" else masked
            self._rows.append((number, 0, told.type, told.kind, told.size, kept, int(told.cut)))
        if id(value) in _IMMORTAL and not name:
            self._known.rows[id(value)] = number
        return number


def _may_name(part: Any) -> bool:
    """Whether a part of something may be the name of a secret that follows it."""
    return (type(part) is str or type(part) is bytes) and len(part) < 80 and hinted(part)


def octets(text: str | bytes) -> bytes:
    """Text as UTF-8, bytes as they are."""
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
