"""What a recording is asked for, what it tells in the end, and its sentences. Plain values."""

from __future__ import annotations

from dataclasses import dataclass, field

from .scope import DEFAULT

#: What the trace says where its main thread had no hook any more in the end.
LOST = (
    "the end of the main thread may be missing: its trace function was gone (Python takes it away where a signal's "
    "handler raises just then, and at the recursion limit; or the program set its own). The engine monitoring has no "
    "such end"
)


FULL_TRACE = "the recording stopped when the trace had {:,} bytes, as it was told to; the program went on"


class RecorderError(Exception):
    """The recording cannot start; the message is one sentence for the user."""


@dataclass(frozen=True)
class Options:
    """What to record. `max_value`: bytes or characters kept of one value; `max_trace_size`: bytes on disk after which
    nothing more is recorded (0: no bound); `keep`: bytes of text and data that may be held in memory so that identity
    can be followed; `thorough`: look into an object whenever it is seen, also where it has stayed as it was for a
    while, so that nothing hangs on the clock; `program`: the folder of the program, if it has one; `cells`: code of the
    program that is in no file, such as a notebook's: what its `co_filename` is, and what it is called in the trace. Its
    text is `linecache`'s, under that name.
    """

    engine: str = "auto"
    scope: tuple[str, ...] = DEFAULT
    exclude: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    values: bool = True
    wire: bool = True
    max_value: int = 1 << 17
    max_trace_size: int = 0
    thorough: bool = False
    keep: int = 32 << 20
    show_secrets: bool = False
    program: str | None = None
    cells: dict[str, str] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Summary:
    """What was recorded: counts (`events` as integers), the size in bytes, what was masked, and our own faults, if
    any."""

    path: str
    engine: str
    events: int
    threads: int
    connections: int
    size: int
    masked: dict[str, int]
    faults: tuple[str, ...]
    unmatched: tuple[str, ...]
