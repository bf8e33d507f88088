"""A trace that is still being written: its wire events, read as they are committed.

Nothing of the trace is changed and no table is made; each look reads only what is new, and lets go of the file: the
recorder folds its log into the file when it ends, and must find nobody there.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from urllib.parse import quote

from ..recording.store import APPLICATION_ID, VERSION
from .opening import TraceError, one_sentence, other_schema
from .tables import Damaged
from .trace import Wire

#: Rows that are read at once.
MOST = 2000
#: Looks at a file that did not change, after which it is read all the same: clocks of file systems are coarse.
PATIENCE = 20
#: Where SQLite's readers and writers lock a file that is open: its first such byte, and how many.
SHARED = 0x40000002, 510


@dataclass(frozen=True)
class Moved:
    """One wire event (`call` is not known yet), the bytes that it moved, and whether its connection is a client's."""

    wire: Wire
    data: bytes
    client: bool


class State(Enum):
    """What is at a trace's path: nothing yet, a recording that goes on, or one that is over."""

    ABSENT, GROWING, FINISHED = range(3)


class Tail:
    """Follows the trace at `path`. `poll` gives what is new; `over` tells that nothing will come."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.started = 0.0
        self.clock = 0
        self.over = False
        #: There is more to be read than one look has given.
        self.more = False
        #: The recording ended without saying so: the program was killed, or ended at once.
        self.broken = False
        self._last = 0
        self._file: tuple[int, int] | None = None
        self._seen: tuple[object, ...] = ()
        self._quiet = 0
        self._alone = 0
        self._roles: dict[int, str] = {}

    def seconds(self, at: int) -> float:
        """A moment of the trace's own clock (nanoseconds), in seconds since 1970."""
        return self.started + (at - self.clock) / 1e9

    def state(self) -> State:
        """What is there. Raises `TraceError` where that is something else than a trace."""
        with one_sentence(self.path):
            try:
                if not self.path.stat().st_size:
                    return State.ABSENT
                with self._opened() as db:
                    if db is None:
                        return State.ABSENT
                    over = self._look_at_meta(db)
            except FileNotFoundError:
                return State.ABSENT
            return State.FINISHED if over or abandoned(self.path) else State.GROWING

    def poll(self, *, surely: bool = False) -> list[Moved]:
        """The wire events that were committed since, as they ended; not all at once where there are many (`more`).
        `surely` looks also where nothing seems to have changed. Raises `TraceError`."""
        with one_sentence(self.path):
            if not self._changed() and not (surely or self.more):
                return []
            with self._opened() as db:
                if db is None:
                    return []
                ended = self._look_at_meta(db)  # first: what is read after it is all there will be
                found = self._rows(db, f"w.id > {self._last}", MOST)
            if found:
                self._last = found[-1].wire.id
                self.clock = self.clock or found[0].wire.t0  # an older recorder did not say it
            self.more = len(found) == MOST
            self.over = (ended or self.broken) and not self.more
            return sorted(found, key=lambda moved: moved.wire.ended)

    def again(self, connection: int) -> list[Moved]:
        """All events of one connection that were read so far, as they ended: some may have come late."""
        with one_sentence(self.path), self._opened() as db:
            if db is None:
                return []
            found = self._rows(db, f"w.connection = {connection} and w.id <= {self._last}", -1)
            return sorted(found, key=lambda moved: moved.wire.ended)

    def _changed(self) -> bool:
        """Whether the file, or the log beside it, is another than at the last look."""
        try:
            stats = [os.stat(self.path)]
        except FileNotFoundError:
            raise TraceError(f"{self.path} was taken away") from None
        with suppress(FileNotFoundError):
            stats.append(os.stat(f"{self.path}-wal"))
        if self._file not in (None, (stats[0].st_dev, stats[0].st_ino)):
            raise TraceError(f"{self.path} was replaced by another file; follow that one with another `unmagic live`")
        self._file = (stats[0].st_dev, stats[0].st_ino)
        seen = tuple((stat.st_ino, stat.st_size, stat.st_mtime_ns) for stat in stats)
        self._quiet = 0 if seen != self._seen else self._quiet + 1
        self._seen = seen
        if self._quiet and self._quiet % PATIENCE == 0:
            self._alone = self._alone + 1 if abandoned(self.path) else 0
            self.broken = self._alone > 1  # once alone it may be because its recorder lets go of it to fork
        return self._quiet % PATIENCE == 0

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection | None]:
        """The trace, to be read only, for a moment; None where it cannot be read yet: its recorder is about to begin,
        or has let go of it to fork."""
        with self.path.open("rb") as file:
            head = file.read(16)
        if head and head != b"SQLite format 3\0":
            raise TraceError(f"{self.path} is not a trace (it is no SQLite file)")
        with closing(looked_into(self.path)) as db:
            yield db if head and self._ready(db) else None

    def _ready(self, db: sqlite3.Connection) -> bool:
        try:
            (mark,) = db.execute("pragma application_id").fetchone()
            (version,) = db.execute("pragma user_version").fetchone()
            if version == VERSION and mark == APPLICATION_ID:
                return bool(db.execute("select 1 from sqlite_master where name = 'batch'").fetchone())
        except sqlite3.OperationalError as error:
            if _busy(error):
                return False
            raise
        if mark != APPLICATION_ID:
            raise TraceError(f"{self.path} is an SQLite file, but not a trace")
        if version:
            raise TraceError(other_schema(self.path, version))
        return False

    def _look_at_meta(self, db: sqlite3.Connection) -> bool:
        meta = dict(db.execute("select key, value from meta where key in ('started', 'clock', 'complete')"))
        try:
            self.started, self.clock = float(meta.get("started", "0")), int(meta.get("clock", self.clock))
        except (TypeError, ValueError):
            raise Damaged("when it began is no number") from None
        return "complete" in meta

    def _rows(self, db: sqlite3.Connection, which: str, limit: int) -> list[Moved]:
        columns = "w.id, began, ended, thread, op, connection, code, line, w.size, value, error, detail, t0, t1, data"
        query = f"select {columns} from wire w where {which}"
        return [self._moved(db, row) for row in db.execute(f"{query} order by w.id limit {limit}").fetchall()]

    def _moved(self, db: sqlite3.Connection, row: tuple[object, ...]) -> Moved:
        *columns, data = [0 if column is None else column for column in row]
        texts, numbers = (columns[4], columns[11]), [*columns[:4], *columns[5:11], *columns[12:]]
        if not all(isinstance(text, str) for text in texts) or not all(isinstance(number, int) for number in numbers):
            raise Damaged(f"wire event {row[0]!r} holds what does not belong there")
        wire = Wire.of_row((*columns, 0))
        if wire.connection not in self._roles:
            found = db.execute("select role from connection where id = ?", (wire.connection,)).fetchone()
            self._roles[wire.connection] = str(found[0]) if found else ""
        octets = data if isinstance(data, bytes) else b""
        octets = octets[: wire.size].ljust(wire.size, b"\0") if wire.direction else b""
        return Moved(wire, octets, self._roles[wire.connection] == "client")


