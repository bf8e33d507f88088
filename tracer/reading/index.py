"""Raw batches made into tables: calls and their spans, arguments, lines, exceptions, thread starts.

Done once, by whoever opens the trace first, inside the trace file. The events of all threads are taken in their
global order, because a generator may be begun on one thread and resumed on another; each thread has a stack.
A return without a call belongs to a function that was running before the recording began, and is left out.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import zlib
from array import array
from collections.abc import Iterator
from heapq import merge
from typing import NamedTuple

from ..recording.events import CALL, LINE, RAISE, RESUME, RETURN, START, UNWIND, WIRE, YIELD
from .tables import MADE, Damaged, check, damage, made, schema

#: How many numbers an event of each kind takes in a batch, its kind included.
WIDTH = {CALL: 7, RESUME: 6, RETURN: 2, YIELD: 2, UNWIND: 2, RAISE: 3, LINE: 3, WIRE: 3, START: 5}
#: How many values an event of each kind takes from the batch's other list; a CALL as many as its last number says.
VALUES = {RETURN: 1, YIELD: 1, UNWIND: 1, RAISE: 1}
_ENDED = {RETURN: "returned", YIELD: "yielded", UNWIND: "raised"}


class Event(NamedTuple):
    """One event of a batch: `order` first, so that events sort by it; `rest` as docs/trace-format.md says."""

    order: int
    thread: int
    kind: int
    rest: tuple[int, ...]


def present(db: sqlite3.Connection) -> bool:
    """Whether the tables are there, and were made of every batch. Raises `Damaged`."""
    with damage():
        there = {name for (name,) in db.execute("select name from sqlite_master where type = 'table'")}
        last = "(select cast(coalesce(max(id), 0) as text) from batch)"
        done = db.execute(f"select 1 from meta where key = 'indexed' and value = {last}").fetchone()
        return bool(done) and there.issuperset(made())


def events(db: sqlite3.Connection) -> Iterator[Event]:
    """Every event of every thread, in the global order. Raises `Damaged`."""
    threads = [row[0] for row in db.execute("select distinct thread from batch order by thread")]
    return merge(*(_thread_events(db, thread) for thread in threads))


def _thread_events(db: sqlite3.Connection, thread: int) -> Iterator[Event]:
    rows = db.execute("select id, events, numbers from batch where thread = ? order by id", (thread,))
    for number, data, held in rows:
        numbers, values = _numbers(number, data), _numbers(number, held) if held else array("q")
        position, end, place = 0, len(numbers), 0
        while position < end:
            kind = numbers[position]
            stop = position + WIDTH.get(kind, 0)
            if not position < stop <= end:
                raise Damaged(f"batch {number} ends in the middle of an event")
            after = place + (numbers[stop - 1] if kind == CALL else VALUES.get(kind, 0))
            if not place <= after <= len(values):
                raise Damaged(f"batch {number} has too few values for its events")
            yield Event(numbers[position + 1], thread, kind, (*numbers[position + 2 : stop], *values[place:after]))
            position, place = stop, after
        if place < len(values):
            raise Damaged(f"batch {number} has values that belong to no event")


def _numbers(batch: int, data: bytes) -> array[int]:
    """The numbers of a batch, unpacked."""
    try:
        return _integers(zlib.decompress(data))
    except (zlib.error, ValueError) as error:
        raise Damaged(f"batch {batch} cannot be unpacked ({error})") from None


def _integers(data: bytes) -> array[int]:
    """64-bit little-endian integers. Raises ValueError where bytes are left over."""
    numbers = array("q")
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _fill_objects(db: sqlite3.Connection) -> None:
    """The values that batches describe, with what is directly inside them. A value that has a row already says
    something besides."""
    shapes = {row[0]: (*row[1:3], _labels(*row)) for row in db.execute("select id, type, kind, labels from shape")}
    for batch, data in db.execute("select id, objects from batch where objects <> x'' order by id"):
        numbers = _numbers(batch, data)
        values, parts, position = [], [], 0
        while position < len(numbers):
            start = position + 6
            if start > len(numbers):
                raise Damaged(f"batch {batch} cannot be unpacked (a description is cut)")
            number, identity, shape, size, cut, count = numbers[position:start]
            position = start + count
            if shape not in shapes or count < 0 or position > len(numbers):
                raise Damaged(f"batch {batch} describes value {number} by nothing that is there")
            kind, word, labels = shapes[shape]
            if count not in (0, len(labels)):
                raise Damaged(f"value {number} has {count} parts and {len(labels)} labels")
            values.append((number, identity, kind, word, size, None, cut))
            parts += [(number, place, labels[place], child) for place, child in enumerate(numbers[start:position])]
        db.executemany("insert or ignore into value values (?, ?, ?, ?, ?, ?, ?)", values)
        db.executemany("insert into part values (?, ?, ?, ?)", parts)


def _labels(number: int, kind: str, word: str, labels: str) -> list[str]:
    try:
        found = json.loads(labels)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise Damaged(f"the labels of shape {number} are no list of names")
    return found


class _Active(NamedTuple):
    call: int
    position: int
    parent: int
    caller: int
    line: int
    start: int


def build(db: sqlite3.Connection) -> None:
    """Make the tables in `db`, in one transaction; nothing is changed if that fails. Raises `Damaged` where anything
    in the file does not fit, whether the batches need it or not."""
    db.isolation_level = None
    with damage():
        db.execute("begin immediate")
        try:
            for name in made():
                db.execute(f"drop table if exists {name}")
            _check_batches(db)
            for statement in MADE.split(";"):
                db.execute(statement)
            for name in ("batch", "shape", "value"):
                check(db, name)
            _fill_objects(db)
            for name in schema():
                if name not in made():
                    check(db, name)
            _fill(db)
            for name in made():
                check(db, name)
            db.execute("insert or replace into meta select 'indexed', coalesce(max(id), 0) from batch")
            db.execute("commit")
        finally:
            if db.in_transaction:  # SQLite itself takes a transaction back when the disk is full
                db.execute("rollback")


def _check_batches(db: sqlite3.Connection) -> None:
    """A missing batch would not be missed otherwise, and everything after it would hang at the wrong place."""
    count, first, last = db.execute("select count(*), min(id), max(id) from batch").fetchone()
    if count and (first, last) != (1, count):
        raise Damaged(f"it has {count} batches, numbered {first} to {last}")


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
