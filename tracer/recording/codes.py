"""Numbers for code objects: of what is recorded, and of what calls it.

A hook knows a code object by its `id`, so each one that has a number is kept alive. No lock: see `decisions.py`.
"""

from __future__ import annotations

from array import array
from itertools import count
from types import CodeType

from .events import BEGIN, CALL, RAISE, RESUME, SHIFT
from .scope import OWN, Entry


class Codes:
    """The code objects of one recording. `numbers` is read by the hooks: a code's number, by its `id`."""

    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}
        self._next = count(1).__next__
        self._kept: list[CodeType] = []
        self._new: list[tuple[int, CodeType, Entry | None]] = []

    def number(self, code: CodeType) -> int:
        """The number of a code object. 0 for our own: we called the program's first line, or a thread's; nobody did."""
        found = self.numbers.get(id(code))
        if found is None:
            number = 0 if code.co_filename.startswith(OWN) else self._next()
            self._kept.append(code)
            if number:  # before anybody can refer to it; where another thread was faster, nobody will
                self._new.append((number, code, None))
            found = self.numbers.setdefault(id(code), number)
        return found

    def enter(self, entry: Entry) -> None:
        """A code object is recorded: its entry gets its number, and the heads of its records."""
        entry.number = self.number(entry.code)
        head = entry.number << SHIFT
        entry.begins = head | (BEGIN if entry.suspends else CALL)
        entry.resumes, entry.raises = head | RESUME, head | RAISE
        self._new.append((entry.number, entry.code, entry))

    def take(self) -> list[tuple[int, CodeType, Entry | None]]:
        """Those that are new, or are recorded only now; removed."""
        size = len(self._new)
        taken = self._new[:size]
        del self._new[:size]
        return taken


def lines(code: CodeType) -> bytes:
    """Which line each position belongs to: pairs of 32-bit integers, the first `f_lasti` of a run and its line (0:
    none), in this machine's byte order."""
    return array("i", [number for start, _, line in code.co_lines() for number in (start, line or 0)]).tobytes()
