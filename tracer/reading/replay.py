"""Events played again: who called whom, from where, on which thread, until when; written as rows of the tables.

The events of all threads are taken in their global order, because a generator may be begun on one thread and resumed on
another: of the thread whose next event is the earliest as many as come before the next of any other. Each thread, and
each greenlet on it, has a stack. A return without a call belongs to a function that was running before the recording
began, and is left out.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable
from heapq import heapify, heapreplace
from typing import Any

from ..recording.events import (
    BEGIN,
    CALL,
    INNERMOST,
    KIND,
    LINE,
    LOW_BITS,
    RAISE,
    RESUME,
    RETURN,
    SHIFT,
    START,
    SWITCH,
    UNWIND,
    WIRE,
    YIELD,
)
from .batches import Facts, numbers_of
from .tables import Damaged

#: Numbers of a batch that are gone through before rows are written.
AT_ONCE = 1 << 16
#: How many columns each table has that is filled here.
COLUMNS = {"call": 3, "span": 10, "argument": 3, "executed": 3, "raised": 4, "start": 6, "wire_call": 2}

Row = tuple[Any, ...]
#: A call that is active: the first seven columns of its span.
Active = tuple[int, int, int, int, int, int, int]


class _Thread:
    """What one thread wrote, and how far it has been taken."""

    def __init__(self, number: int, batches: list[int]) -> None:
        self.number = number
        #: The thread's number, or that of the greenlet that is at work on it.
        self.active = number
        self.batches = batches
        self.batch = 0
        self.numbers = array("i")
        self.position = 0

    def load(self, db: sqlite3.Connection) -> bool:
        """Whether there is an event left; the next batch is read where this one is over. Raises `Damaged`."""
        while self.position >= len(self.numbers):
            if not self.batches:
                return False
            self.batch = self.batches.pop()
            (data,) = db.execute("select events from batch where id = ?", (self.batch,)).fetchone()
            self.numbers, self.position = numbers_of(self.batch, data), 0
        if self.position + 1 == len(self.numbers):
            raise self.cut()
        return True

    @property
    def next(self) -> int:
        """The order of its next event."""
        return self.numbers[self.position + 1]

    def cut(self) -> Damaged:
        return Damaged(f"batch {self.batch} ends in the middle of an event")


def fill(db: sqlite3.Connection, progress: Callable[[int], object] = lambda done: None) -> None:
    """Fill the tables from every batch. `progress` is told the bytes of events that were gone through. Raises
    `Damaged`."""
    replay = _Replay(db)
    waiting = [(thread.next, thread.number, thread) for thread in _threads(db) if thread.load(db)]
    heapify(waiting)
    while waiting:
        thread = waiting[0][2]
        before = thread.position
        replay.run(thread, min((one[0] for one in waiting[1:3]), default=None))
        progress(thread.numbers.itemsize * (thread.position - before))
        replay.write(AT_ONCE // 8)
        if thread.load(db):
            heapreplace(waiting, (thread.next, thread.number, thread))
        else:
            waiting[0] = waiting[-1]
            waiting.pop()
            heapify(waiting)
    replay.end()
    replay.write(1)


def _threads(db: sqlite3.Connection) -> list[_Thread]:
    batches: dict[int, list[int]] = {}
    for number, thread in db.execute("select id, thread from batch order by id desc"):
        batches.setdefault(thread, []).append(number)
    return [_Thread(number, batches[number]) for number in sorted(batches)]


class _Replay:
    """The stacks of all threads, and the rows that are still to be written."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._facts = Facts(db)
        self._count = 0
        #: Of each thread and greenlet: the calls that are active, and their functions.
        self._stacks: dict[int, tuple[list[Active], list[int]]] = {}
        self._suspended: dict[int, tuple[int, int]] = {}  # frame id -> (call, spans so far)
        self._frames: dict[int, int] = {}  # call -> frame id, generators only
        self._rows: dict[str, list[Row]] = {name: [] for name in COLUMNS}

    def run(self, thread: _Thread, until: int | None) -> None:
        """Take events of one thread: one at least, and all that come before `until`, but no more than AT_ONCE numbers.
        Raises `Damaged`."""
        try:
            self._run(thread, thread.next if until is None else until, until is None)
        except IndexError:
            raise thread.cut() from None
        if thread.position > len(thread.numbers):
            raise thread.cut()

    def _run(self, thread: _Thread, until: int, alone: bool) -> None:
        numbers, position = thread.numbers, thread.position
        stop_at = min(len(numbers), position + AT_ONCE)
        stack, codes = self._stacks.setdefault(thread.active, ([], []))
        active = thread.active
        arguments, line_of, known = self._facts.arguments, self._facts.line, self._facts.known
        value_size = 1 if self._facts.values else 0
        rows = self._rows
        add_call, add_span, add_argument = rows["call"].append, rows["span"].append, rows["argument"].append
        while position < stop_at:
            head, order = numbers[position], numbers[position + 1]
            if not alone and order >= until and position > thread.position:
                break
            kind = head & KIND
            if kind == CALL:
                code, caller, at = head >> SHIFT, numbers[position + 2], numbers[position + 3]
                if caller == INNERMOST:
                    caller = codes[-1] if codes else 0
                line = known.get((caller, at))
                if line is None:
                    line = line_of(caller, at)
                self._count = number = self._count + 1
                add_call((number, active, code))
                stack.append((number, 0, active, stack[-1][0] if stack else 0, caller, line, order))
                codes.append(code)
                position += 4
                size = arguments.get(code)
                if size:
                    for place in range(size):
                        add_argument((number, place, numbers[position + place]))
                    position += size
            elif kind == RETURN:
                if stack:
                    codes.pop()
                    ended = stack.pop()
                    add_span((*ended, order, "returned", numbers[position + 2] if value_size else 0))
                    if ended[0] in self._frames:
                        self._suspended.pop(self._frames.pop(ended[0]), None)
                position += 2 + value_size
            elif kind == LINE:
                if stack:
                    rows["executed"].append((order, stack[-1][0], numbers[position + 2]))
                position += 3
            elif kind in (BEGIN, RESUME):
                code, caller, at, low, high = head >> SHIFT, *numbers[position + 2 : position + 6]
                frame = high << LOW_BITS | low
                if caller == INNERMOST:
                    caller = codes[-1] if codes else 0
                found = self._suspended.get(frame) if kind == RESUME else None
                size = arguments.get(code, 0) if kind == BEGIN else 0
                position += 6
                if found is None:
                    self._count += 1
                    found = (self._count, 0)
                    add_call((self._count, active, code))
                    for place in range(size):
                        add_argument((self._count, place, numbers[position + place]))
                position += size
                if frame:
                    self._frames[found[0]] = frame
                    self._suspended[frame] = (found[0], found[1] + 1)
                stack.append((*found, active, stack[-1][0] if stack else 0, caller, line_of(caller, at), order))
                codes.append(code)
            elif kind == YIELD:
                if stack:
                    codes.pop()
                    add_span((*stack.pop(), order, "yielded", numbers[position + 2] if value_size else 0))
                position += 2 + value_size
            elif kind == UNWIND:
                if stack:
                    codes.pop()
                    ended = stack.pop()
                    add_span((*ended, order, "raised", numbers[position + 2]))
                    if ended[0] in self._frames:
                        self._suspended.pop(self._frames.pop(ended[0]), None)
                position += 3
            elif kind == RAISE:
                if stack:
                    line = line_of(head >> SHIFT, numbers[position + 2])
                    rows["raised"].append((order, stack[-1][0], line, numbers[position + 3]))
                position += 4
            elif kind == WIRE:
                if order not in self._facts.wires:
                    raise Damaged(f"batch {thread.batch} has a wire event at {order}, which is not there")
                rows["wire_call"].append((self._facts.wires[order], stack[-1][0] if stack else 0))
                position += 2
            elif kind == START:
                caller, at, child = numbers[position + 2], numbers[position + 3], numbers[position + 4]
                if caller == INNERMOST:
                    caller = codes[-1] if codes else 0
                inner = stack[-1][0] if stack else 0
                rows["start"].append((order, active, inner, caller, line_of(caller, at), child))
                position += 5
            elif kind == SWITCH:
                active = thread.active = numbers[position + 2]
                stack, codes = self._stacks.setdefault(active, ([], []))
                position += 3
            else:
                raise thread.cut()
        thread.position = position

    def end(self) -> None:
        """What is still active has no end."""
        for stack, _ in self._stacks.values():
            self._rows["span"] += [(*active, 0, "open", 0) for active in stack]

    def write(self, least: int) -> None:
        """Write the rows of each table of which there are so many."""
        for table, rows in self._rows.items():
            if len(rows) >= least:
                if table == "span":
                    rows.sort(key=_place)
                self._db.executemany(f"insert into {table} values ({','.join('?' * COLUMNS[table])})", rows)
                rows.clear()


def _place(span: Row) -> Row:
    return span[:2]
