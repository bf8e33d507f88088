"""Turns what the hooks wrote into rows of the trace: batches as they are, names, lines; values by `describing.py`.

Runs between events, on a thread of its own, always under the recorder's lock. What a thread has written is packed
without being looked at: its cost does not depend on how many events there were, but on what was new in them.
"""

from __future__ import annotations

from bisect import bisect_right
from types import CodeType
from typing import Any

from .codes import Codes, lines
from .describing import Describing
from .events import ThreadLog, WireRecord
from .origins import Distribution, Origins
from .packing import packed
from .scope import Scope
from .secret_huffman import PREFACE
from .secrets import Secrets, StreamMask
from .snapshots import Hand
from .sockets import READS
from .store import Store

#: So many of the latest wire events, and of the latest drains, are masked once more when a secret is learned; all of
#: them at the end.
RECENT = 200


class Writer:
    """Makes rows. One for each recording; not thread-safe by itself."""

    def __init__(self, store: Store, scope: Scope, secrets: Secrets, hand: Hand, codes: Codes, max_value: int) -> None:
        self._store = store
        self._scope = scope
        self._secrets = secrets
        self._new_codes = codes
        self._describing = Describing(secrets, hand.known, hand.layouts, max_value)
        self._origins = Origins()
        self._lines: dict[int, tuple[CodeType, list[int], list[int]]] = {}
        self._files: dict[str, int] = {}
        self._distributions: dict[str, int] = {}
        self._threads: set[int] = set()
        self._told: dict[str, str] = {}
        self._masked = 0
        self._connections: dict[int, tuple[str, str, str, str, bool]] = {}
        self._streams: dict[tuple[int, bool], StreamMask] = {}
        self._numbers = {"wire": 0, "batch": 0, "described": 0}
        self._rows: dict[str, list[tuple[Any, ...]]] = {}
        #: How many items the threads' lists had, of all that was taken.
        self.events = 0

    # -- what the recorder calls ---------------------------------------------------------------------------

    def drain(
        self,
        logs: list[ThreadLog],
        wires: list[WireRecord],
        greenlets: list[tuple[int, str]],
        connections: dict[int, tuple[str, str, str, str, bool]],
    ) -> None:
        """Take what the threads wrote and commit it, in one transaction, with all that it refers to: that is looked at
        after it, since each thing is noted before the first event that refers to it."""
        for log in list(logs):
            events = log.take()
            if events:
                self._batch(log, events)
        moved = wires[:]
        del wires[: len(moved)]
        unknown = {record.thread for record in moved} - self._threads
        for log in list(logs) if unknown else ():
            if log.number in unknown:  # its first event came since, or is still to come
                self._thread(log)
        self._wires(moved)
        for _ in range(len(greenlets)):
            self._add("thread", (*greenlets.pop(0), "greenlet"))
        self._describing.add()
        moved.clear()
        for number, code, entry in self._new_codes.take():
            self._code(number, code, entry.arguments if entry is not None else None)
        for number, ends in list(connections.items()):
            if self._connections.get(number) != ends:
                family, local, peer, role, tls = self._connections[number] = ends
                self._add("connection", (number, family, local, peer, role, int(tls)))
        self._decisions()
        secrets = len(self._secrets.known)
        self._flush()
        if secrets > self._masked:  # a program may end at once: what was learned just now is masked behind us at once
            self._masked = secrets
            self._mask(all_of_it=False)

    def finish(self, meta: dict[str, str]) -> None:
        """Write what is known only at the end: the decisions about files, the counts; mask once more."""
        self._decisions()
        for rule, count in sorted(self._secrets.masked.items()):
            meta[f"masked.{rule}"] = str(count)
        for key, value in meta.items():
            self._add("meta", (key, value))
        self._flush()
        if self._secrets.known:
            self._mask(all_of_it=True)

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
        rows["shape"], described = self._describing.take()
        if described is not None:
            rows["described"] = [(self._next("described"), *described)]
        self._store.write(sorted(rows.items()))

    def _mask(self, all_of_it: bool) -> None:
        """A secret may have been learned after it was written."""
        latest = {table: 0 if all_of_it else self._numbers[table] - RECENT for table in ("wire", "described")}
        self._store.mask(self._describing.masked, self._secrets.again, self._describing.again, latest)

    def _next(self, table: str) -> int:
        self._numbers[table] += 1
        return self._numbers[table]

    def _batch(self, log: ThreadLog, events: list[int]) -> None:
        if log.number not in self._threads:
            self._thread(log)
        self.events += len(events)
        self._add("batch", (self._next("batch"), log.number, packed(events)))

    def _thread(self, log: ThreadLog) -> None:
        self._threads.add(log.number)
        self._add("thread", (log.number, log.name, "thread"))

    def _wires(self, moved: list[WireRecord]) -> None:
        """What crossed the sockets. Bytes are masked as a stream, in each direction of each connection: a read may end
        inside a header."""
        streams: dict[tuple[int, bool], list[WireRecord]] = {}
        for record in moved:
            if record.data is not None:
                streams.setdefault((record.connection, record.op in READS), []).append(record)
        masked: dict[int, bytes] = {}
        for key, records in streams.items():
            stream = self._streams.get(key)
            if stream is None:
                stream = self._streams[key] = StreamMask(self._secrets)
            if any(record.data.startswith(PREFACE) for record in records):
                self._secrets.compress()
            for record, data in zip(records, stream.feed_all([one.data for one in records]), strict=True):
                masked[record.order] = data
                self._describing.wire(record.order, record.value, record.data, data)
        for record in moved:
            where = (
                self._next("wire"),
                record.began,
                record.order,
                record.thread,
                record.op,
                record.connection or None,
            )
            moves = masked.get(record.order)
            if moves:
                self._describing.written(self._numbers["wire"], moves)
            site = (self._new_codes.number(record.code), self._line(record.code, record.lasti))
            told = (record.size, record.value or None, record.failed or None, record.detail, record.t0, record.t1)
            self._add("wire", (*where, *site, *told, moves))

    # -- code ----------------------------------------------------------------------------------------------

    def _code(self, number: int, code: CodeType, arguments: tuple[str, ...] | None) -> None:
        """The row of a code object; without `arguments` it was only seen as a caller."""
        place = self._scope.place(code.co_filename)
        names = ",".join(arguments or ())
        first, last = code.co_firstlineno, max((line or 0 for _, _, line in code.co_lines()), default=0)
        row = (number, self._file(place.path), self._scope.qualname(code), code_kind(code), first, max(first, last))
        self._add("code", (*row, names, int(arguments is not None), lines(code)))

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
