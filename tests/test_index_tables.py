"""The tables of a trace: made once, or not where the file cannot be written, and right for any program.

The last part compares random well-nested streams with the tree that they came from.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import pytest
from helpers_index import CODES, Events, Tree, add_batch, call, raised, resume, tree, write, written
from hypothesis import given, settings
from hypothesis import strategies as st

from tracer.reading import index, replay
from tracer.reading.tables import Damaged
from tracer.reading.trace import Trace
from tracer.recording.events import INNERMOST, LINE, RETURN, UNWIND, YIELD

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
