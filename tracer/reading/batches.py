"""Raw batches as numbers, and what their events are read with: each function's arguments and lines, the wire events."""

from __future__ import annotations

import sqlite3
from array import array
from bisect import bisect_right

from ..recording.events import BEGIN, CALL
from ..recording.packing import unpacked
from .tables import Damaged

#: The kinds that begin a call.
BEGINNINGS = frozenset({CALL, BEGIN})


class Facts:
    """What the events of a trace are read with: how many arguments each function has, where its lines are, whether
    values were recorded, and the numbers of the wire events. Raises `Damaged`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        found = db.execute("select value from meta where key = 'values'").fetchone()
        self.values = found is None or found[0] != "0"
        self.arguments: dict[int, int] = {}
        self._lines: dict[int, tuple[list[int], list[int], int]] = {}
        #: Lines that were looked up.
        self.known: dict[tuple[int, int], int] = {}
        for number, arguments, first, lines in db.execute("select id, arguments, first, lines from code"):
            try:
                pairs = array("i", lines)
                self._lines[number] = (list(pairs[0::2]), list(pairs[1::2]), first)
            except (TypeError, ValueError):
                raise Damaged(f"the lines of function {number} are no pairs of numbers") from None
            self.arguments[number] = len(arguments.split(",")) if arguments and self.values else 0
        self.wires = dict(db.execute("select ended, id from wire"))

    def line(self, code: int, lasti: int) -> int:
        """The line of a position in a function; 0 for no function."""
        line = self.known.get((code, lasti))
        if line is None:
            starts, lines, first = self._lines.get(code, ((), (), 0))
            index = bisect_right(starts, max(lasti, 0)) - 1
            line = self.known[code, lasti] = lines[index] if index >= 0 else first
        return line


def numbers_of(batch: int, data: bytes) -> array[int]:
    """The numbers of a batch."""
    try:
        return unpacked(data)
    except (TypeError, ValueError) as error:
        raise Damaged(f"batch {batch} cannot be unpacked ({error})") from None
