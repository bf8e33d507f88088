"""A trace that is begun only when there is something to be put into it, and takes its name then.

Of the processes that a program starts or forks off, many run nothing that is recorded: they are on the way to another
program, or serve Python itself. These leave no file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

from .store import Store

Rows = list[tuple[str, Sequence[tuple[Any, ...]]]]


class LateStore(Store):
    """A `Store` to its writer. The process's number is in its trace's name: app.trace, app.2.trace, app.3.trace."""

    def __init__(self, path: str) -> None:
        """`path` is the trace of the program's first process."""
        self.path = path
        self.begun = False
        self._waiting: Rows = []
        self._store: Store | None = None

    def write(self, rows: Iterable[tuple[str, Sequence[tuple[Any, ...]]]]) -> None:
        """As `Store.write`; what comes before the first events is kept until these come."""
        if self._store is not None:
            self._store.write(rows)
            return
        self._waiting += rows
        if any(table == "batch" and values for table, values in self._waiting):
            waiting, self._waiting = self._waiting, []
            self._store = Store(claim(self.path))
            self._store.write(waiting)
            self.begun = True

    def mask(self, *how: Any) -> None:
        """As `Store.mask`."""
        if self._store is not None:
            self._store.mask(*how)

    def size(self) -> int:
        """Bytes on disk so far."""
        return self._store.size() if self._store is not None else 0

    def discard(self) -> None:
        """As `Store.discard`."""
        if self._store is not None:
            self._store.discard()

    def pause(self) -> None:
        """As `Store.pause`."""
        if self._store is not None:
            self._store.pause()

    def resume(self) -> None:
        """As `Store.resume`."""
        if self._store is not None:
            self._store.resume()

    def close(self) -> None:
        """As `Store.close`."""
        if self._store is not None:
            self._store.close()


def claim(first: str) -> str:
    """Take the first name that is free, for this process alone: of several that try, each gets another one."""
    stem, suffix = os.path.splitext(first)
    for number in count(2):
        name = f"{stem}.{number}{suffix}"
        try:
            os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        except FileExistsError:
            continue
        return name
    raise AssertionError("numbers do not end")
