"""Opens the SQLite file of a trace: whether it is one, of a version that is known, whole, and its tables made.

Nothing of a file that is refused is changed, and nothing else than `TraceError` says why.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..recording.store import APPLICATION_ID, VERSION
from . import index
from .tables import Damaged, damage


class TraceError(Exception):
    """The file cannot be read as a trace; the message is one sentence for the user."""


@contextmanager
def one_sentence(path: Path) -> Iterator[None]:
    """Turns what goes wrong with the file at `path` into `TraceError`; errors of the program itself stay."""
    try:
        with damage():
            yield
    except Damaged as error:
        raise TraceError(f"{path} is damaged: {error}; record it again") from None
    except OSError as error:
        raise TraceError(f"{path} cannot be read: {error.strerror}") from None
    except sqlite3.OperationalError as error:
        raise TraceError(f"{path} cannot be read: {error}") from None


def connect(path: Path, tables: bool = True, progress: index.Progress = index.untold) -> sqlite3.Connection:
    """The trace at `path`, checked and with its tables; made in memory where the file cannot be written. Without
    `tables`, as the recorder left it: at once, however large it is, and only as far checked. Raises `TraceError`."""
    with one_sentence(path):
        _look(path)
        logged = any(path.with_name(path.name + suffix).exists() for suffix in ("-wal", "-journal"))
        db = sqlite3.connect(path)
        try:
            _accept(db, path)
            _check_size(db, 0 if logged else path.stat().st_size)
            if not tables:
                return db
            _check_whole(db)
            return db if index.present(db) else _indexed(db, progress)
        except BaseException:
            db.close()
            raise


def _look(path: Path) -> None:
    """Whether there is an SQLite file at all; SQLite itself would make one."""
    if not path.is_file():
        raise TraceError(f"there is no trace at {path}" if not path.exists() else f"{path} is not a file")
    with path.open("rb") as file:
        head = file.read(16)
    if not head:
        raise TraceError(f"{path} is empty: the recording never began, or the file was cut")
    if head != b"SQLite format 3\0":
        raise TraceError(f"{path} is not a trace (it is no SQLite file)")


def _accept(db: sqlite3.Connection, path: Path) -> None:
    """Whether it is a trace, of a version that is known here."""
    if db.execute("pragma application_id").fetchone()[0] != APPLICATION_ID:
        raise TraceError(f"{path} is an SQLite file, but not a trace")
    version = db.execute("pragma user_version").fetchone()[0]
    if not version:  # the recorder sets it after the id, with the tables
        raise TraceError(f"{path} has nothing in it: the recording never began, or its log was taken away")
    if version != VERSION:
        raise TraceError(other_schema(path, version))


def other_schema(path: Path, version: int) -> str:
    """The sentence for a trace of another schema than ours."""
    so = "record it again" if version < VERSION else "a newer one reads it, or record it again"
    return f"{path} has trace schema {version}, this unmagic reads {VERSION}; {so}"


def _check_size(db: sqlite3.Connection, size: int) -> None:
    """Whether all pages are there. `size` is the file's, in bytes, 0 where part of the trace lies in a log beside it:
    SQLite reads what is cut off the last page as zeros."""
    pages, each = (db.execute(f"pragma {name}").fetchone()[0] for name in ("page_count", "page_size"))
    if size and size < pages * each:
        raise Damaged(f"it was cut to {size:,} of {pages * each:,} bytes")


def _check_whole(db: sqlite3.Connection) -> None:
    """Whether all pages fit together: each one is looked at."""
    db.execute("pragma cell_size_check = on")
    if db.execute("pragma quick_check(1)").fetchone()[0] != "ok":
        raise Damaged("its pages do not fit together")


def _indexed(db: sqlite3.Connection, progress: index.Progress) -> sqlite3.Connection:
    """The trace with its tables made: in the file, or in memory where the file cannot be written."""
    try:
        index.build(db, progress)
        return db
    except sqlite3.OperationalError:
        copy = sqlite3.connect(":memory:")
    try:
        db.backup(copy)
        index.build(copy, progress)
    except BaseException:
        copy.close()
        raise
    db.close()
    return copy
