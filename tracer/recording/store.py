"""The trace on disk: an SQLite file that grows by whole batches. The schema is told in docs/trace-format.md.

The recorder writes described values, code objects, files, wire events, and the calls as raw batches (one row,
many events); whoever opens the trace first makes tables of the batches (`tracer.reading.index`). A batch and
all that it refers to are committed together, so what was committed before a ``kill -9`` is complete.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

#: The version of the schema. A reader refuses every other one with a sentence.
VERSION = 1
#: Says "this SQLite file is a trace" (`PRAGMA application_id`): "unmg".
APPLICATION_ID = 0x756E6D67

SCHEMA = """
create table meta (key text primary key, value text not null) without rowid;
create table distribution (id integer primary key, name text, version text, licence text, urls text);
create table file (
  id integer primary key, path text not null, kind text not null, lane text not null, module text not null,
  distribution integer references distribution, relative text not null, blob text not null,
  unchanged integer not null, remote text not null, revision text not null, source text
);
create table code (
  id integer primary key, file integer not null references file, qualname text not null, kind text not null,
  first integer not null, last integer not null, arguments text not null, recorded integer not null
);
create table thread (id integer primary key, name text not null, kind text not null);
create table value (
  id integer primary key, object integer not null, type text not null, kind text not null, size integer not null,
  data blob, cut integer not null
);
create table part (
  value integer not null references value, position integer not null, label text not null,
  child integer not null references value, primary key (value, position)
) without rowid;
create table connection (id integer primary key, family text, local text, peer text, role text, tls integer);
create table wire (
  id integer primary key, began integer not null, ended integer not null, thread integer not null references thread,
  op text not null, connection integer references connection, code integer references code, line integer,
  size integer not null, value integer references value, error integer references value, detail text not null,
  t0 integer not null, t1 integer not null
);
create table batch (id integer primary key, thread integer not null references thread, events blob not null);
create table scope (path text primary key, lane text not null, recorded integer not null, reason text not null)
  without rowid;
"""

#: Where else a program's own text is kept, besides `value`: table, column, condition.
TEXTS = (
    ("part", "label", "label is not masked_text(label)"),
    ("file", "source", "kind in ('program', 'other') and source is not null"),
    ("thread", "name", "name is not masked_text(name)"),
    ("meta", "value", "key in ('argv', 'program', 'faults')"),
)


class StoreError(Exception):
    """The trace cannot be written; the message is one sentence for the user."""


class Store:
    """One open trace file, written by one thread at a time (the recorder's lock sees to that)."""

    def __init__(self, path: str) -> None:
        """Create the file at `path`, replacing an older trace there but nothing else. Raises `StoreError`."""
        self.path = os.path.abspath(path)
        try:
            self._clear()
            self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            self._db.executescript(
                f"pragma page_size=8192; pragma journal_mode=wal; pragma synchronous=off;"
                f"pragma application_id={APPLICATION_ID}; pragma user_version={VERSION}; begin; {SCHEMA} commit;"
            )
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"cannot write the trace {self.path}: {error}") from None

    def _clear(self) -> None:
        if os.path.isdir(self.path):
            raise StoreError(f"cannot write the trace {self.path}: it is a folder")
        if os.path.exists(self.path) and os.path.getsize(self.path):
            with open(self.path, "rb") as file:
                if not file.read(16).startswith(b"SQLite format 3"):
                    raise StoreError(f"will not overwrite {self.path}: it is not a trace")
        for suffix in ("", "-wal", "-shm", "-journal"):
            if os.path.exists(self.path + suffix):
                os.remove(self.path + suffix)

    def write(self, rows: Iterable[tuple[str, Sequence[tuple[Any, ...]]]]) -> None:
        """Insert rows, table by table, in one transaction: all of them or none."""
        self._db.execute("begin")
        try:
            for table, values in rows:
                if values:
                    marks = ",".join("?" * len(values[0]))
                    self._db.executemany(f"insert or replace into {table} values ({marks})", values)
            self._db.execute("commit")
        except BaseException:
            self._db.execute("rollback")
            raise

    def mask(self, value: Callable[[Any], Any], text: Callable[[str], str]) -> None:
        """Pass every kept value once more through `value`, and other text of the program's through `text`: a secret
        may have been learned after it was written."""
        self._db.create_function("masked", 1, value)
        self._db.create_function("masked_text", 1, text)
        self._db.execute("begin")
        self._db.execute("update value set data = masked(data) where data is not null and data is not masked(data)")
        for table, column, some in TEXTS:
            self._db.execute(f"update {table} set {column} = masked_text({column}) where {some}")
        self._db.execute("commit")

    def size(self) -> int:
        """Bytes on disk so far."""
        return sum(os.path.getsize(self.path + s) for s in ("", "-wal") if os.path.exists(self.path + s))

    def pause(self) -> None:
        """Let go of the file for a moment."""
        self._db.close()

    def resume(self) -> None:
        """Take it again."""
        self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        self._db.execute("pragma synchronous=off")

    def close(self) -> None:
        """Fold the write-ahead log into the one file and let go of it."""
        self._db.execute("pragma journal_mode=delete")
        self._db.close()
