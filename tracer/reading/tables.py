"""The tables of a trace, read with nothing taken on trust: it may have been cut, or changed by a bad disk.

Before a table's first row is given, SQLite itself looks whether every cell has the type that the schema says, and
every reference a row that it points to: a fraction of the time that reading takes. So who works with the rows can
rely on both. What SQLite cannot tell is whether text is UTF-8; that is found where it is read.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

from ..recording.store import SCHEMA

#: Made of the batches by whoever opens the trace first.
MADE = """
create table value (
  id integer primary key, object integer not null, type text not null, kind text not null, size integer not null,
  data, cut integer not null
);
create table call (
  id integer primary key, thread integer not null references thread, code integer not null references code
);
create table span (
  call integer not null references call, position integer not null, thread integer not null references thread,
  parent integer not null references call, caller integer not null references code, line integer not null,
  start integer not null, stop integer not null, ended text not null, value integer not null references value,
  primary key (call, position)
) without rowid;
create table argument (
  call integer not null references call, position integer not null, value integer not null references value,
  primary key (call, position)
) without rowid;
create table part (
  value integer not null references value, position integer not null, label text not null,
  child integer not null references value, primary key (value, position)
) without rowid;
create table executed (
  ord integer primary key, call integer not null references call, line integer not null
);
create table raised (
  ord integer primary key, call integer not null references call, line integer not null,
  value integer not null references value
);
create table start (
  ord integer primary key, thread integer not null references thread, call integer not null references call,
  caller integer not null references code, line integer not null, child integer not null
);
create table wire_call (wire integer primary key references wire, call integer not null references call);
"""

#: References that are 0 where there is none.
MAY_BE_NONE = {
    ("span", "parent"), ("span", "caller"), ("span", "value"), ("argument", "value"), ("raised", "value"),
    ("start", "call"), ("start", "caller"), ("wire", "code"), ("wire_call", "call"),
}  # fmt: skip
#: What else holds for every row.
HOLDS = {"span": "0 < start and (stop = 0 or start < stop)", "wire": "0 < began and began <= ended"}
#: The recorder lists connections a moment before it takes the events: after a ``kill -9`` the newest may be missing.
MAY_BE_MISSING = {("wire", "connection")}


class Damaged(Exception):
    """The content of a trace is not what was written; the message is a clause for the middle of a sentence."""


class Column(NamedTuple):
    """A column as the schema declares it; `refers` is the table that it points to, or ''."""

    name: str
    types: tuple[str, ...]
    refers: str


@cache
def schema() -> dict[str, tuple[Column, ...]]:
    """The columns of every table, as SQLite understands `SCHEMA` and `MADE`."""
    db = sqlite3.connect(":memory:")
    try:
        db.executescript(SCHEMA + MADE)
        return {table: _columns(db, table) for (table,) in db.execute("select name from sqlite_master").fetchall()}
    finally:
        db.close()


def _columns(db: sqlite3.Connection, table: str) -> tuple[Column, ...]:
    refers = {row[3]: row[2] for row in db.execute(f"pragma foreign_key_list({table})")}
    found = []
    for _, name, declared, not_null, _, key in db.execute(f"pragma table_info({table})"):
        types = (declared.lower(),) if declared else ("text", "blob")
        found.append(Column(name, types if not_null or key else (*types, "null"), refers.get(name, "")))
    return tuple(found)


def made() -> tuple[str, ...]:
    """The names of the tables that are made of the batches."""
    return tuple(re.findall(r"create table (\w+)", MADE))


def check(db: sqlite3.Connection, table: str) -> None:
    """Look at every row of a table. Raises `Damaged` for a type, a reference or an order that does not fit."""
    columns = schema()[table]
    _check_types(db, table, columns)
    if table in HOLDS and db.execute(f"select 1 from {table} where not ({HOLDS[table]}) limit 1").fetchone():
        raise Damaged(f"a {table} ends before it begins")
    for column in columns:
        if column.refers and (table, column.name) not in MAY_BE_MISSING:
            _check_references(db, table, column)


def _check_types(db: sqlite3.Connection, table: str, columns: tuple[Column, ...]) -> None:
    wrong = [f"typeof({c.name}) not in ({', '.join(map(repr, c.types))})" for c in columns]
    types = ", ".join(f"typeof({c.name})" for c in columns)
    row = db.execute(f"select {types} from {table} where {' or '.join(wrong)} limit 1").fetchone()
    for column, found in zip(columns, row or (), strict=False):
        if found not in column.types:
            raise Damaged(f"{table}.{column.name} holds {found} where {column.types[0]} belongs")


def _check_references(db: sqlite3.Connection, table: str, column: Column) -> None:
    missing = f"{column.name} is not null and {column.name} not in (select id from {column.refers})"
    if (table, column.name) in MAY_BE_NONE:
        missing += f" and {column.name} <> 0"
    row = db.execute(f"select {column.name} from {table} where {missing} limit 1").fetchone()
    if row:
        raise Damaged(f"{table}.{column.name} points to {column.refers} {row[0]}, which is not there")


def rows(db: sqlite3.Connection, table: str, columns: str, order: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a table, checked before the first one. Raises `Damaged`."""
    with damage():
        check(db, table)
        # Not `yield from`: that would close the cursor, which a closed database objects to, where rows are left.
        for row in db.execute(f"select {columns} from {table} order by {order}"):  # noqa: UP028
            yield row


@contextmanager
def damage() -> Iterator[None]:
    """Turns what SQLite says of the file's content into `Damaged`. What it says of the disk, of locks and of our own
    use of it stays as it is."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.OperationalError as error:
        undecoded = re.match(r"Could not decode to UTF-8 column '(\w+)'", str(error))
        if undecoded:
            raise Damaged(f"the text in column {undecoded[1]} is not UTF-8") from None
        if str(error).startswith("no such "):
            raise Damaged(f"it has {error}".replace("no such", "no")) from None
        raise
    except UnicodeDecodeError:  # of a name in the schema, which SQLite's own message would have told
        raise Damaged("a name in it is not UTF-8") from None
    except sqlite3.Error as error:
        said = " ".join(str(error).split())
        raise Damaged("".join(c if c.isprintable() else "?" for c in said)) from None
