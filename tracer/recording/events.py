"""What the hooks write down: one flat list a thread, and the layout of what is in it.

A hook appends one record with a single `list.extend(tuple)`, which no other thread can interrupt, and returns.
Everything else (names, lines, text, nesting) is made later, by `writer.py`, from these records. The first item
of a record is its kind; the length of a record follows from its kind (`LENGTH`). Objects stand in the list as
themselves, so nothing that is still in a list can be freed and have its `id` given to something else.

    CALL    order, entry, caller's code or None, caller's f_lasti, frame id (generators only, else 0), arguments
    RESUME  order, entry, caller's code or None, caller's f_lasti, frame id
    RETURN  order, value
    YIELD   order, value
    UNWIND  order, exception (None where the engine let go of it: the last one that was raised)
    RAISE   order, (code, f_lasti), exception   (raised in, or passed into, the innermost call)
    LINE    order, line number
    WIRE    order, WireRecord
    START   order, caller's code, caller's f_lasti, number of the new thread
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

CALL, RESUME, RETURN, YIELD, UNWIND, RAISE, LINE, WIRE, START = range(9)

#: How many items a record of each kind takes in a thread's list, its kind included.
LENGTH = (7, 6, 3, 3, 3, 4, 3, 3, 5)


class ThreadLog:
    """The records of one thread, appended by that thread alone and taken by the writer alone.

    `leaving` is the settrace engine's: each exception on its way out, the id of the frame that it was last seen in,
    and that frame's `f_lasti`.
    `raised` is the writer's: the row of the last exception.
    """

    __slots__ = ("_stale", "events", "extend", "ident", "leaving", "name", "number", "raised")

    def __init__(self, number: int, name: str, ident: int) -> None:
        self.number = number
        self.name = name
        self.ident = ident
        self.events: list[Any] = []
        self.extend: Callable[[tuple[Any, ...]], None] = self.events.extend
        self.leaving: list[list[Any]] = []
        self.raised = 0
        self._stale: frozenset[int] = frozenset()

    def take(self) -> list[Any]:
        """What has been written so far, removed. Safe beside the thread that is still appending:
        it only ever adds whole records at the end, and both statements here are single operations."""
        count = len(self.events)
        taken = self.events[:count]
        del self.events[:count]
        return taken

    def let_go(self) -> None:
        """Drop exceptions that have not left for a while: they were handled, and must not keep their frames alive."""
        for seen in self.leaving[:]:
            if id(seen) in self._stale:
                seen[0] = None
        self._stale = frozenset(map(id, self.leaving))


class WireRecord(NamedTuple):
    """One socket call that ended: what moved, on which connection, and who asked.

    `began` and `order` are positions in the recorder's global order, `t0` and `t1` clock readings in
    nanoseconds; between them a `recv` was blocked. `data` is the very object that the program got from `recv`
    or gave to `send` where that is `bytes`, else a copy of the bytes that moved.
    """

    began: int
    op: str
    connection: int
    code: Any
    lasti: int
    data: Any
    size: int
    error: BaseException | None
    detail: str
    t0: int
    t1: int
