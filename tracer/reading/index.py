"""Raw batches made into tables: calls and their spans, arguments, lines, exceptions, thread starts, values.

Done once, by whoever opens the trace first, inside the trace file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from .counting import event_bytes
from .described import fill_values
from .replay import fill
from .tables import MADE, Damaged, check, damage, made, schema


def present(db: sqlite3.Connection) -> bool:
    """Whether the tables are there, and were made of every batch. Raises `Damaged`."""
    with damage():
        there = {name for (name,) in db.execute("select name from sqlite_master where type = 'table'")}
        last = "(select cast(coalesce(max(id), 0) as text) from batch)"
        done = db.execute(f"select 1 from meta where key = 'indexed' and value = {last}").fetchone()
        return bool(done) and there.issuperset(made())


#: Told how many bytes of events were gone through since it was told last, and of how many.
Progress = Callable[[int, int], object]
#: KiB of a trace that SQLite keeps in memory meanwhile.
CACHE = 1 << 16


def untold(done: int, whole: int) -> None:
    """Progress that nobody looks at."""


def build(db: sqlite3.Connection, progress: Progress = untold) -> None:
    """Make the tables in `db`, in one transaction; nothing is changed if that fails. Raises `Damaged` where anything
    in the file does not fit, whether the batches need it or not."""
    db.isolation_level = None
    with damage():
        db.execute(f"pragma cache_size = -{CACHE}")
        db.execute("begin immediate")
        try:
            for name in made():
                db.execute(f"drop table if exists {name}")
            _check_batches(db)
            for statement in MADE.split(";"):
                db.execute(statement)
            for name in ("batch", "code", "described", "meta", "shape"):
                check(db, name)
            fill_values(db)
            for name in schema():
                if name not in made():
                    check(db, name)
            whole = event_bytes(db)
            fill(db, lambda done: progress(done, whole))
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
