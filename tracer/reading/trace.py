"""A trace, opened: its files, functions, threads, values, wire events, and the tables made of its batches.

`Trace.open` checks that the file is a trace that this version can read, makes the tables if nobody has yet
(`opening.py`), and gives plain frozen values. Everything further right works from these. What is damaged is told by
`TraceError`, when the trace is opened or when its rows are first read, and by nothing else.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

from . import tables
from .links import SourceFile
from .opening import TraceError as TraceError
from .opening import connect, one_sentence
from .tables import Damaged


@dataclass(frozen=True)
class Distribution:
    """An installed package: `licence` and `urls` as its metadata says them."""

    name: str
    version: str
    licence: str
    urls: tuple[str, ...]


@dataclass(frozen=True)
class File:
    """A source file that a recorded or calling function lies in."""

    id: int
    lane: str
    module: str
    facts: SourceFile
    distribution: Distribution | None
    source: str | None


@dataclass(frozen=True)
class Code:
    """One function (generator, lambda, class body …): where it is, lines first to last, its arguments' names."""

    id: int
    file: File
    qualname: str
    kind: str
    first: int
    last: int
    arguments: tuple[str, ...]
    recorded: bool

    @property
    def lane(self) -> str:
        """The library that it belongs to."""
        return self.file.lane


@dataclass(frozen=True, slots=True)
class Value:
    """One described value. Two rows with the same non-zero `object` are the same object at two times."""

    id: int
    object: int
    type: str
    kind: str
    size: int
    data: str | bytes | None
    cut: bool


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch in which a call was active: a plain function has one, a generator one for each resume.

    `start` and `stop` are positions in the global order (`stop` is 0 where no end was recorded), `ended` is
    returned, yielded, raised or open, `value` what came out. `caller` and `line` are the call site: the code
    that called or resumed it, in scope or not; `parent` is the innermost recorded call that was active.
    """

    call: int
    position: int
    thread: int
    parent: int
    caller: int
    line: int
    start: int
    stop: int
    ended: str
    value: int


@dataclass(frozen=True, slots=True)
class Call:
    """One activation of one function on one thread, with its arguments' values by position."""

    id: int
    thread: int
    code: Code
    arguments: tuple[int, ...]
    spans: tuple[Span, ...]

    @property
    def first(self) -> Span:
        """The span that began it."""
        return self.spans[0]

    @property
    def last(self) -> Span:
        """The span that ended it, or the latest one."""
        return self.spans[-1]


@dataclass(frozen=True, slots=True)
class Wire:
    """Bytes that crossed a socket (or an accept, connect, shutdown, close), with the call that moved them.

    `began` and `ended` are positions in the global order, `t0` and `t1` the same moments in nanoseconds, monotonic:
    between them the call was blocked.
    """

    id: int
    began: int
    ended: int
    thread: int
    op: str
    connection: int
    code: int
    line: int
    size: int
    value: int
    error: int
    detail: str
    t0: int
    t1: int
    call: int

    @classmethod
    def of_row(cls, row: tuple[Any, ...]) -> Wire:
        """From a row of the table, where nothing is null and here 0."""
        filled: list[Any] = [0 if column is None else column for column in row]
        return cls(*filled)

    @property
    def direction(self) -> str:
        """in, out, or '' where nothing moved."""
        if not self.size or not self.value:
            return ""
        return "in" if self.op.startswith("recv") or self.op == "read" else "out"


@dataclass(frozen=True)
class Start:
    """A thread started another: where in the order, in which call, at which line."""

    order: int
    thread: int
    call: int
    caller: int
    line: int
    child: int


@dataclass(frozen=True)
class Connection:
    """One socket, as far as its ends were known."""

    id: int
    family: str
    local: str
    peer: str
    role: str
    tls: bool


