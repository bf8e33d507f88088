"""results.jsonl: a line for each graded hand-in, appended as it is done, so that nothing is lost whatever ends the run.

Keyed by the hand-in's name, its content and what it was graded by. A line that was cut short counts as not there. Of
two lines with one name the last one holds: what was a fault of ours is tried again, and a hand-in may have changed.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

Key = tuple[str, str, str]


class LedgerError(Exception):
    """The file cannot be used; the message is one sentence."""


class Ledger:
    """The file of one run (of one shard of it), held by one process at a time. Raises `LedgerError`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise LedgerError(f"{path}: it cannot be written ({error.strerror or error})") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise LedgerError(f"{path}: another grade-class is writing it at this moment") from None
        self._mend()

    def _mend(self) -> None:
        """Take a last line away that was cut short."""
        size = os.fstat(self._file).st_size
        keep = size
        while keep and os.pread(self._file, 1, keep - 1) != b"\n":
            back = max(0, keep - (1 << 16))
            keep = back + os.pread(self._file, keep - back, back).rfind(b"\n") + 1 or back
        if keep != size:
            os.ftruncate(self._file, keep)

    def add(self, line: dict[str, Any]) -> None:
        """Append a line; it is on the disk when this returns. Raises `LedgerError`."""
        data = json.dumps(line, ensure_ascii=True).encode() + b"\n"
        try:
            while data:
                data = data[os.write(self._file, data) :]
            os.fdatasync(self._file)
        except OSError as error:
            raise LedgerError(f"{self.path}: it cannot be written ({error.strerror or error})") from None

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """Every whole line. Raises `LedgerError`."""
    try:
        with path.open("rb") as file:
            for raw in file:
                try:
                    line = json.loads(raw)
                except ValueError:
                    continue
                if raw.endswith(b"\n") and isinstance(line, dict) and {"id", "sha256", "graded_by"} <= line.keys():
                    yield line
    except FileNotFoundError:
        return
    except OSError as error:
        raise LedgerError(f"{path}: it cannot be read ({error.strerror or error})") from None


def key(line: dict[str, Any]) -> Key:
    """What a line is about."""
    return str(line["id"]), str(line["sha256"]), str(line["graded_by"])
