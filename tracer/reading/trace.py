"""A trace, opened: its files, functions, threads, values, wire events, and the tables made of its batches.

`Trace.open` checks that the file is a trace that this version can read, makes the tables if nobody has yet
(`index.py`), and gives plain frozen values. Everything further right works from these.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

from ..recording.store import APPLICATION_ID, VERSION
from . import index
from .links import SourceFile


class TraceError(Exception):
    """The file cannot be read as a trace; the message is one sentence for the user."""


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


@dataclass(frozen=True)
class Value:
    """One described value. Two rows with the same non-zero `object` are the same object at two times."""

    id: int
    object: int
    type: str
    kind: str
    size: int
    data: str | bytes | None
    cut: bool


@dataclass(frozen=True)
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


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class Wire:
    """Bytes that crossed a socket (or an accept, connect, shutdown, close), with the call that moved them."""

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
    call: int

    @classmethod
    def _make(cls, row: tuple[Any, ...]) -> Wire:
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
        """Open the trace at `path`; make its tables if it has none. Raises `TraceError`."""
        path = Path(path)
        if not path.is_file():
            raise TraceError(f"there is no trace at {path}" if not path.exists() else f"{path} is not a file")
        if not path.stat().st_size:
            raise TraceError(f"{path} is empty: the recording never began, or the file was cut")
        with path.open("rb") as file:
            if not file.read(16).startswith(b"SQLite format 3\0"):
                raise TraceError(f"{path} is not a trace (it is no SQLite file)")
        try:
            return cls._open(path)
        except sqlite3.DatabaseError as error:
            raise TraceError(f"{path} is damaged ({error}); record it again") from None

    @classmethod
    def _open(cls, path: Path) -> Trace:
        db = sqlite3.connect(path)
        if db.execute("pragma application_id").fetchone()[0] != APPLICATION_ID:
            db.close()
            raise TraceError(f"{path} is an SQLite file, but not a trace")
        version = db.execute("pragma user_version").fetchone()[0]
        if version != VERSION:
            db.close()
            raise TraceError(f"{path} has trace schema {version}, this unmagic reads {VERSION}; record it again")
        if not index.present(db):
            try:
                index.build(db)
            except sqlite3.OperationalError:  # cannot be written: make the tables in memory
                copy = sqlite3.connect(":memory:")
                db.backup(copy)
                db.close()
                db = copy
                index.build(db)
        if db.execute("pragma quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("its pages do not fit together")
        return cls(db, path)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def __enter__(self) -> Trace:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    @cached_property
    def meta(self) -> dict[str, str]:
        """What the recorder noted of the run: Python's version, engine, options, counts."""
        return dict(self._db.execute("select key, value from meta"))

    @cached_property
    def distributions(self) -> dict[int, Distribution]:
        """Installed packages by number."""
        rows = self._db.execute("select id, name, version, licence, urls from distribution")
        return {
            i: Distribution(n, v, licence, tuple(u for u in urls.split("\n") if u)) for i, n, v, licence, urls in rows
        }

    @cached_property
    def files(self) -> dict[int, File]:
        """Source files by number."""
        found = {}
        columns = "id, path, kind, lane, module, distribution, relative, blob, unchanged, remote, revision, source"
        for row in self._db.execute(f"select {columns} from file"):
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
        rows = self._db.execute("select id, file, qualname, kind, first, last, arguments, recorded from code")
        return {
            i: Code(i, self.files[f], q, k, first, last, tuple(a for a in arguments.split(",") if a), bool(recorded))
            for i, f, q, k, first, last, arguments, recorded in rows
        }

    @cached_property
    def threads(self) -> dict[int, str]:
        """Names of threads by number."""
        return dict(self._db.execute("select id, name from thread"))

    @cached_property
    def connections(self) -> dict[int, Connection]:
        """Sockets by number."""
        rows = self._db.execute("select id, family, local, peer, role, tls from connection")
        return {i: Connection(i, family, local, peer, role, bool(tls)) for i, family, local, peer, role, tls in rows}

    @cached_property
    def wires(self) -> tuple[Wire, ...]:
        """Wire events in the order in which they ended."""
        columns = "w.id, began, ended, thread, op, connection, code, line, size, value, error, detail, wire_call.call"
        rows = self._db.execute(
            f"select {columns} from wire w left join wire_call on wire_call.wire = w.id order by ended"
        )
        return tuple(Wire._make(row) for row in rows)

    @cached_property
    def starts(self) -> tuple[Start, ...]:
        """Thread starts, in order."""
        rows = self._db.execute("select ord, thread, call, caller, line, child from start order by ord")
        return tuple(Start(*row) for row in rows)

    @cached_property
    def calls(self) -> dict[int, Call]:
        """Every call by number, in the order in which they began."""
        spans: dict[int, list[Span]] = {}
        columns = "call, position, thread, parent, caller, line, start, stop, ended, value"
        for row in self._db.execute(f"select {columns} from span order by call, position"):
            spans.setdefault(row[0], []).append(Span(*row))
        arguments: dict[int, list[int]] = {}
        for call, value in self._db.execute("select call, value from argument order by call, position"):
            arguments.setdefault(call, []).append(value)
        rows = self._db.execute("select id, thread, code from call order by id")
        return {
            i: Call(i, thread, self.codes[code], tuple(arguments.get(i, ())), tuple(spans[i]))
            for i, thread, code in rows
        }

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """Every span, in order."""
        return tuple(sorted((s for call in self.calls.values() for s in call.spans), key=lambda s: s.start))

    def value(self, number: int) -> Value | None:
        """One value by number; None for 0."""
        return self._values.get(number)

    @cached_property
    def _values(self) -> dict[int, Value]:
        rows = self._db.execute("select id, object, type, kind, size, data, cut from value")
        return {i: Value(i, same, t, kind, size, data, bool(cut)) for i, same, t, kind, size, data, cut in rows}

    @cached_property
    def parts(self) -> dict[int, tuple[tuple[str, int], ...]]:
        """What is directly inside a value: (label, value) pairs by the holder's number."""
        found: dict[int, list[tuple[str, int]]] = {}
        for value, label, child in self._db.execute("select value, label, child from part order by value, position"):
            found.setdefault(value, []).append((label, child))
        return {value: tuple(parts) for value, parts in found.items()}

    @cached_property
    def lines(self) -> dict[int, tuple[int, ...]]:
        """The lines that each call executed, in order; empty where lines were not recorded."""
        found: dict[int, list[int]] = {}
        for call, line in self._db.execute("select call, line from executed order by ord"):
            found.setdefault(call, []).append(line)
        return {call: tuple(lines) for call, lines in found.items()}

    @cached_property
    def raised(self) -> tuple[tuple[int, int, int, int], ...]:
        """(order, call, line, value): where an exception was raised in, or passed into, a call."""
        return tuple(self._db.execute("select ord, call, line, value from raised order by ord"))

    @cached_property
    def scope(self) -> tuple[tuple[str, str, bool, str], ...]:
        """(path, lane, recorded, reason) for each file that a decision was made about."""
        rows = self._db.execute("select path, lane, recorded, reason from scope order by path")
        return tuple((path, lane, bool(recorded), reason) for path, lane, recorded, reason in rows)
