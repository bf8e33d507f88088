"""What the tests of the tables share: traces that are written here by hand.

A trace is made by the schema of `tracer/recording/store.py`, with batches whose numbers are written out, and read
back through `Trace`.
"""

from __future__ import annotations

import sqlite3
from array import array
from dataclasses import dataclass, field
from pathlib import Path

from tracer.reading.trace import Trace
from tracer.recording.events import BEGIN, CALL, RAISE, RESUME, SHIFT
from tracer.recording.packing import packed
from tracer.recording.store import APPLICATION_ID, SCHEMA, VERSION

#: One thread's events: each (kind, order, the rest as docs/trace-format.md says).
Events = list[tuple[int, ...]]

#: The functions of every trace made here: number, name, kind, recorded. 9 is outside the scope.
CODES = ((1, "plain", "function"), (2, "numbers", "generator"), (3, "inner", "function"), (9, "outside", "function"))


def call(order: int, code: int, caller: int = 0, line: int = 0, frame: int = 0, *arguments: int) -> tuple[int, ...]:
    """A call of one of `CODES`, which have three arguments each; those that are not given are 0."""
    kind, own = (BEGIN, parted(frame)) if frame else (CALL, ())
    return (code << SHIFT | kind, order, caller, line, *own, *arguments, *(0,) * (3 - len(arguments)))


def resume(order: int, code: int, caller: int, line: int, frame: int) -> tuple[int, ...]:
    return (code << SHIFT | RESUME, order, caller, line, *parted(frame))


def parted(frame: int) -> tuple[int, ...]:
    """The number of a frame, an address, as a batch has it: the lower 31 bits, the others."""
    return (frame & 0x7FFF_FFFF, frame >> 31)


def raised(order: int, line: int, error: int) -> tuple[int, ...]:
    return (1 << SHIFT | RAISE, order, line, error)


#: Every position of every function made here has a line of the same number.
LINES = array("i", [number for line in range(400) for number in (line, line)]).tobytes()


def write(path: Path, batches: list[tuple[int, Events]], wires: dict[int, int] | None = None) -> Path:
    """A trace at `path` with these batches: (thread, events), in the order in which they were written; and wire events
    by their numbers, each with where it ended."""
    db = sqlite3.connect(path)
    db.executescript(f"pragma application_id={APPLICATION_ID}; pragma user_version={VERSION}; {SCHEMA}")
    db.execute("insert into file values (1, '/app.py', 'program', 'app', 'app', null, 'app.py', '', 1, '', '', null)")
    for number, qualname, kind in CODES:
        row = (number, 1, qualname, kind, 1, 2, "a,b,c", int(number != 9), LINES)
        db.execute("insert into code values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    for number in sorted({thread for thread, _ in batches}):
        db.execute("insert into thread values (?, ?, '')", (number, f"T{number}"))
    db.execute("insert into shape values (1, 'int', 'atom', '[]')")
    texts = [str(number) for number in range(1, 400)]
    heads = [number for one in range(1, 400) for number in (one, 0, 1, 0, 0)]
    told = (packed([]), packed(heads), packed([*map(len, texts)]), b"", "".join(texts).encode())
    db.execute("insert into described values (1, ?, ?, ?, ?, ?, null)", told)
    for number, ended in (wires or {}).items():
        row = (number, ended, ended, 1, "send", None, 1, 7, 0, None, None, "", 0, 0, None)
        db.execute(f"insert into wire values ({','.join('?' * len(row))})", row)
    for thread, events in batches:
        add_batch(db, thread, events)
    db.commit()
    db.close()
    return path


def add_batch(db: sqlite3.Connection, thread: int, events: Events) -> None:
    blob = packed([number for event in events for number in event])
    db.execute("insert into batch (thread, events) values (?, ?)", (thread, blob))


def written(arguments: tuple[int, ...]) -> tuple[int, ...]:
    """Arguments without those at the end that were not given."""
    while arguments and not arguments[-1]:
        arguments = arguments[:-1]
    return arguments


@dataclass(frozen=True)
class Tree:
    """What a trace says, as plain tuples."""

    calls: list[tuple[int, int, str, tuple[int, ...]]]
    spans: list[tuple[int, int, int, int, int, int, int, int, str, int]]
    lines: dict[int, tuple[int, ...]] = field(default_factory=dict)
    raised: tuple[tuple[int, int, int, int], ...] = ()


def tree(trace: Trace) -> Tree:
    spans = [
        (s.call, s.position, s.thread, s.parent, s.caller, s.line, s.start, s.stop, s.ended, s.value)
        for s in trace.spans
    ]
    calls = [(c.id, c.thread, c.code.qualname, written(c.arguments)) for c in trace.calls.values()]
    return Tree(calls, spans, trace.lines, trace.raised)


def read(tmp_path: Path, *batches: tuple[int, Events], wires: dict[int, int] | None = None) -> Tree:
    with Trace.open(write(tmp_path / "made.trace", list(batches), wires)) as trace:
        return tree(trace)
