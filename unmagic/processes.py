"""The traces of one run: the program's first process has app.trace, those that it starts app.2.trace, app.3.trace …

Which of these files belong to a run, they say themselves (`meta`): a name alone would not tell a trace of an earlier
run, or one that somebody called so, from this run's.
"""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tracer.reading.opening import TraceError
from tracer.reading.tail import State, Tail, abandoned, looked_into
from tracer.recording.store import is_trace

#: What SQLite may leave beside a trace.
BESIDE = ("", "-wal", "-shm", "-journal")
#: Seconds that further processes have to end after the first one.
PATIENCE = 2.0
#: Seconds for which a file has to lie there untouched, until whoever made it is held to be gone.
UNTOUCHED = 0.5
#: Seconds that the clock of a file system may be behind.
COARSE = 0.05


@dataclass(frozen=True)
class Process:
    """One process of a run, by its trace. `meta` is what the trace tells of itself so far; `growing`: it is still open
    somewhere, and may change."""

    path: Path
    meta: dict[str, str]
    growing: bool

    @property
    def complete(self) -> bool:
        """Whether the recording came to its end."""
        return "complete" in self.meta

    @property
    def between(self) -> bool:
        """Whether nobody has the trace open while its process goes on: it lets go of it while it forks. Of an old trace
        this may be said wrongly: another process may have the number since."""
        if self.complete or self.growing:
            return False
        try:
            os.kill(int(self.meta.get("pid", "")), 0)
        except PermissionError:
            return True
        except (OSError, ValueError):
            return False
        return True


def of_run(first: Path, run: str) -> list[Process]:
    """The processes of the run called `run` whose first trace is `first`, in the order of their numbers."""
    return [one for path in (first, *numbered(first)) if (one := process(path)) and one.meta.get("run") == run]


def at_the_end(first: Path, run: str) -> list[Process]:
    """The same when the first process is over: the others, which end with it as a rule, are given a moment for that."""
    deadline = time.monotonic() + PATIENCE
    found = of_run(first, run)
    while any(one.growing or one.between for one in found) and time.monotonic() < deadline:
        time.sleep(0.02)
        found = of_run(first, run)
    return found


def without_a_name(first: Path, run: str) -> int:
    """Take away what processes of the run called `run` left that were killed before anything of theirs was written: how
    many there were. It is a file with a further process's name that is empty, or ours with nothing in it, and neither
    older than the run nor open anywhere."""
    before = _nameless(first, run)
    if before:
        time.sleep(UNTOUCHED)
    found = [path for path, seen in before.items() if _nameless(first, run).get(path) == seen]
    for path in found:
        _take_away(path)
    return len(found)


def _nameless(first: Path, run: str) -> dict[Path, tuple[int, ...]]:
    """Such files, and what changes of each when somebody has it."""
    began = _began(run)
    found: dict[Path, tuple[int, ...]] = {}
    for path in numbered(first):
        try:
            there = path.lstat()
            if stat.S_ISREG(there.st_mode) and there.st_mtime >= began - COARSE and _says_nothing(path):
                found[path] = there.st_ino, there.st_size, there.st_mtime_ns
        except (OSError, sqlite3.Error):  # it was taken away meanwhile, or is no such file
            continue
    return found


def _began(run: str) -> float:
    """When the run called so began, in seconds since 1970; never, where its name does not tell."""
    try:
        return int(run.partition(".")[0], 16) / 1e9
    except ValueError:
        return float("inf")


def _says_nothing(path: Path) -> bool:
    """Whether a file is empty, or a trace that does not say whose it is, and nobody has it open."""
    with path.open("rb") as file:
        head = file.read(100)
    if not abandoned(path) or (head and not is_trace(head)):
        return False
    with closing(looked_into(path)) as db:
        if not db.execute("select 1 from sqlite_master where name = 'meta'").fetchone():
            return True
        return not db.execute("select 1 from meta").fetchone()


def _take_away(path: Path) -> None:
    for suffix in BESIDE:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def numbered(first: Path) -> list[Path]:
    """The files beside `first` that are called as further processes' traces are."""
    name = re.compile(re.escape(first.stem) + r"\.([0-9]+)" + re.escape(first.suffix))
    try:
        beside = list(first.parent.iterdir())
    except OSError:  # the folder was taken away meanwhile
        return []
    found = [(int(match[1]), path) for path in beside if (match := name.fullmatch(path.name))]
    return [path for _, path in sorted(found)]


def process(path: Path) -> Process | None:
    """The process whose trace lies at `path`; None where that is no trace, or none that can be read yet."""
    try:
        if Tail(path).state() is State.ABSENT:
            return None
        growing = not abandoned(path)
        with closing(looked_into(path)) as db:
            meta = {str(key): str(value) for key, value in db.execute("select key, value from meta")}
    except (TraceError, sqlite3.Error, OSError):
        return None
    return Process(path, meta, growing)


def of_first(path: Path) -> str:
    """The name of the run whose first trace is at `path`; '' where that is a further process's, or it has none."""
    found = process(path)
    return found.meta.get("run", "") if found is not None and found.meta.get("began") == "run" else ""


class Looking:
    """Looks for traces of one run as they appear. Without a run, `first` is the only one."""

    def __init__(self, first: Path, run: str) -> None:
        self._first, self._run = first, run
        self._found: set[Path] = set()

    def new(self) -> list[Path]:
        """Those that were not there at the last look."""
        beside = [path for path in (self._first, *numbered(self._first)) if path not in self._found]
        new = [path for path in beside if (one := process(path)) and one.meta.get("run") == self._run]
        if not self._run:
            new = [self._first] if not self._found else []
        self._found.update(new)
        return new


def take_away_older(first: Path) -> None:
    """Remove what an earlier run left of its further processes: that run's first trace is about to be replaced. What
    still grows stays, and so does whatever is not a further process's trace, or what is left of one."""
    without_a_name(first, of_first(first))
    for path in numbered(first):
        old = process(path)
        if old is not None and not old.growing and old.meta.get("began", "run") != "run":
            _take_away(path)
