"""What the hooks write down: one flat list of integers a thread, and the layout of what is in it.

A hook appends one record with a single `list.extend(tuple)`, which no other thread can interrupt, and returns. All is
an integer by then: code, call sites and values have been given numbers (`codes.py`, `snapshots.py`), so the writer
packs a list as it is, whatever its length. What a record is made into is `tracer/reading/index.py`'s work, later.

The first integer of a record is its head: the kind in the lowest four bits, above them the number of the code where the
kind has one. The rest follows from the kind:

    CALL    order, caller's code (0: none, -1: the innermost open call), caller's f_lasti, arguments
    BEGIN   order, caller's code, caller's f_lasti, frame (two), arguments    (the call of a generator or coroutine)
    RESUME  order, caller's code, caller's f_lasti, frame (two)
    RETURN  order, value
    YIELD   order, value
    UNWIND  order, exception
    RAISE   order, f_lasti, exception   (raised in, or passed into, the innermost call, of the code in the head)
    LINE    order, line number
    WIRE    order   (of the `WireRecord` with that number)
    START   order, caller's code, caller's f_lasti, number of the new thread
    SWITCH  order, number   (what follows is another greenlet's, of the same thread; its own number: of none)

A frame is its `id` as two integers, the lowest `LOW_BITS` and the rest, so that all fit into 32 bits. There are as many
arguments as the code has names for them; where values are not recorded, there are none, and a RETURN and a YIELD end
with their order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

CALL, RESUME, RETURN, YIELD, UNWIND, RAISE, LINE, WIRE, START, BEGIN, SWITCH = range(11)

#: Lists and dictionaries inside a container are looked into as well, by the container's exact type so deep; a call's
#: further arguments are a tuple, by name too. Of each container's parts the first so many.
DEPTH, OPENED = {"tuple": 3, "list": 2, "dict": 2}, 16
#: In place of a caller's code: the innermost call that is open on the thread.
INNERMOST = -1
#: How far a code's number is moved up in a head, and what the kind is found with.
SHIFT, KIND = 4, 15
#: How an `id` is parted in two.
LOW, LOW_BITS = (1 << 31) - 1, 31
#: How many integers a record of each kind has, besides the arguments; without values, RETURN and YIELD one less.
WIDTH = {CALL: 4, BEGIN: 6, RESUME: 6, RETURN: 3, YIELD: 3, UNWIND: 3, RAISE: 4, LINE: 3, WIRE: 2, START: 5, SWITCH: 3}

#: What the flags of a value that says something tell: that this is not all of it, and that it is bytes and no text.
CUT, BYTES = 1, 2


class ThreadLog:
    """The records of one thread, appended by that thread alone and taken by the writer alone.

    `leaving` is the settrace engine's: each exception on its way out, the id of the frame that it was last seen in,
    that frame's `f_lasti`, its number, and the numbers of those that were in this frame before it, by their `f_lasti`
    (or None). `raised` is the number of the last exception.
    `active` is the thread's number, or that of the greenlet that is at work on it.
    """

    __slots__ = ("_stale", "active", "events", "extend", "ident", "leaving", "name", "number", "raised")

    def __init__(self, number: int, name: str, ident: int) -> None:
        self.number = number
        self.active = number
        self.name = name
        self.ident = ident
        self.events: list[int] = []
        self.extend: Callable[[tuple[int, ...]], None] = self.events.extend
        self.leaving: list[list[Any]] = []
        self.raised = 0
        self._stale: frozenset[int] = frozenset()

    def take(self) -> list[int]:
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
    """One socket call that ended: what moved, on which connection, by which thread, and who asked.

    `began` and `order` are positions in the recorder's global order, `t0` and `t1` clock readings in
    nanoseconds; between them a `recv` was blocked. `data` is the very object that the program got from `recv`
    or gave to `send` where that is `bytes`, else a copy of the bytes that moved; `value` is its number, `failed` that
    of the exception (0: none).
    """

    began: int
    order: int
    thread: int
    op: str
    connection: int
    code: Any
    lasti: int
    data: Any
    value: int
    size: int
    failed: int
    detail: str
    t0: int
    t1: int
