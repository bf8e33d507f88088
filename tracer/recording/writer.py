"""Turns what the hooks wrote into rows of the trace: names, lines, batches; values by `numbering.py`.

Runs between events, on a thread of its own, always under the recorder's lock.
"""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_right
from types import CodeType
from typing import Any

from .events import CALL, LENGTH, LINE, RAISE, RESUME, RETURN, START, UNWIND, WIRE, YIELD, ThreadLog, WireRecord
from .known import Known
from .numbering import Numbering
from .origins import Distribution, Origins
from .scope import OWN, Scope
from .scope import Entry as CodeEntry
from .secrets import Secrets, StreamMask
from .store import Store

#: So many of the latest values are masked once more when a secret is learned; all of them at the end.
RECENT = 5_000
ENDS = frozenset({RETURN, YIELD})


class Writer:
    """Makes rows. One for each recording; not thread-safe by itself."""

    def __init__(
        self, store: Store, scope: Scope, secrets: Secrets, known: Known, max_value: int, values: bool
    ) -> None:
        self._store = store
        self._scope = scope
        self._secrets = secrets
        self._known = known
        self._values = values
        self._numbering = Numbering(secrets, known, max_value)
        self._origins = Origins()
        self._codes: dict[int, tuple[CodeType, int, bool]] = {}
        self._lines: dict[int, tuple[CodeType, list[int], list[int]]] = {}
        self._files: dict[str, int] = {}
        self._distributions: dict[str, int] = {}
        self._threads: set[int] = set()
        self._told: dict[str, str] = {}
        self._masked = 0
        self._connections: dict[int, tuple[str, str, str, str, bool]] = {}
        self._streams: dict[tuple[int, str], StreamMask] = {}
        self._sites: dict[int, dict[int, tuple[int, int]]] = {}
        self._entries: dict[int, int] = {}
        #: Functions that have an argument which is called as a secret is.
        self._named: set[int] = set()
        self._numbers = {"wire": 0, "batch": 0}
        self._rows: dict[str, list[tuple[Any, ...]]] = {}
        self.calls = 0
        #: How many items the threads' lists had, of all that was taken.
        self.events = 0

    # -- what the recorder calls ---------------------------------------------------------------------------

    def drain(self, logs: list[ThreadLog], connections: dict[int, tuple[str, str, str, str, bool]]) -> None:
        """Take what the threads wrote and commit it, in one transaction, with the connections: they are looked at
        last, since each is noted before its first event."""
        self._known.fresh.clear()
        taken = [(log, log.take()) for log in logs]
        for log, events in taken:
            if events:
                self.events += len(events)
                self._batch(log, events)
        self._numbering.let_go()
        taken.clear()
        for number, ends in list(connections.items()):
            if self._connections.get(number) != ends:
                family, local, peer, role, tls = self._connections[number] = ends
                self._add("connection", (number, family, local, peer, role, int(tls)))
        self._decisions()
        secrets = len(self._secrets.known)
        self._flush()
        if secrets > self._masked:  # a program may end at once: what was learned just now is masked behind us at once
            self._masked = secrets
            self._store.mask(self._numbering.masked, self._secrets.again, self._numbering.last - RECENT)

    def finish(self, meta: dict[str, str]) -> None:
        """Write what is known only at the end: the decisions about files, the counts; mask once more."""
        self._decisions()
        for rule, count in sorted(self._secrets.masked.items()):
            meta[f"masked.{rule}"] = str(count)
        for key, value in meta.items():
            self._add("meta", (key, value))
        self._flush()
        if self._secrets.known:
            self._store.mask(self._numbering.masked, self._secrets.again)

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
        rows["value"] = self._numbering.take()
        rows["shape"], self._numbering.shapes = self._numbering.shapes, []
        self._store.write(sorted(rows.items()))

    def _next(self, table: str) -> int:
        self._numbers[table] += 1
        return self._numbers[table]

    def _batch(self, log: ThreadLog, events: list[Any]) -> None:
        if log.number not in self._threads:
            self._threads.add(log.number)
            self._add("thread", (log.number, log.name, "thread"))
        out: list[int] = []
        #: What stands for the values in the order of the events: numbers, and those that still wait for theirs.
        values: list[int] = []
        waiting: list[Any] = []
        position, end, keep = 0, len(events), self._values
        numbering = self._numbering
        numbering.unveil()
        while position < end:
            kind = events[position]
            if kind == CALL:
                _, order, entry, caller, lasti, frame, arguments = events[position : position + 7]
                number, line = self._site(caller, lasti)
                out += (CALL, order, self._entry(entry), number, line, frame, len(arguments))
                if entry.number in self._named:
                    values += numbering.all_of(waiting)
                    waiting.clear()
                    values += [numbering.of(one, name) for one, name in zip(arguments, entry.arguments, strict=False)]
                else:
                    waiting += arguments
                self.calls += 1
            elif kind in ENDS:
                out += (kind, events[position + 1])
                if keep:
                    waiting.append(events[position + 2])
                else:
                    values.append(0)
            elif kind == LINE:
                out += events[position : position + 3]
            elif kind == RESUME:
                _, order, entry, caller, lasti, frame = events[position : position + 6]
                out += (RESUME, order, self._entry(entry), *self._site(caller, lasti), frame)
            elif kind == START:
                _, order, caller, lasti, thread = events[position : position + 5]
                out += (START, order, *self._site(caller, lasti), thread)
            else:  # these have to come after all that was before them
                values += numbering.all_of(waiting)
                waiting.clear()
                if kind == WIRE:
                    out += (WIRE, events[position + 1], self._wire(log, events[position + 1], events[position + 2]))
                elif kind == UNWIND:
                    error = events[position + 2]
                    out += (UNWIND, events[position + 1])
                    values.append(numbering.of(error) if error is not None else log.raised)
                elif kind == RAISE:
                    _, order, (code, lasti), error = events[position : position + 4]
                    log.raised = numbering.of(error)
                    out += (RAISE, order, self._line(code, lasti))
                    values.append(log.raised)
            position += LENGTH[kind]
        values += numbering.all_of(waiting)
        objects, numbering.objects = numbering.objects, []
        packed = [zlib.compress(array("q", numbers), 1) if numbers else b"" for numbers in (out, values, objects)]
        self._add("batch", (self._next("batch"), log.number, *packed))

    def _wire(self, log: ThreadLog, order: int, record: WireRecord) -> int:
        number = self._next("wire")
        data = self._value_of_wire(record) if record.data is not None else 0
        error = self._numbering.of(record.error) if record.error is not None else 0
        moved = (number, record.began, order, log.number, record.op, record.connection or None)
        site = self._site(record.code, record.lasti)
        told = (record.size, data or None, error or None, record.detail, record.t0, record.t1)
        self._add("wire", (*moved, *site, *told))
        return number

    def _value_of_wire(self, record: WireRecord) -> int:
        """The row of bytes that crossed a socket, masked as a stream, since a read may end inside a header."""
        direction = "in" if record.op.startswith("rec") or record.op == "read" else "out"
        stream = self._streams.setdefault((record.connection, direction), StreamMask(self._secrets))
        return self._numbering.of_wire(record.data, stream.feed(record.data))

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
