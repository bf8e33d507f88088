"""Batches made into tables: calls, spans, arguments, from traces that are written here by hand.

A trace is made by the schema of `tracer/recording/store.py`, with batches whose numbers are written out, and read
back through `Trace`. The last part compares random well-nested streams with the tree that they came from.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import tempfile
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracer.reading import index, replay
from tracer.reading.tables import Damaged
from tracer.reading.trace import Trace
from tracer.recording.events import (
    BEGIN,
    CALL,
    INNERMOST,
    LINE,
    RAISE,
    RESUME,
    RETURN,
    SHIFT,
    START,
    UNWIND,
    WIRE,
    YIELD,
)  # fmt: skip
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


# --- one thing at a time -----------------------------------------------------------------------------------


def test_a_call_inside_a_call(tmp_path: Path):
    events = [call(1, 1, 9, 5, 0, 10, 11), call(2, 3, 1, 7), (RETURN, 3, 20), (RETURN, 4, 21)]
    assert read(tmp_path, (1, events)) == Tree(
        [(1, 1, "plain", (10, 11)), (2, 1, "inner", ())],
        [(1, 0, 1, 0, 9, 5, 1, 4, "returned", 21), (2, 0, 1, 1, 1, 7, 2, 3, "returned", 20)],
    )


def test_a_trace_without_events_has_no_calls(tmp_path: Path):
    assert read(tmp_path) == Tree([], [])
    assert read(tmp_path / "..", (1, [])) == Tree([], [])


@pytest.mark.parametrize("order", [2**31 - 3, 2**31, 2**62])
def test_a_recording_may_be_longer_than_32_bits_can_count(tmp_path: Path, order: int):
    """One number that needs more makes the whole batch wider; the others beside it stay as they are."""
    events = [call(order, 2, 9, 5, 77), (YIELD, order + 1, 20), resume(order + 2, 2, 9, 6, 77), (RETURN, order + 3, 21)]
    narrow = [call(1, 1, 9, 5), (RETURN, 2, 22)]
    assert read(tmp_path, (1, narrow), (1, events)) == Tree(
        [(1, 1, "plain", ()), (2, 1, "numbers", ())],
        [
            (1, 0, 1, 0, 9, 5, 1, 2, "returned", 22),
            (2, 0, 1, 0, 9, 5, order, order + 1, "yielded", 20),
            (2, 1, 1, 0, 9, 6, order + 2, order + 3, "returned", 21),
        ],
    )


def test_values_stay_at_their_places(tmp_path: Path):
    found = read(tmp_path, (1, [call(1, 1, 0, 0, 0, 12, 0, 11), (RETURN, 2, 0)]))
    assert found.calls == [(1, 1, "plain", (12, 0, 11))]


def test_a_return_without_a_call_is_left_out(tmp_path: Path):
    events: Events = [
        (RETURN, 1, 20), (UNWIND, 2, 21), (YIELD, 3, 22), (LINE, 4, 8), raised(5, 8, 23),
        call(6, 1), (LINE, 7, 9), (RETURN, 8, 24), (RETURN, 9, 25),
    ]  # fmt: skip
    found = read(tmp_path, (1, events))
    assert found.spans == [(1, 0, 1, 0, 0, 0, 6, 8, "returned", 24)]
    assert found.lines == {1: (9,)}
    assert found.raised == ()


def test_calls_still_open_at_the_end(tmp_path: Path):
    found = read(tmp_path, (1, [call(1, 1), call(2, 3, 1, 4), (LINE, 3, 6)]), (2, [call(4, 1)]))
    assert found.spans == [
        (1, 0, 1, 0, 0, 0, 1, 0, "open", 0), (2, 0, 1, 1, 1, 4, 2, 0, "open", 0), (3, 0, 2, 0, 0, 0, 4, 0, "open", 0),
    ]  # fmt: skip


def test_an_exception_unwinds_call_by_call(tmp_path: Path):
    events = [call(1, 1), call(2, 3, 1, 4), raised(3, 6, 30), (UNWIND, 4, 30), raised(5, 4, 30), (UNWIND, 6, 30)]
    found = read(tmp_path, (1, events))
    assert found.spans == [(1, 0, 1, 0, 0, 0, 1, 6, "raised", 30), (2, 0, 1, 1, 1, 4, 2, 4, "raised", 30)]
    assert found.raised == ((3, 2, 6, 30), (5, 1, 4, 30))


def test_an_exception_that_is_caught_ends_nothing(tmp_path: Path):
    found = read(tmp_path, (1, [call(1, 1), raised(2, 6, 30), (LINE, 3, 7), (RETURN, 4, 31)]))
    assert found.spans == [(1, 0, 1, 0, 0, 0, 1, 4, "returned", 31)]
    assert found.raised == ((2, 1, 6, 30),)


def test_a_resume_is_no_call(tmp_path: Path):
    events = [
        call(1, 1), call(2, 2, 1, 4, 77, 10), (YIELD, 3, 20), (LINE, 4, 5), resume(5, 2, 1, 5, 77), (LINE, 6, 12),
        (YIELD, 7, 21), resume(8, 2, 1, 6, 77), (RETURN, 9, 22), (RETURN, 10, 23),
    ]  # fmt: skip
    found = read(tmp_path, (1, events))
    assert found.calls == [(1, 1, "plain", ()), (2, 1, "numbers", (10,))]
    assert found.spans == [
        (1, 0, 1, 0, 0, 0, 1, 10, "returned", 23),
        (2, 0, 1, 1, 1, 4, 2, 3, "yielded", 20),
        (2, 1, 1, 1, 1, 5, 5, 7, "yielded", 21),
        (2, 2, 1, 1, 1, 6, 8, 9, "returned", 22),
    ]
    assert found.lines == {1: (5,), 2: (12,)}


def test_a_generator_is_resumed_on_another_thread(tmp_path: Path):
    one = [call(1, 2, 9, 3, 77), (YIELD, 2, 20), call(5, 1), (RETURN, 8, 0)]
    two = [
        call(3, 3, 9, 4),
        resume(4, 2, 3, 6, 77),
        (YIELD, 6, 21),
        (RETURN, 7, 0),
        resume(9, 2, 9, 5, 77),
        (UNWIND, 10, 30),
    ]
    found = read(tmp_path, (1, one), (2, two))
    assert [c[:3] for c in found.calls] == [(1, 1, "numbers"), (2, 2, "inner"), (3, 1, "plain")]
    assert [s for s in found.spans if s[0] == 1] == [
        (1, 0, 1, 0, 9, 3, 1, 2, "yielded", 20),
        (1, 1, 2, 2, 3, 6, 4, 6, "yielded", 21),
        (1, 2, 2, 0, 9, 5, 9, 10, "raised", 30),
    ]


def test_a_generator_that_was_begun_before_the_recording_counts_once(tmp_path: Path):
    events = [resume(1, 2, 9, 3, 77), (YIELD, 2, 20), resume(3, 2, 9, 4, 77), (RETURN, 4, 21)]
    found = read(tmp_path, (1, events))
    assert found.calls == [(1, 1, "numbers", ())]
    assert [s[1] for s in found.spans] == [0, 1]


def test_a_frame_number_that_is_used_again_is_another_generator(tmp_path: Path):
    """An id is given to a new object once the old one is gone."""
    events = [
        call(1, 2, 9, 3, 77),
        (RETURN, 2, 0),
        call(3, 2, 9, 4, 77),
        (YIELD, 4, 0),
        call(5, 2, 9, 5, 77),
        (YIELD, 6, 0),
    ]
    events += [resume(7, 2, 9, 6, 77), (RETURN, 8, 0)]
    found = read(tmp_path, (1, events))
    assert [(s[0], s[1], s[6]) for s in found.spans] == [(1, 0, 1), (2, 0, 3), (3, 0, 5), (3, 1, 7)]


def test_two_generators_at_once_are_kept_apart(tmp_path: Path):
    events = [
        call(1, 2, 9, 1, 77), call(2, 2, 2, 1, 78), (YIELD, 3, 20), (YIELD, 4, 20), resume(5, 2, 9, 2, 77),
        resume(6, 2, 2, 2, 78), (RETURN, 7, 0), (RETURN, 8, 0),
    ]  # fmt: skip
    found = read(tmp_path, (1, events))
    assert [(s[0], s[1], s[3]) for s in found.spans] == [(1, 0, 0), (2, 0, 1), (1, 1, 0), (2, 1, 1)]


def test_threads_have_stacks_of_their_own(tmp_path: Path):
    one = [call(1, 1), call(4, 3, 1, 2), (RETURN, 6, 20), (RETURN, 7, 21)]
    two = [call(2, 1), call(3, 3, 1, 3), (RETURN, 5, 22), (RETURN, 8, 23)]
    found = read(tmp_path, (1, one), (2, two))
    assert [(s[2], s[0], s[3], s[6], s[7]) for s in found.spans] == [
        (1, 1, 0, 1, 7), (2, 2, 0, 2, 8), (2, 3, 2, 3, 5), (1, 4, 1, 4, 6),
    ]  # fmt: skip


def test_batches_of_two_threads_interleave_as_they_were_written(tmp_path: Path):
    found = read(
        tmp_path, (2, [call(2, 1)]), (1, [call(1, 1), (LINE, 3, 5)]), (2, [(RETURN, 4, 9)]), (1, [(RETURN, 5, 8)])
    )
    assert [(s[0], s[2], s[6], s[7], s[9]) for s in found.spans] == [(1, 1, 1, 5, 8), (2, 2, 2, 4, 9)]


def test_wire_events_and_thread_starts_belong_to_the_innermost_call(tmp_path: Path):
    events = [
        (WIRE, 1),
        call(2, 1),
        call(3, 3, INNERMOST, 2),
        (WIRE, 4),
        (START, 5, 9, 44, 2),
        (RETURN, 6, 0),
        (WIRE, 7),
        (RETURN, 8, 0),
    ]
    path = write(tmp_path / "made.trace", [(1, events), (2, [call(9, 1), (RETURN, 10, 0)])], {1: 1, 2: 4, 3: 7, 4: 11})
    with Trace.open(path) as trace:
        assert {wire.id: wire.call for wire in trace.wires} == {1: 0, 2: 2, 3: 1, 4: 0}
        (start,) = trace.starts
        assert (start.order, start.thread, start.call, start.caller, start.line, start.child) == (5, 1, 2, 9, 44, 2)


def test_more_rows_than_are_written_at_once(tmp_path: Path):
    events: Events = [call(1, 1)]
    for order in range(2, 30_002, 3):
        events += [call(order, 3, 1, 4, 0, 7, 8), (LINE, order + 1, 5), (RETURN, order + 2, 9)]
    found = read(tmp_path, (1, [*events, (RETURN, 30_002, 0)]))
    assert len(found.spans) == 10_001
    assert {s[3] for s in found.spans} == {0, 1}
    assert all(arguments == (7, 8) for _, _, name, arguments in found.calls if name == "inner")


# --- made once, and where the file cannot be written -------------------------------------------------------

SMALL: list[tuple[int, Events]] = [(1, [call(1, 1), call(2, 3, 1, 4), (RETURN, 3, 20), (RETURN, 4, 21)])]


def test_the_tables_are_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write(tmp_path / "made.trace", SMALL)
    with Trace.open(path) as trace:
        first = tree(trace)
    before = path.read_bytes()

    def never(db: sqlite3.Connection) -> None:
        raise AssertionError("the tables are there already")

    monkeypatch.setattr(index, "build", never)
    with Trace.open(path) as trace:
        assert tree(trace) == first
    assert path.read_bytes() == before


def test_a_batch_that_came_later_makes_them_anew(tmp_path: Path):
    path = write(tmp_path / "made.trace", SMALL)
    Trace.open(path).close()
    db = sqlite3.connect(path)
    add_batch(db, 1, [call(5, 1), (RETURN, 6, 22)])
    db.commit()
    db.close()
    with Trace.open(path) as trace:
        assert [(s.call, s.start, s.stop) for s in trace.spans] == [(1, 1, 4), (2, 2, 3), (3, 5, 6)]


def test_nothing_is_changed_if_making_them_fails(tmp_path: Path):
    path = write(tmp_path / "made.trace", SMALL)
    db = sqlite3.connect(path)
    db.execute("insert into batch (thread, events) values (1, ?)", (b"no integers",))
    db.commit()
    tables = {row[0] for row in db.execute("select name from sqlite_master")}
    with pytest.raises(Damaged, match="batch 2 "):
        index.build(db)
    assert {row[0] for row in db.execute("select name from sqlite_master")} == tables
    assert not index.present(db)
    db.close()


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A folder of root's that the test can read and not write; root itself becomes somebody else for the test."""
    folder = Path(tempfile.mkdtemp(prefix="unmagic-test-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


class Nobody:
    """For a block: no write permission to `folder`, whoever runs the tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> None:
        for path in self.folder.iterdir():
            path.chmod(0o444)
        self.folder.chmod(0o555)
        self.root = os.geteuid() == 0
        if self.root:
            os.seteuid(65534)

    def __exit__(self, *error: object) -> None:
        if self.root:
            os.seteuid(0)
        self.folder.chmod(0o755)


def test_a_read_only_file_is_read(unprivileged: Path):
    path = write(unprivileged / "made.trace", SMALL)
    before = path.read_bytes()
    with Nobody(unprivileged):
        with pytest.raises(OSError):
            (unprivileged / "probe").touch()
        with Trace.open(path) as trace:
            found = tree(trace)
    assert [s[:2] for s in found.spans] == [(1, 0), (2, 0)]
    assert path.read_bytes() == before
    assert [p.name for p in unprivileged.iterdir()] == ["made.trace"]


def test_a_read_only_trace_that_was_not_closed_is_read(unprivileged: Path, tmp_path: Path):
    """After `kill -9` a trace lies beside its write-ahead log; both may have been handed on, read-only."""
    path = write(tmp_path / "made.trace", [])
    db = sqlite3.connect(path)
    db.execute("pragma journal_mode=wal")
    add_batch(db, 1, SMALL[0][1])
    db.execute("insert into thread values (1, 'T1', '')")
    db.commit()
    for file in tmp_path.glob("made.trace*"):
        shutil.copy(file, unprivileged)
    db.close()
    assert (unprivileged / "made.trace-wal").stat().st_size
    with Nobody(unprivileged), Trace.open(unprivileged / "made.trace") as trace:
        assert [(s.call, s.start, s.stop) for s in trace.spans] == [(1, 1, 4), (2, 2, 3)]


# --- any program -------------------------------------------------------------------------------------------


@dataclass
class Node:
    """One call of a made-up program, as the program itself knows it."""

    number: int
    thread: int
    code: int
    arguments: tuple[int, ...]
    frame: int
    spans: list[list[object]] = field(default_factory=list)


def program(seed: int, length: int, threads: int) -> tuple[dict[int, Events], Tree]:
    """Run a random program: each step calls, yields, resumes, returns or raises on some thread. Its events by
    thread, and the tree as the program knows it."""
    choose = random.Random(seed)
    stacks: dict[int, list[Node]] = {t: [] for t in range(1, threads + 1)}
    events: dict[int, Events] = {t: [] for t in stacks}
    asleep: list[Node] = []
    nodes: list[Node] = []
    lines: dict[int, tuple[int, ...]] = {}
    thrown: list[tuple[int, int, int, int]] = []
    for order in range(1, length + 1):
        thread = choose.choice(list(stacks))
        stack = stacks[thread]
        parent = stack[-1].number if stack else 0
        caller, line, value = choose.randint(0, 3), choose.randint(1, 99), choose.randint(0, 300)
        step = choose.choice(
            ["call", "call", "generator", "resume", "yield", "return", "return", "unwind", "line", "raise"]
        )
        if step in ("call", "generator"):
            arguments = tuple(choose.randint(0, 300) for _ in range(choose.randint(0, 3)))
            code, frame = (
                (2, 0x7F00_0000_1000 + (len(nodes) << 29)) if step == "generator" else (choose.choice([1, 3]), 0)
            )
            node = Node(len(nodes) + 1, thread, code, arguments, frame)
            nodes.append(node)
            line *= bool(caller)  # there is none where nobody called
            node.spans.append([node.number, 0, thread, parent, caller, line, order, 0, "open", 0])
            stack.append(node)
            inner = caller and len(stack) > 1 and caller == stack[-2].code
            events[thread].append(call(order, code, INNERMOST if inner else caller, line, frame, *arguments))
        elif step == "resume" and asleep:
            node = asleep.pop(choose.randrange(len(asleep)))
            line *= bool(caller)
            node.spans.append([node.number, len(node.spans), thread, parent, caller, line, order, 0, "open", 0])
            stack.append(node)
            events[thread].append(resume(order, 2, caller, line, node.frame))
        elif step in ("yield", "return", "unwind") and stack and (step != "yield" or stack[-1].frame):
            node = stack.pop()
            kind, ended = {"yield": (YIELD, "yielded"), "return": (RETURN, "returned"), "unwind": (UNWIND, "raised")}[
                step
            ]
            node.spans[-1][7:] = [order, ended, value]
            asleep += [node] if step == "yield" else []
            events[thread].append((kind, order, value))
        elif step == "line" and stack:
            lines[parent] = (*lines.get(parent, ()), line)
            events[thread].append((LINE, order, line))
        elif step == "raise" and stack:
            thrown.append((order, parent, line, value))
            events[thread].append(raised(order, line, value))
    spans = sorted((tuple(s) for node in nodes for s in node.spans), key=lambda s: s[6])
    names = {number: name for number, name, _ in CODES}
    calls = [(n.number, n.thread, names[n.code], written(n.arguments)) for n in nodes]
    return events, Tree(calls, spans, lines, tuple(thrown))


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32), st.integers(0, 300), st.integers(1, 4), st.integers(1, 60),
    st.sampled_from([1, 50, replay.AT_ONCE]),
)  # fmt: skip
def test_random_programs_come_back_as_they_were(seed: int, length: int, threads: int, cut: int, at_once: int):
    events, expected = program(seed, length, threads)
    batches = [(t, mine[i : i + cut]) for t, mine in events.items() for i in range(0, len(mine), cut)]
    random.Random(seed).shuffle(order := [t for t, _ in batches])
    queues = {t: [b for b in batches if b[0] == t] for t in events}
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "made.trace", [queues[t].pop(0) for t in order])
        told: list[tuple[int, int]] = []
        with (
            patch.object(replay, "AT_ONCE", at_once),
            Trace.open(path, lambda done, whole: told.append((done, whole))) as trace,
        ):
            assert tree(trace) == expected
            assert sum(done for done, _ in told) == trace.size and {whole for _, whole in told} <= {trace.size}
