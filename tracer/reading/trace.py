"""A trace, opened: its files, functions, threads, values, wire events, and the tables made of its batches.

`Trace.open` checks that the file is a trace that this version can read, makes the tables if nobody has yet
(`opening.py`), and gives plain frozen values. Everything further right works from these. What is damaged is told by
`TraceError`, when the trace is opened or when its rows are first read, and by nothing else.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from pathlib import Path, PurePath
from types import TracebackType
from typing import Any

from . import tables
from .counting import Count, count_calls, event_bytes
from .index import Progress, untold
from .links import SourceFile
from .made import made_of
from .model import Call as Call
from .model import Code as Code
from .model import Connection as Connection
from .model import Distribution as Distribution
from .model import File as File
from .model import Span as Span
from .model import Start as Start
from .model import Value as Value
from .model import Wire as Wire
from .opening import TraceError as TraceError
from .opening import connect, one_sentence
from .tables import Damaged
from .tasks import Task, Tasks, greenlet_names
from .uncollected import uncollected


class Trace:
    """An open trace. Use it as a context manager, or call `close`."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        self.path = path

    @classmethod
    def open(cls, path: str | Path, progress: Progress = untold) -> Trace:
        """Open the trace at `path`; make its tables if it has none, which `progress` is told of. Raises `TraceError`,
        and changes nothing then."""
        path = Path(path)
        return cls(connect(path, progress=progress), path)

    @classmethod
    def open_at_once(cls, path: str | Path) -> Trace:
        """The same without the tables, in a moment however large it is: `meta` and `scope` can be read, not the calls.
        Raises `TraceError`, and changes nothing."""
        path = Path(path)
        return cls(connect(path, tables=False), path)

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

    @property
    def size(self) -> int:
        """Bytes that its events take as they were recorded: what making the tables, and following values, costs goes
        with them. Raises `TraceError`."""
        with one_sentence(self.path):
            return event_bytes(self._db)

    def count(self, most: int) -> Count:
        """How many calls it has, without the tables: about, where its events take more than `most` bytes. Raises
        `TraceError`."""
        with one_sentence(self.path):
            return count_calls(self._db, most)

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
            if made := made_of(path, source):
                relative, source = f"{relative or PurePath(path).name}, as compiled", None
            facts = SourceFile(
                path=path,
                kind="made" if made else {"installed": "distribution"}.get(kind, kind),
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
        """Names of threads by number, and of the greenlets and tasks that take turns on them (`tasks.py`)."""
        rows = list(self._rows("thread", "id, name, kind", "id"))
        greenlets = {number: name for number, name, kind in rows if kind == "greenlet"}
        names = {number: name for number, name, _ in rows} | greenlet_names(greenlets, self.calls)
        return names | {task.id: task.name for task in self.tasks.values()}

    @cached_property
    def tasks(self) -> dict[int, Task]:
        """Coroutines that an event loop stepped, by number: each is told as a thread of its own."""
        return self._tasks.tasks

    def carrier(self, thread: int) -> int:
        """The thread that a task ran on; a thread itself."""
        return self.tasks[thread].thread if thread in self.tasks else thread

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
        found = (Wire.of_row((*row, calls.get(row[0]))) for row in self._rows("wire", columns, "ended"))
        return tuple(self._tasks.of_wire(wire) for wire in found)

    @cached_property
    def starts(self) -> tuple[Start, ...]:
        """Thread starts, in order."""
        rows = self._rows("start", "ord, thread, call, caller, line, child", "ord")
        found = tuple(Start(*row) for row in rows)
        with one_sentence(self.path):
            _check_origins(found)
        return tuple(self._tasks.of_start(start) for start in found)

    @cached_property
    def calls(self) -> dict[int, Call]:
        """Every call by number, in the order in which they began."""
        return {number: self._tasks.of_call(call) for number, call in self._calls.items()}

    @cached_property
    def _tasks(self) -> Tasks:
        return Tasks(self._calls, self.codes, (row[0] for row in self._rows("thread", "id", "id")))

    @cached_property
    def _calls(self) -> dict[int, Call]:
        with uncollected():
            return self._made_calls()

    def _made_calls(self) -> dict[int, Call]:
        columns = "call, position, thread, parent, caller, line, start, stop, ended, value"
        spans = {call: tuple(map(Span._make, rows)) for call, rows in self._by_call("span", columns)}
        arguments = {
            call: tuple([value for _, value in rows]) for call, rows in self._by_call("argument", "call, value")
        }
        calls, codes = {}, self.codes
        for number, thread, code in self._rows("call", "id, thread, code", "id"):
            if number not in spans:
                raise TraceError(f"{self.path} is damaged: call {number} has no span; record it again")
            calls[number] = Call(number, thread, codes[code], arguments.get(number, ()), spans[number])
        return calls

    def _by_call(self, table: str, columns: str) -> Iterator[tuple[int, Iterator[tuple[Any, ...]]]]:
        return groupby(self._rows(table, columns, "call, position"), _first)

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """Every span, in order."""
        return tuple(sorted((s for call in self.calls.values() for s in call.spans), key=lambda s: s.start))

    def value(self, number: int) -> Value | None:
        """One value by number; None for 0."""
        return self.values.get(number)

    @cached_property
    def values(self) -> dict[int, Value]:
        """Every value by number."""
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


_first: Callable[[tuple[Any, ...]], Any] = itemgetter(0)


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
