"""The trace on disk: an SQLite file that grows by whole batches. The schema is told in docs/trace-format.md.

The recorder writes described values, code objects, files, wire events, and the calls as raw batches (one row,
many events); whoever opens the trace first makes tables of the batches (`tracer.reading.index`). A batch and
all that it refers to are committed together, so what was committed before a ``kill -9`` is complete.
"""

from __future__ import annotations

import os
import re
import sqlite3
import sys
from _thread import allocate_lock, start_new_thread  # as they were before a recording began
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from time import sleep
from typing import Any
from urllib.parse import quote

from .behind import deaf

#: The version of the schema. A reader refuses every other one with a sentence.
VERSION = 7
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
  first integer not null, last integer not null, arguments text not null, recorded integer not null,
  lines blob not null
);
create table thread (id integer primary key, name text not null, kind text not null);
create table shape (id integer primary key, type text not null, kind text not null, labels text not null);
create table connection (id integer primary key, family text, local text, peer text, role text, tls integer);
create table wire (
  id integer primary key, began integer not null, ended integer not null, thread integer not null references thread,
  op text not null, connection integer references connection, code integer references code, line integer,
  size integer not null, value integer references value, error integer references value, detail text not null,
  t0 integer not null, t1 integer not null, data blob
);
create table batch (id integer primary key, thread integer not null references thread, events blob not null);
create table described (id integer primary key, objects blob not null, heads blob not null, lengths blob not null,
  starts blob not null, told blob not null, wire integer references wire);
create table scope (path text primary key, lane text not null, recorded integer not null, reason text not null)
  without rowid;
