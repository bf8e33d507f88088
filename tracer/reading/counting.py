"""How many calls a trace has, told without making its tables: exactly, or, of a long recording, about."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from ..recording.events import KIND, RETURN, SHIFT, WIDTH, YIELD
from .batches import BEGINNINGS, Facts, numbers_of
from .tables import Damaged, damage

#: So many bytes of events are gone through; the rest is taken to be like them.
MOST = 16 << 20


class Count(NamedTuple):
    """How many, and whether that is exact."""

    calls: int
    exact: bool


def event_bytes(db: sqlite3.Connection) -> int:
    """Bytes of all batches. None of them is read. Raises `Damaged`."""
    with damage():
        (size,) = db.execute("select coalesce(sum(length(events)), 0) from batch").fetchone()
    return int(size)


def count_calls(db: sqlite3.Connection, most: int = MOST) -> Count:
    """Count the calls of all batches, or of those that fit into `most` bytes. Raises `Damaged`."""
    facts = Facts(db)
    widths = WIDTH if facts.values else {**WIDTH, RETURN: 2, YIELD: 2}
    whole = event_bytes(db)
    calls = seen = 0
    for batch, data in db.execute("select id, events from batch order by id"):
        if seen and seen + len(data) > most:
            return Count(round(calls * whole / seen), False)
        seen += len(data)
        numbers = numbers_of(batch, data)
        position, end = 0, len(numbers)
        while position < end:
            head = numbers[position]
            width = widths.get(head & KIND, 0)
            if not width:
                raise Damaged(f"batch {batch} ends in the middle of an event")
            if head & KIND in BEGINNINGS:
                calls += 1
                width += facts.arguments.get(head >> SHIFT, 0)
            position += width
    return Count(calls, True)
