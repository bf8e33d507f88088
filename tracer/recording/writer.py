"""Turns what the hooks wrote into rows of the trace: names, lines, described values, batches.

Runs between events, on a thread of its own, always under the recorder's lock. The only place that gives numbers to
values: an object that is still known keeps its number, so one number means one object (`known.py`).
"""

from __future__ import annotations

import json
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from sys import getrefcount
from types import CodeType
from typing import Any, NamedTuple
from weakref import ref

from .events import CALL, LENGTH, LINE, RAISE, RESUME, RETURN, START, UNWIND, WIRE, YIELD, ThreadLog, WireRecord
from .kinds import PLAIN, identified, plan
from .known import Entry, Known
from .origins import Distribution, Origins
from .scope import OWN, Scope
from .scope import Entry as CodeEntry
from .secrets import Secrets, StreamMask, hinted
from .snapshots import Glimpse, Snapshot, taker
from .store import Store
from .values import Description, describe, of_type, proper

#: So many of the latest values are masked once more when a secret is learned; all of them at the end.
RECENT = 5_000
#: Numbers and other atoms that keep their row; more of them start over.
ATOMS = 50_000
#: What `getrefcount` says of what only a snapshot refers to: the snapshot, the name, the argument.
ALONE = 3
ENDS = frozenset({RETURN, YIELD})
#: What the interpreter has once, and never lets go of: the `id` is the value.
_IMMORTAL = frozenset(map(id, (None, True, False, ..., NotImplemented, b"", "", (), *range(-5, 257))))


class Shape(NamedTuple):
    """What values of one type and the same labels have in common: the row that says so, what each part is called,
    whether one of them may be called as a secret is, and whether some are only numbered."""

    row: int
    names: tuple[str, ...]
    secret: bool
    indexed: bool


