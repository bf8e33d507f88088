"""Turns what the hooks wrote into rows of the trace: names, lines, described values, batches.

Runs between events, on a thread of its own, always under the recorder's lock. The only place that gives numbers to
values: an object that is still known keeps its number, so one number means one object (`known.py`).
"""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_right
from types import CodeType
from typing import Any

from .events import CALL, LENGTH, LINE, RAISE, RESUME, RETURN, START, UNWIND, WIRE, YIELD, ThreadLog, WireRecord
from .known import Described, Entry, Known
from .origins import Distribution, Origins
from .scope import OWN, Scope
from .scope import Entry as CodeEntry
from .secrets import Secrets, StreamMask
from .store import Store
from .values import Description, Glimpse, Snapshot, describe, describe_gone, identified, issubclass_

#: So many of the latest values are masked once more when a secret is learned; all of them at the end.
RECENT = 5_000
#: Numbers and other atoms that keep their row; more of them start over.
ATOMS = 50_000


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
        self._numbers = {"value": 0, "object": 0, "wire": 0, "batch": 0}
        self._rows: dict[str, list[tuple[Any, ...]]] = {}
        self.calls = 0

    # -- what the recorder calls ---------------------------------------------------------------------------

    def drain(self, logs: list[ThreadLog], connections: dict[int, tuple[str, str, str, str, bool]]) -> None:
        """Take what the threads wrote and commit it, in one transaction, with the connections: they are looked at
        last, since each is noted before its first event."""
        for log in logs:
            events = log.take()
            if events:
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
        rows, self._rows = self._rows, {}
        self._store.write(sorted(rows.items()))

    def _next(self, table: str) -> int:
        self._numbers[table] += 1
        return self._numbers[table]

    def _batch(self, log: ThreadLog, events: list[Any]) -> None:
        if log.number not in self._threads:
            self._threads.add(log.number)
            self._add("thread", (log.number, log.name, "thread"))
        out = array("q")
        put = out.extend
        value, position, end = self._value, 0, len(events)
        self._veiled = b""
        while position < end:
            kind = events[position]
            if kind == CALL:
                _, order, entry, caller, lasti, frame, arguments = events[position : position + 7]
                numbers = [value(argument, name) for name, argument in zip(entry.arguments, arguments, strict=False)]
                put((CALL, order, self._entry(entry), *self._site(caller, lasti), frame, len(numbers), *numbers))
                self.calls += 1
            elif kind in (RETURN, YIELD):
                put((kind, events[position + 1], value(events[position + 2]) if self._values else 0))
            elif kind == UNWIND:
                error = events[position + 2]
                put((UNWIND, events[position + 1], value(error) if error is not None else log.raised))
            elif kind == RESUME:
                _, order, entry, caller, lasti, frame = events[position : position + 6]
                put((RESUME, order, self._entry(entry), *self._site(caller, lasti), frame))
            elif kind == LINE:
                put(events[position : position + 3])
            elif kind == RAISE:
                _, order, (code, lasti), error = events[position : position + 4]
                log.raised = value(error)
                put((RAISE, order, self._line(code, lasti), log.raised))
            elif kind == WIRE:
                put((WIRE, events[position + 1], self._wire(log, events[position + 1], events[position + 2])))
            elif kind == START:
                _, order, caller, lasti, thread = events[position : position + 5]
                put((START, order, *self._site(caller, lasti), thread))
            position += LENGTH[kind]
        self._add("batch", (self._next("batch"), log.number, zlib.compress(out.tobytes(), 1)))

    def _wire(self, log: ThreadLog, order: int, record: WireRecord) -> int:
        number = self._next("wire")
        data = self._value_of_wire(record) if record.data is not None else 0
        error = self._value(record.error) if record.error is not None else 0
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
        known = self._known.get(record.data)
        if known:
            number, fresh = known.described.row, False
        else:
            number, fresh = self._next("value"), True
            if identified(record.data):
                self._known.put(record.data, number, Described(number, True, None))
        whole = fresh or len(record.data) > self._limit or masked != record.data
        if whole:
            self._add("value", (number, number, "bytes", "bytes", len(record.data), masked, 0))
        return number

    # -- code ----------------------------------------------------------------------------------------------

    def _entry(self, entry: CodeEntry) -> int:
        return self._code(entry.code, True, entry.arguments)

    def _site(self, code: CodeType | None, lasti: int) -> tuple[int, int]:
        number = self._code(code, False, ()) if code is not None else 0
        return (number, self._line(code, lasti)) if code is not None and number else (0, 0)

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

    def _value(self, value: Any, name: str = "", deep: bool = True) -> int:
        """The number of the row that describes `value`, made if there is none yet. `name` is what it is called
        where it was seen: the value of something called ``password`` is masked whole."""
        if type(value) is Entry:  # a hook saw that it is known
            return value.described.row
        seen = type(value) is Snapshot or type(value) is Glimpse
        subject = value.held if seen else value
        if not seen and not identified(value):
            return self._atom(value, name)
        if seen and subject is None:  # nobody else has it
            number = self._next("value")
            self._row(number, 0, value, name, deep)
            return number
        if name and self._secrets.named(name):
            self._learn(subject, name)
        known = self._known.get(subject)
        signature = _signature(value)
        if known:
            described = known.described
            if not deep or (described.deep and signature in (None, described.signature)):
                return described.row
        number = self._next("value")
        identity = known.identity if known else number
        leaf = type(subject) is str or type(subject) is bytes
        self._known.put(subject, identity, Described(number, deep or leaf, signature))
        self._row(number, identity, value, name, deep)
        return number

    def _row(self, number: int, identity: int, value: Any, name: str, deep: bool) -> None:
        told = self._told_of(value)
        data = told.data
        if isinstance(data, str):
            data = self._secrets.text(data, name)
        elif data is not None:
            data = self._secrets.data(data, name)
        self._add("value", (number, identity, told.type, told.kind, told.size, data, int(told.cut)))
        if deep:
            names = _names(told.parts)
            for position, (label, part) in enumerate(told.parts):
                child = self._value(part, names[position], deep=False)
                self._add("part", (number, position, self._secrets.text(label), child))

    def _told_of(self, value: Any) -> Description:
        if type(value) is not Glimpse:
            return describe(value, self._limit)
        there = value.held()
        return describe(there, self._limit) if there is not None else describe_gone(value.kind)

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
        return number

    def _mask_again(self, data: str | bytes) -> str | bytes:
        return self._secrets.text(data) if isinstance(data, str) else self._secrets.data(data)


def _names(parts: tuple[tuple[str, Any], ...]) -> list[str]:
    """What each part is called: its key or attribute, or the text that stands before it, as in a pair."""
    names = [label.removeprefix("[b").strip(".[]'\"") for label, _ in parts]
    for index, name in enumerate(names[1:], 1):
        before = parts[index - 1][1]
        if name == str(index) and type(before) is str:
            names[index] = before[:80]
        elif name == str(index) and type(before) is bytes:
            names[index] = before[:80].decode("latin-1")
    return names


def _signature(value: Any) -> Any:
    """What has to stay the same for a changing object's last description to be still true; None where the
    object cannot change, or was not looked into this time."""
    if type(value) is not Snapshot:
        return None
    items = value.items
    if items is None or type(items) is bytes:
        inside: Any = items
    elif type(items) is not list:
        inside = items if type(items) is str else id(items)
    elif issubclass_(value.kind, dict):
        inside = tuple(_same(item) for _, item in items)
    else:
        inside = tuple(map(_same, items))
    return (value.size, inside, tuple((label, _same(part)) for label, part in value.attributes or ()))


def _same(part: Any) -> int:
    return part.key if type(part) is Glimpse else id(part)


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