"""

#: Where else a program's own text is kept, besides values: table, column, condition.
TEXTS = (
    ("shape", "labels", "labels is not masked_text(labels)"),
    ("file", "source", "kind in ('program', 'other') and source is not null"),
    ("thread", "name", "name is not masked_text(name)"),
    ("meta", "value", "key in ('argv', 'program', 'faults')"),
)


#: A row of `described` that was masked once more.
AGAIN = "update described set lengths = ?, starts = ?, told = ? where id = ?"

#: Tables whose rows point to no others.
ALONE = frozenset({"meta", "scope"})

#: How the files begin that SQLite may leave beside a database (and ends them with zeros when it is done).
BESIDE = {
    "-wal": (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83", b"\0\0\0\0"),
    "-shm": ((3_007_000).to_bytes(4, sys.byteorder), b"\0\0\0\0"),
    "-journal": (b"\xd9\xd5\x05\xf9", b"\0\0\0\0"),
}

#: How often a trace that somebody reads is tried to be closed as one file, a hundredth of a second between.
PATIENCE = 100


class StoreError(Exception):
    """The trace cannot be written; the message is one sentence for the user."""


class Store:
    """One open trace file, written by one thread at a time (the recorder's lock sees to that)."""

    #: Whether there is a file.
    begun = True

    def __init__(self, path: str) -> None:
        """Create the file at `path`, replacing an older trace there but nothing else. Its tables come with what is
        written first: whoever is killed before leaves no trace that does not say whose it is. Raises `StoreError`."""
        self.path = os.path.abspath(path)
        self._whole, self._made = True, False
        try:
            _clear(self.path)
            self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            # The id is set before there is a log: so it lies in the file itself, where `_clear` looks for it.
            self._db.executescript(
                "pragma page_size=8192; pragma synchronous=off; pragma secure_delete=on;"
                f"pragma application_id={APPLICATION_ID};"
                "pragma journal_mode=wal;"
            )
            self._files = _identities(self.path)
        except OSError as error:
            raise StoreError(f"cannot write the trace {self.path}: {error.strerror}") from None
        except sqlite3.Error as error:
            self.discard()
            raise StoreError(f"cannot write the trace {self.path}: {error}") from None

    def discard(self) -> None:
        """Take away what was begun: half a trace is none."""
        with suppress(AttributeError, sqlite3.Error):
            self._db.close()
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                os.remove(self.path + suffix)

    def write(self, rows: Iterable[tuple[str, Sequence[tuple[Any, ...]]]]) -> None:
        """Insert rows, table by table, in one transaction: all of them or none. Once that has failed, only what
        stands alone is still written: other rows would point to some that are not there."""
        whole, self._whole = self._whole, False
        try:
            self._db.execute("begin")
            for statement in () if self._made else (f"pragma user_version={VERSION}", *SCHEMA.split(";")):
                self._db.execute(statement)
            for table, values in rows:
                if values and (whole or table in ALONE):
                    insert = f"insert or replace into {table} values ({','.join('?' * len(values[0]))})"
                    try:
                        self._db.executemany(insert, values)
                    except UnicodeEncodeError:
                        self._db.executemany(insert, map(_encodable, values))
            self._db.execute("commit")
        except sqlite3.OperationalError as error:
            raise StoreError(f"the trace could not be written any further: {error}") from None
        finally:
            if self._db.in_transaction:  # SQLite itself takes a transaction back when the disk is full
                self._db.execute("rollback")
        if not self._made:  # only now there is a log beside it
            self._made, self._files = True, _identities(self.path)
        self._whole = whole

    def mask(
        self,
        value: Callable[[Any], Any],
        text: Callable[[str], str],
        described: Callable[[bytes, bytes, bytes, bytes], tuple[bytes, bytes, bytes] | None],
        since: dict[str, int],
    ) -> None:
        """Pass what moved on wires once more through `value`, what is told of values through `described`, from the rows
        with number `since` on, and other text of the program's through `text`."""
        self._db.create_function("masked", 1, value)
        self._db.create_function("masked_text", 1, text)
        self._db.execute("begin")
        changed = "data is not null and data is not masked(data)"
        self._db.execute(f"update wire set data = masked(data) where id >= ? and {changed}", (since["wire"],))
        query = "select id, heads, lengths, starts, told from described where id >= ? and told <> x''"
        for number, *told in self._db.execute(query, (since["described"],)).fetchall():
            again = described(*told)
            if again is not None:
                self._db.execute(AGAIN, (*again, number))
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
        """Take it again. Raises `StoreError` where it is not there any more."""
        self._still_there()
        self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        self._db.execute("pragma synchronous=off")
        self._db.execute("select 1 from meta").fetchone()  # only now it is held: who looks sees that somebody has it
        self._files = _identities(self.path)

    def close(self) -> None:
        """Fold the write-ahead log into the one file and let go of it. Who reads the trace just then is waited for, a
        moment; where he stays, the log stays beside the file, and whoever closes it last folds it in. Raises
        `StoreError` where the file is not there any more, or is somebody else's: that one is left alone."""
        try:
            self._still_there()
        except StoreError:
            _hold(self._db)
            _remove(self.path, self._files)
            raise
        for _ in range(PATIENCE):
            try:
                self._db.execute("pragma journal_mode=delete")
                break
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise StoreError(f"the trace could not be closed: {error}") from None
                sleep(0.01)
        self._db.close()

    def _still_there(self) -> None:
        now = _identities(self.path)[""]
        if now != self._files[""]:
            what = "replaced by another file" if now else "taken away"
            raise StoreError(f"the trace {self.path} was {what} while it was recorded")


def _identities(path: str) -> dict[str, tuple[int, int] | None]:
    """Which files are at a trace's path and beside it, by suffix; None where there is none."""
    return {suffix: _identity(path + suffix) for suffix in ("", *BESIDE)}


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _remove(path: str, files: dict[str, tuple[int, int] | None]) -> None:
    """Take away what is still there of these files."""
    for suffix, identity in files.items():
        if identity is not None and _identity(path + suffix) == identity:
            with suppress(OSError):
                os.remove(path + suffix)


def _hold(db: sqlite3.Connection) -> None:
    """Never close it: SQLite would delete the log that is called as this one's was, whoever wrote that. The frame of a
    thread that waits for ever outlives all that the interpreter takes down at its end."""

    def wait(db: sqlite3.Connection) -> None:
        lock = allocate_lock()
        lock.acquire()
        lock.acquire()

    with suppress(RuntimeError), deaf():
        start_new_thread(wait, (db,))


def _clear(path: str) -> None:
    """Take away an older trace at `path`, and what SQLite left beside it. Raises `StoreError` where that is something
    else, and leaves it all as it is."""
    if not os.path.isdir(os.path.dirname(path)):
        raise StoreError(f"cannot write the trace {path}: there is no folder {os.path.dirname(path)}")
    if os.path.isdir(path):
        raise StoreError(f"cannot write the trace {path}: it is a folder")
    old = [name for name in (path, *(path + suffix for suffix in BESIDE)) if os.path.exists(name)]
    for name in old:
        head = _head(name)
        known = is_trace(head) if name == path else head.startswith(BESIDE[name[len(path) :]])
        if head and not known:
            raise StoreError(f"will not overwrite {name}: it is not a trace")
    for name in old:
        if name != path or os.path.getsize(name):  # an empty file may be somebody's claim on the name: it is filled
            os.remove(name)


def process_of(path: str) -> int:
    """The number of the process that made the trace at `path`, where the trace says so; else 0."""
    if not os.path.isfile(path) or not is_trace(_head(path)):
        return 0
    try:
        db = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)
        try:
            found = db.execute("select value from meta where key = 'process'").fetchone()
        finally:
            db.close()
    except sqlite3.Error:
        return 0
    return int(found[0]) if found else 0


def _head(name: str) -> bytes:
    """The first bytes of a file; raises `StoreError` where it is none (a device, say)."""
    if not os.path.isfile(name):
        raise StoreError(f"will not overwrite {name}: it is not a file")
    with open(name, "rb") as file:
        return file.read(100)


def is_trace(head: bytes) -> bool:
    """Whether an SQLite file's header has our application id, at the place that its format gives it."""
    return head.startswith(b"SQLite format 3\0") and head[68:72] == APPLICATION_ID.to_bytes(4, "big")


def _encodable(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row without lone surrogates, which no file can hold: each is told as the replacement character."""
    return tuple(_SURROGATES.sub("\ufffd", item) if type(item) is str else item for item in row)


_SURROGATES = re.compile("[\ud800-\udfff]")