class Trace:
    """An open trace. Use it as a context manager, or call `close`."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        self.path = path

    @classmethod
    def open(cls, path: str | Path) -> Trace:
        """Open the trace at `path`; make its tables if it has none. Raises `TraceError`, and changes nothing then."""
        path = Path(path)
        return cls(connect(path), path)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def __enter__(self) -> Trace:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _rows(self, table: str, columns: str, order: str) -> Iterator[tuple[Any, ...]]:
        """The rows of one table. Raises `TraceError` where they are damaged."""
        with one_sentence(self.path):
            yield from tables.rows(self._db, table, columns, order)

    @cached_property
    def meta(self) -> dict[str, str]:
        """What the recorder noted of the run: Python's version, engine, options, counts."""
        return dict(self._rows("meta", "key, value", "key"))

    @cached_property
    def distributions(self) -> dict[int, Distribution]:
        """Installed packages by number."""
        found = {}
        for number, *texts in self._rows("distribution", "id, name, version, licence, urls", "id"):
            name, version, licence, urls = (text or "" for text in texts)
            found[number] = Distribution(name, version, licence, tuple(u for u in urls.split("\n") if u))
        return found

    @cached_property
    def files(self) -> dict[int, File]:
        """Source files by number."""
        found = {}
        columns = "id, path, kind, lane, module, distribution, relative, blob, unchanged, remote, revision, source"
        for row in self._rows("file", columns, "id"):
            number, path, kind, lane, module, owner, relative, blob, unchanged, remote, revision, source = row
            distribution = self.distributions.get(owner)
            facts = SourceFile(
                path=path,
                kind={"installed": "distribution"}.get(kind, kind),
                distribution=distribution.name if distribution else "",
                version=distribution.version
                if distribution
                else self.meta.get("python", "")
                if kind == "stdlib"
                else "",
                relative=relative,
                blob=blob,
                recorded=bool(unchanged),
                project_urls=distribution.urls if distribution else (),
                remote=remote,
                commit=revision,
                dirty=not unchanged,
            )
            found[number] = File(number, lane, module, facts, distribution, source)
        return found

    @cached_property
    def codes(self) -> dict[int, Code]:
        """Functions by number, in scope or only seen calling."""
        rows = self._rows("code", "id, file, qualname, kind, first, last, arguments, recorded", "id")
        return {
            i: Code(i, self.files[f], q, k, first, last, tuple(a for a in arguments.split(",") if a), bool(recorded))
            for i, f, q, k, first, last, arguments, recorded in rows
        }

    @cached_property
    def threads(self) -> dict[int, str]:
        """Names of threads by number."""
        return dict(self._rows("thread", "id, name", "id"))

    @cached_property
    def connections(self) -> dict[int, Connection]:
        """Sockets by number."""
        found = {}
        for number, *texts, tls in self._rows("connection", "id, family, local, peer, role, tls", "id"):
            family, local, peer, role = (text or "" for text in texts)
            found[number] = Connection(number, family, local, peer, role, bool(tls))
        return found

    @cached_property
    def wires(self) -> tuple[Wire, ...]:
        """Wire events in the order in which they ended."""
        calls: dict[int, int] = dict(self._rows("wire_call", "wire, call", "wire"))
        columns = "id, began, ended, thread, op, connection, code, line, size, value, error, detail, t0, t1"
        return tuple(Wire.of_row((*row, calls.get(row[0]))) for row in self._rows("wire", columns, "ended"))

    @cached_property
    def starts(self) -> tuple[Start, ...]:
        """Thread starts, in order."""
        rows = self._rows("start", "ord, thread, call, caller, line, child", "ord")
        found = tuple(Start(*row) for row in rows)
        with one_sentence(self.path):
            _check_origins(found)
        return found

    @cached_property
    def calls(self) -> dict[int, Call]:
        """Every call by number, in the order in which they began."""
        spans: dict[int, list[Span]] = {}
        columns = "call, position, thread, parent, caller, line, start, stop, ended, value"
        for row in self._rows("span", columns, "call, position"):
            spans.setdefault(row[0], []).append(Span(*row))
        arguments: dict[int, list[int]] = {}
        for call, value in self._rows("argument", "call, value", "call, position"):
            arguments.setdefault(call, []).append(value)
        calls, codes = {}, self.codes
        for number, thread, code in self._rows("call", "id, thread, code", "id"):
            if number not in spans:
                raise TraceError(f"{self.path} is damaged: call {number} has no span; record it again")
            its_spans, its_arguments = tuple(spans[number]), tuple(arguments.get(number, ()))
            calls[number] = Call(number, thread, codes[code], its_arguments, its_spans)
        return calls

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """Every span, in order."""
        return tuple(sorted((s for call in self.calls.values() for s in call.spans), key=lambda s: s.start))

    def value(self, number: int) -> Value | None:
        """One value by number; None for 0."""
        return self._values.get(number)

    @cached_property
    def _values(self) -> dict[int, Value]:
        rows = self._rows("value", "id, object, type, kind, size, data, cut", "id")
        return {i: Value(i, same, t, kind, size, data, bool(cut)) for i, same, t, kind, size, data, cut in rows}

    @cached_property
    def parts(self) -> dict[int, tuple[tuple[str, int], ...]]:
        """What is directly inside a value: (label, value) pairs by the holder's number."""
        found: dict[int, list[tuple[str, int]]] = {}
        for value, label, child in self._rows("part", "value, label, child", "value, position"):
            found.setdefault(value, []).append((label, child))
        return {value: tuple(parts) for value, parts in found.items()}

    @cached_property
    def lines(self) -> dict[int, tuple[int, ...]]:
        """The lines that each call executed, in order; empty where lines were not recorded."""
        return {call: tuple(line for _, line in lines) for call, lines in self.executed.items()}

    @cached_property
    def executed(self) -> dict[int, tuple[tuple[int, int], ...]]:
        """The same with the place of each in the global order: (order, line) pairs by call."""
        found: dict[int, list[tuple[int, int]]] = {}
        for order, call, line in self._rows("executed", "ord, call, line", "ord"):
            found.setdefault(call, []).append((order, line))
        return {call: tuple(lines) for call, lines in found.items()}

    @cached_property
    def raised(self) -> tuple[tuple[int, int, int, int], ...]:
        """(order, call, line, value): where an exception was raised in, or passed into, a call."""
        rows = self._rows("raised", "ord, call, line, value", "ord")
        return tuple((order, call, line, value) for order, call, line, value in rows)

    @cached_property
    def scope(self) -> tuple[tuple[str, str, bool, str], ...]:
        """(path, lane, recorded, reason) for each file that a decision was made about."""
        rows = self._rows("scope", "path, lane, recorded, reason", "path")
        return tuple((path, lane, bool(recorded), reason) for path, lane, recorded, reason in rows)


def _check_origins(starts: tuple[Start, ...]) -> None:
    """Whoever follows a thread to the one that started it, and on, has to come to an end."""
    started_by = {start.child: start.thread for start in starts}
    ends: set[int] = set()
    for thread in started_by:
        way: dict[int, None] = {}
        while thread in started_by and thread not in ends:
            if thread in way:
                raise Damaged(f"thread {thread} was started by itself, over {len(way)} others")
            way[thread] = None
            thread = started_by[thread]
        ends.update(way)