class Writer:
    """Makes rows. One for each recording; not thread-safe by itself."""

    def __init__(
        self, store: Store, scope: Scope, secrets: Secrets, known: Known, max_value: int, values: bool
    ) -> None:
        self._store = store
        self._scope = scope
        self._secrets = secrets
        self._known = known
        self._limit = max_value
        self._values = values
        self._look = taker(known)
        self._origins = Origins()
        self._codes: dict[int, tuple[CodeType, int, bool]] = {}
        self._lines: dict[int, tuple[CodeType, list[int], list[int]]] = {}
        self._files: dict[str, int] = {}
        self._distributions: dict[str, int] = {}
        self._atoms: dict[tuple[str, str], int] = {}
        self._threads: set[int] = set()
        self._told: dict[str, str] = {}
        self._masked = 0
        self._connections: dict[int, tuple[str, str, str, str, bool]] = {}
        self._streams: dict[tuple[int, str], StreamMask] = {}
        self._veiled = b""
        self._unmasked: list[tuple[Any, ...]] = []
        #: Bytes that crossed a socket: written after `_unmasked`, which may have the same ones as a value, cut and
        #: masked as if nothing had crossed before them.
        self._crossed: list[tuple[Any, ...]] = []
        self._shapes: dict[tuple[str, str, tuple[str, ...]], Shape] = {}
        #: The shapes of objects that are nothing but their attributes, by `id` of their type and the names.
        self._instances: dict[tuple[int, tuple[Any, ...]], Shape] = {}
        self._objects: list[int] = []
        #: Snapshots that have a row, while a batch is written.
        self._passing: list[int] = []
        self._sites: dict[int, dict[int, tuple[int, int]]] = {}
        self._entries: dict[int, int] = {}
        #: Functions that have an argument which is called as a secret is.
        self._named: set[int] = set()
        self._numbers = {"value": 0, "shape": 0, "wire": 0, "batch": 0}
        self._rows: dict[str, list[tuple[Any, ...]]] = {}
        self.calls = 0
        #: How many items the threads' lists had, of all that was taken.
        self.events = 0

    # -- what the recorder calls ---------------------------------------------------------------------------

    def drain(self, logs: list[ThreadLog], connections: dict[int, tuple[str, str, str, str, bool]]) -> None:
        """Take what the threads wrote and commit it, in one transaction, with the connections: they are looked at
        last, since each is noted before its first event."""
        self._known.fresh.clear()
        for log in logs:
            events = log.take()
            if events:
                self.events += len(events)
                self._batch(log, events)
        for number, ends in list(connections.items()):
            if self._connections.get(number) != ends:
                family, local, peer, role, tls = self._connections[number] = ends
                self._add("connection", (number, family, local, peer, role, int(tls)))
        self._decisions()
        secrets = len(self._secrets.known)
        self._flush()
        if secrets > self._masked:  # a program may end at once: what was learned just now is masked behind us at once
            self._masked = secrets
            self._store.mask(self._mask_again, self._secrets.again, self._numbers["value"] - RECENT)

    def finish(self, meta: dict[str, str]) -> None:
        """Write what is known only at the end: the decisions about files, the counts; mask once more."""
        self._decisions()
        for rule, count in sorted(self._secrets.masked.items()):
            meta[f"masked.{rule}"] = str(count)
        for key, value in meta.items():
            self._add("meta", (key, value))
        self._flush()
        if self._secrets.known:
            self._store.mask(self._mask_again, self._secrets.again)

    def _decisions(self) -> None:
        for verdict in self._scope.verdicts():
            if self._told.get(verdict.path) != verdict.reason:
                self._told[verdict.path] = verdict.reason
                self._add("scope", (verdict.path, verdict.lane, int(verdict.recorded), verdict.reason))

    def meta(self, values: dict[str, str]) -> None:
        """Write rows of `meta` at once."""
        for key, value in values.items():
            self._add("meta", (key, value))
        self._flush()

    # -- rows ----------------------------------------------------------------------------------------------

    def _add(self, table: str, row: tuple[Any, ...]) -> None:
        self._rows.setdefault(table, []).append(row)

    def _flush(self) -> None:
        self._mask()
        rows, self._rows = self._rows, {}
        self._store.write(sorted(rows.items()))

    def _next(self, table: str) -> int:
        self._numbers[table] += 1
        return self._numbers[table]

    def _batch(self, log: ThreadLog, events: list[Any]) -> None:
        if log.number not in self._threads:
            self._threads.add(log.number)
            self._add("thread", (log.number, log.name, "thread"))
        out: list[int] = []
        position, end, keep = 0, len(events), self._values
        value, known = self._numbered, self._known.rows.get
        self._veiled = b""
        while position < end:
            kind = events[position]
            if kind == CALL:
                _, order, entry, caller, lasti, frame, arguments = events[position : position + 7]
                number, line = self._site(caller, lasti)
                out += (CALL, order, self._entry(entry), number, line, frame, len(arguments))
                if entry.number in self._named:
                    out += [value(one, name) for one, name in zip(arguments, entry.arguments, strict=False)]
                elif arguments:
                    out += [one.row if type(one) is Entry else (known(id(one)) or value(one)) for one in arguments]
                self.calls += 1
            elif kind in ENDS:
                result = events[position + 2]
                row = result.row if type(result) is Entry else (known(id(result)) or value(result)) if keep else 0
                out += (kind, events[position + 1], row)
            elif kind == UNWIND:
                error = events[position + 2]
                out += (UNWIND, events[position + 1], value(error) if error is not None else log.raised)
            elif kind == RESUME:
                _, order, entry, caller, lasti, frame = events[position : position + 6]
                out += (RESUME, order, self._entry(entry), *self._site(caller, lasti), frame)
            elif kind == LINE:
                out += events[position : position + 3]
            elif kind == RAISE:
                _, order, (code, lasti), error = events[position : position + 4]
                log.raised = value(error)
                out += (RAISE, order, self._line(code, lasti), log.raised)
            elif kind == WIRE:
                out += (WIRE, events[position + 1], self._wire(log, events[position + 1], events[position + 2]))
            elif kind == START:
                _, order, caller, lasti, thread = events[position : position + 5]
                out += (START, order, *self._site(caller, lasti), thread)
            position += LENGTH[kind]
        for passed in self._passing:  # the events go now, and with them these `id`s
            del self._known.rows[passed]
        self._passing.clear()
        packed = zlib.compress(array("q", out).tobytes(), 1)
        objects = zlib.compress(array("q", self._objects).tobytes(), 1) if self._objects else b""
        self._objects = []
        self._add("batch", (self._next("batch"), log.number, packed, objects))

    def _wire(self, log: ThreadLog, order: int, record: WireRecord) -> int:
        number = self._next("wire")
        data = self._value_of_wire(record) if record.data is not None else 0
        error = self._numbered(record.error) if record.error is not None else 0
        moved = (number, record.began, order, log.number, record.op, record.connection or None)
        site = self._site(record.code, record.lasti)
        told = (record.size, data or None, error or None, record.detail, record.t0, record.t1)
        self._add("wire", (*moved, *site, *told))
        return number

    def _value_of_wire(self, record: WireRecord) -> int:
        """The row of bytes that crossed a socket: never cut, and masked as a stream, since a read may end
        inside a header."""
        direction = "in" if record.op.startswith("rec") or record.op == "read" else "out"
        stream = self._streams.setdefault((record.connection, direction), StreamMask(self._secrets))
        masked = stream.feed(record.data)
        # One byte has no identity: until the next read on this thread, the same byte is taken for this one.
        self._veiled = record.data if len(record.data) == 1 and masked != record.data else b""
        number = self._known.rows.get(id(record.data), 0)
        fresh = not number
        if fresh:
            number = self._next("value")
            if identified(record.data):
                self._known.put_text(record.data, number)
        whole = fresh or len(record.data) > self._limit or masked != record.data
        if whole:
            self._crossed.append((number, number, "bytes", "bytes", len(record.data), masked, 0))
        return number

    # -- code ----------------------------------------------------------------------------------------------

    def _entry(self, entry: CodeEntry) -> int:
        number = self._entries.get(entry.number)
        if number is None:
            number = self._entries[entry.number] = self._code(entry.code, True, entry.arguments)
            if any(map(self._secrets.concerns, entry.arguments)):
                self._named.add(entry.number)
        return number

    def _site(self, code: CodeType | None, lasti: int) -> tuple[int, int]:
        """Number and line of a call site."""
        if code is None:
            return (0, 0)
        sites = self._sites.get(id(code))  # the code is kept alive with its number
        if sites is None:
            number, sites = self._code(code, False, ()), {}
            self._sites[id(code)] = sites
        found = sites.get(lasti)
        if found is None:
            number = self._code(code, False, ())
            found = sites[lasti] = (number, self._line(code, lasti)) if number else (0, 0)
        return found

    def _code(self, code: CodeType, recorded: bool, arguments: tuple[str, ...]) -> int:
        key = id(code)
        known = self._codes.get(key)
        if known is not None and (known[2] or not recorded):
            return known[1]
        if code.co_filename.startswith(OWN):  # we called the program's first line, or a thread's: nobody did
            self._codes[key] = (code, 0, False)
            return 0
        number = known[1] if known else len(self._codes) + 1
        self._codes[key] = (code, number, recorded)
        place = self._scope.place(code.co_filename)
        names = ",".join(arguments)
        first, last = code.co_firstlineno, max((line or 0 for _, _, line in code.co_lines()), default=0)
        row = (number, self._file(place.path), self._scope.qualname(code), code_kind(code), first, max(first, last))
        self._add("code", (*row, names, int(recorded)))
        return number

    def _line(self, code: CodeType, lasti: int) -> int:
        table = self._lines.get(id(code))
        if table is None:
            starts, lines = [], []
            for start, _, line in code.co_lines():
                starts.append(start)
                lines.append(line or 0)
            table = self._lines[id(code)] = (code, starts, lines)
        index = bisect_right(table[1], max(lasti, 0)) - 1
        return table[2][index] if index >= 0 else code.co_firstlineno

    def _file(self, path: str) -> int:
        if path in self._files:
            return self._files[path]
        number = self._files[path] = len(self._files) + 1
        place = self._scope.place(path)
        facts = self._origins.facts(place.path, place.kind, place.base)
        distribution = self._distribution(facts.distribution)
        where = (number, place.path, place.kind, place.lane, place.module, distribution)
        own = facts.source is not None and place.kind in ("program", "other")
        source = self._secrets.source(facts.source or "") if own else facts.source
        self._add("file", (*where, facts.relative, facts.blob, int(facts.unchanged), "", "", source))
        return number

    def _distribution(self, distribution: Distribution | None) -> int | None:
        if distribution is None:
            return None
        if distribution.name not in self._distributions:
            self._distributions[distribution.name] = len(self._distributions) + 1
            row = (self._distributions[distribution.name], distribution.name, distribution.version)
            self._add("distribution", (*row, distribution.licence, "\n".join(distribution.urls)))
        return self._distributions[distribution.name]

    # -- values --------------------------------------------------------------------------------------------

    def _numbered(self, value: Any, name: str = "", deep: bool = True) -> int:
        """The number of the row that describes `value`, made if there is none yet. `name` is what it is called
        where it was seen: the value of something called ``password`` is masked whole. `deep`: with its parts."""
        kind = type(value)
        if kind is Entry:  # a hook saw that it is known
            return int(value.row)
        if kind is Snapshot:
            if name and self._secrets.named(name):
                self._learn(value.held, name)
            return self._known.rows.get(id(value)) or self._seen(value)
        if kind is Glimpse:
            return self._glimpsed(value)
        if not identified(value):
            return self._atom(value, name)
        if name and self._secrets.named(name):
            self._learn(value, name)
        if kind is str or kind is bytes:
            return self._known.rows.get(id(value)) or self._text(value, name)
        return self._object(value, deep)

    def _text(self, value: str | bytes, name: str) -> int:
        number = self._next("value")
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
                self._keep_row(seen, known.row)
                return known.row
        self._numbers["value"] += 1
        number = self._numbers["value"]
        if held is not None:
            identity = known.identity if known is not None else number
            if not passed:
                self._known.put(held, identity, number, True, marks, settled=marks is None)
        self._keep_row(seen, number)
        if kind is bytearray:
            data = items[: self._limit]
            self._unmasked.append((number, identity, "bytearray", "bytes", size, data, int(len(data) < size)))
        elif items is None and proper(names) and (shape := self._instances.get((id(kind), names))) is not None:
            children = self._children(attributes, shape)  # which may be described first
            self._objects += (number, identity, shape.row, -1, 0, len(attributes), *children)
        else:
            shape = self._described(number, identity, describe(seen, self._limit))
            if items is None and shape is not None and proper(names):
                self._instances[id(kind), names] = shape
        return number

    def _keep_row(self, seen: Snapshot, row: int) -> None:
        self._known.rows[id(seen)] = row
        self._passing.append(id(seen))

    def _glimpsed(self, value: Glimpse) -> int:
        """The row of an object that was seen inside another one; what it holds is not looked into."""
        known = self._known.get(value.held)
        if known is not None:
            return known.row
        there = value.held()
        if there is not None:
            return self._object(there, False)
        number = self._next("value")
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
        number = self._next("value")
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
        shape = self._shapes.get(key) or self._shape(key)
        children = self._children(told.parts, shape) if told.parts else []
        self._objects += (number, identity, shape.row, told.size, told.cut, len(children), *children)
        return shape if told.data is None and len(children) == len(told.labels) else None

    def _children(self, parts: Sequence[Any], shape: Shape) -> list[int]:
        """The rows of what is directly inside a value."""
        names, secret = shape.names, shape.secret
        if shape.indexed and any(map(_may_name, parts)):
            names = tuple(self._in_pair(index, name, parts) for index, name in enumerate(names))
            secret = any(map(self._secrets.concerns, names))
        numbered, known = self._numbered, self._known.rows.get
        if secret:
            return [numbered(part, name, False) for part, name in zip(parts, names, strict=True)]
        return [part.row if type(part) is Entry else (known(id(part)) or numbered(part, "", False)) for part in parts]

    def _shape(self, key: tuple[str, str, tuple[str, ...]]) -> Shape:
        """A new shape, and its row."""
        if len(self._shapes) >= ATOMS:
            self._shapes.clear()
            self._instances.clear()
        kind, word, labels = key
        names = tuple(label.removeprefix("[b").strip(".[]'\"") for label in labels)
        row = self._next("shape")
        masked = [self._secrets.text(label) for label in labels]
        self._add("shape", (row, kind, word, json.dumps(masked, ensure_ascii=False)))
        secret = any(map(self._secrets.concerns, names))
        shape = self._shapes[key] = Shape(row, names, secret, any(name.isdigit() for name in names))
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
            self._add("value", row)
        elif name:
            masked = self._secrets.text(data, name) if isinstance(data, str) else self._secrets.data(data, name)
            self._add("value", (*row[:5], masked, row[6]))
        else:
            self._unmasked.append(row)

    def _mask(self) -> None:
        """Mask what has gathered. Most of it has no secret, and all together are quick to be looked at for a hint."""
        rows, self._unmasked = self._unmasked, []
        crossed, self._crossed = self._crossed, []
        quiet = self._secrets.idle and not hinted(b"\n".join([octets(row[5]) for row in rows]))
        self._rows.setdefault("value", []).extend(
            rows if quiet or self._secrets.show else [(*row[:5], self._mask_again(row[5]), row[6]) for row in rows]
        )
        self._rows["value"] += crossed

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
            number = self._atoms[key] = self._next("value")
            kept: str | bytes = masked.encode("latin-1") if told.type == "bytes" else masked
            self._add("value", (number, 0, told.type, told.kind, told.size, kept, int(told.cut)))
        if id(value) in _IMMORTAL and not name:
            self._known.rows[id(value)] = number
        return number

    def _mask_again(self, data: str | bytes) -> str | bytes:
        return self._secrets.text(data) if isinstance(data, str) else self._secrets.data(data)


def _may_name(part: Any) -> bool:
    """Whether a part of something may be the name of a secret that follows it."""
    return (type(part) is str or type(part) is bytes) and len(part) < 80 and hinted(part)


def octets(text: str | bytes) -> bytes:
    """Text as UTF-8, bytes as they are."""
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")


def code_kind(code: CodeType) -> str:
    """function, generator, coroutine, async generator, lambda, comprehension, class body or module."""
    if code.co_name == "<module>":
        return "module"
    if code.co_name == "<lambda>":
        return "lambda"
    if code.co_name in ("<listcomp>", "<setcomp>", "<dictcomp>"):
        return "comprehension"
    for flag, name in ((0x20, "generator"), (0x80, "coroutine"), (0x200, "async generator")):
        if code.co_flags & flag:
            return name
    return "function" if code.co_flags & 0x02 else "class body"