def looked_into(path: Path) -> sqlite3.Connection:
    """The file of a trace, opened to be read only. Of a recorder that was killed at the very end, while it closed its
    trace, a step half done is taken back by SQLite first, which needs leave to write; nobody else has the file then."""
    half_done = path.with_name(path.name + "-journal").exists() and abandoned(path)
    mode = "rw" if half_done else "ro"
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode={mode}", uri=True, isolation_level=None)


def _busy(error: sqlite3.OperationalError) -> bool:
    """Whether the file is only just being made, or let go of."""
    return any(word in str(error) for word in ("locked", "unable to open", "busy", "readonly"))


def tidy(path: Path) -> None:
    """Take away the empty log that a reader may have left beside a finished trace. SQLite removes the log before the
    file says that it has none any more, and a reader who comes in between makes a new one, which nobody takes away."""
    log = path.with_name(path.name + "-wal")
    with suppress(OSError), path.open("rb") as file:
        if file.read(20)[18:] == b"\1\1" and not log.stat().st_size:  # the file format's two versions: no log
            log.unlink()
            path.with_name(path.name + "-shm").unlink()


def abandoned(path: Path) -> bool:
    """Whether nobody has the file open: whoever wrote it has ended, or was killed. False where that cannot be told."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, SHARED[1], SHARED[0])
        return True
    except OSError:
        return False
    finally:
        os.close(file)
