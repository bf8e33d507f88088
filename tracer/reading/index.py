"""Raw batches made into tables: calls and their spans, arguments, lines, exceptions, thread starts.

Done once, by whoever opens the trace first, inside the trace file. The events of all threads are taken in their
global order, because a generator may be begun on one thread and resumed on another; each thread has a stack.
A return without a call belongs to a function that was running before the recording began, and is left out.
"""

from __future__ import annotations

import sqlite3
import zlib
from array import array
from collections.abc import Iterator
from heapq import merge
from typing import NamedTuple

from ..recording.events import CALL, LINE, RAISE, RESUME, RETURN, START, UNWIND, WIRE, YIELD

TABLES = """
create table call (id integer primary key, thread integer not null, code integer not null);
create table span (
  call integer not null references call, position integer not null, thread integer not null, parent integer not null,
  caller integer not null, line integer not null, start integer not null, stop integer not null, ended text not null,
  value integer not null, primary key (call, position)
) without rowid;
create table argument (
  call integer not null references call, position integer not null, value integer not null,
  primary key (call, position)
) without rowid;
create table executed (ord integer primary key, call integer not null, line integer not null);
create table raised (ord integer primary key, call integer not null, line integer not null, value integer not null);
create table start (
  ord integer primary key, thread integer not null, call integer not null, caller integer not null,
  line integer not null, child integer not null
);
create table wire_call (wire integer primary key, call integer not null);
"""

#: How many numbers an event of each kind takes in a batch; CALL is followed by as many values as its last says.
WIDTH = {CALL: 7, RESUME: 6, RETURN: 3, YIELD: 3, UNWIND: 3, RAISE: 4, LINE: 3, WIRE: 3, START: 5}
_ENDED = {RETURN: "returned", YIELD: "yielded", UNWIND: "raised"}


class Event(NamedTuple):
    """One event of a batch: `order` first, so that events sort by it; `rest` as docs/trace-format.md says."""

    order: int
    thread: int
    kind: int
    rest: tuple[int, ...]


def present(db: sqlite3.Connection) -> bool:
    """Whether the tables are there, and were made of every batch."""
    if not db.execute("select 1 from sqlite_master where name = 'wire_call'").fetchone():
        return False
    done = db.execute("select value from meta where key = 'indexed'").fetchone()
    last = db.execute("select coalesce(max(id), 0) from batch").fetchone()[0]
    return bool(done) and int(done[0]) == last


def events(db: sqlite3.Connection) -> Iterator[Event]:
    """Every event of every thread, in the global order."""
    threads = [row[0] for row in db.execute("select distinct thread from batch order by thread")]
    return merge(*(_thread_events(db, thread) for thread in threads))


def _thread_events(db: sqlite3.Connection, thread: int) -> Iterator[Event]:
    for (data,) in db.execute("select events from batch where thread = ? order by id", (thread,)):
        numbers = array("q")
        numbers.frombytes(zlib.decompress(data))
        position, end = 0, len(numbers)
        while position < end:
            kind = numbers[position]
            width = WIDTH[kind]
            stop = position + width + (numbers[position + width - 1] if kind == CALL else 0)
            yield Event(numbers[position + 1], thread, kind, tuple(numbers[position + 2 : stop]))
            position = stop


class _Active(NamedTuple):
    call: int
    position: int
    parent: int
    caller: int
    line: int
    start: int


def build(db: sqlite3.Connection) -> None:
    """Make the tables in `db`, in one transaction; nothing is changed if that fails."""
    db.isolation_level = None
    db.execute("begin immediate")
    try:
        for name in ("call", "span", "argument", "executed", "raised", "start", "wire_call"):
            db.execute(f"drop table if exists {name}")
        for statement in TABLES.split(";"):
            db.execute(statement)
        _fill(db)
        db.execute("insert or replace into meta select 'indexed', coalesce(max(id), 0) from batch")
        db.execute("commit")
    except BaseException:
        db.execute("rollback")
        raise


def _fill(db: sqlite3.Connection) -> None:
    stacks: dict[int, list[_Active]] = {}
    suspended: dict[int, tuple[int, int]] = {}  # frame id -> (call, spans so far)
    frames: dict[int, int] = {}  # call -> frame id, generators only
    rows: dict[str, list[tuple[object, ...]]] = {}
    count = 0

    def add(table: str, *row: object) -> None:
        held = rows.setdefault(table, [])
        held.append(row)
        if len(held) >= 5000:
            write(table)

    def write(table: str) -> None:
        held = rows[table]
        if held:
            marks = ",".join("?" * len(held[0]))
            db.executemany(f"insert into {table} values ({marks})", held)
            held.clear()

    def end(thread: int, active: _Active, stop: int, how: str, value: int) -> None:
        add("span", active.call, active.position, thread, *active[2:], stop, how, value)

    for order, thread, kind, rest in events(db):
        stack = stacks.setdefault(thread, [])
        inner = stack[-1].call if stack else 0
        if kind in (CALL, RESUME):
            code, caller, line, frame = rest[:4]
            known = suspended.get(frame) if kind == RESUME else None
            if known is None:
                count += 1
                number, position = count, 0
                add("call", number, thread, code)
                for place, value in enumerate(rest[5:]):
                    add("argument", number, place, value)
            else:
                number, position = known
            if frame:
                frames[number] = frame
                suspended[frame] = (number, position + 1)
            stack.append(_Active(number, position, inner, caller, line, order))
        elif kind in _ENDED:
            if stack:
                active = stack.pop()
                end(thread, active, order, _ENDED[kind], rest[0])
                if kind != YIELD and active.call in frames:
                    suspended.pop(frames.pop(active.call), None)
        elif kind == LINE:
            if stack:
                add("executed", order, inner, rest[0])
        elif kind == RAISE:
            if stack:
                add("raised", order, inner, *rest)
        elif kind == WIRE:
            add("wire_call", rest[0], inner)
        elif kind == START:
            add("start", order, thread, inner, *rest)
    for thread, stack in stacks.items():
        for active in stack:
            end(thread, active, 0, "open", 0)
    for table in rows:
        write(table)
