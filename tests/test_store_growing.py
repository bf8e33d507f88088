"""The trace on disk while it grows: killed at any moment it is whole up to the last batch, and can be read."""

from __future__ import annotations

import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import IO, Any

import pytest
from helpers_recording import ENGINES, PROGRAMS, command, ended, environment, moved, named, one, outline, recorded, text
from helpers_store import everything, shapes

from tracer.reading.trace import Trace
from tracer.recording import Options, Recorder

# -- killed ------------------------------------------------------------------------------------------------------


def committed(path: Path) -> bool:
    """Whether a trace that is still recorded has told of a few calls."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return bool(db.execute("select count(*) > 1 from batch").fetchone()[0])
    finally:
        db.close()


def read_some(stream: IO[bytes], count: int, path: Path) -> list[bytes]:
    """So many lines; where that is 0, lines until something was committed, however long the machine takes for it."""
    if count:
        return [stream.readline() for _ in range(count)]
    lines = [stream.readline()]
    while not committed(path):
        lines += [stream.readline() for _ in range(500)]
    return lines


@pytest.mark.parametrize("engine", ENGINES)
def test_killed_at_any_moment(tmp_path, engine):
    """20 times: `kill -9` after some line of output; what is in the trace then is true and fits together."""
    chance = random.Random(20)
    complete = 0
    for n in range(20 // len(ENGINES)):
        trace_path = tmp_path / f"{n}.trace"
        process = subprocess.Popen(
            command(PROGRAMS / "echoes.py", trace_path, engine=engine), stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env=environment(),
        )  # fmt: skip
        assert process.stdout is not None
        try:
            lines = read_some(process.stdout, chance.choice([1, 10, 300, 3000, 0]), trace_path)
        finally:
            process.kill()
            lines += process.stdout.readlines()
            process.wait(10)
            process.stdout.close()
        assert process.returncode == -signal.SIGKILL
        if not lines[-1].endswith(b"\n"):
            lines.pop()
        assert lines == [b"%d\n" % i for i in range(len(lines))]
        with Trace.open(trace_path) as trace:
            everything(trace)
            assert "complete" not in trace.meta
            sends = [text(trace, c.arguments[1]) for c in named(trace, "send")]
            assert sends == [str(i) for i in range(len(sends))]
            assert len(sends) <= len(lines) + 1
            stream = b"".join(b"%d\n" % i for i in range(len(sends) + 10))
            for number in trace.connections:
                assert stream.startswith(moved(trace, number, "out") + moved(trace, number, "in"))
            complete += len(sends) > 100
        with Trace.open(trace_path) as again:
            assert len(named(again, "send")) == len(sends)
    assert complete, "not one of them had anything to tell"


def test_readable_while_it_grows(tmp_path):
    path = tmp_path / "t.trace"
    recorder = Recorder(str(path), Options(scope=("program",), program=str(PROGRAMS)))
    recorder.start()
    try:
        shapes.factorial(4)
        recorder.drain()
        copy = tmp_path / "copy.trace"
        for suffix in ("", "-wal"):
            if (path.parent / (path.name + suffix)).exists():
                shutil.copy(str(path) + suffix, str(copy) + suffix)
        with Trace.open(copy) as trace:
            everything(trace)
            assert len(named(trace, "factorial")) == 4
        shapes.factorial(3)
    finally:
        assert recorder.stop().faults == ()
    with Trace.open(path) as trace:
        everything(trace)
        assert len(named(trace, "factorial")) == 7


def test_opened_while_it_grows(tmp_path):
    """Whoever looks at a trace that is still recorded sees what was committed, and does no harm to the rest."""
    path = tmp_path / "t.trace"
    recorder = Recorder(str(path), Options(scope=("program",), program=str(PROGRAMS)))
    recorder.start()
    try:
        shapes.factorial(4)
        recorder.drain()
        with Trace.open(path) as trace:
            assert len(named(trace, "factorial")) == 4
        shapes.factorial(3)
    finally:
        summary = recorder.stop()
    assert summary.faults == ()
    with Trace.open(path) as trace:
        everything(trace)
        assert len(named(trace, "factorial")) == 7


@pytest.mark.parametrize("stays", [False, True])
def test_somebody_reads_it_when_it_ends(tmp_path, stays):
    """A reader in that very moment is waited for; one that stays finds the log, and harms nothing."""
    path = tmp_path / "t.trace"
    recorder = Recorder(str(path), Options(scope=("program",), program=str(PROGRAMS)))
    recorder.start()
    shapes.factorial(4)
    recorder.drain()
    reader = sqlite3.connect(path, check_same_thread=False)
    assert reader.execute("select count(*) from batch").fetchone() == (1,)
    if stays:
        summary = recorder.stop()
    else:
        ending = threading.Thread(target=recorder.stop)
        ending.start()
        until(lambda: reader.execute("select 1 from meta where key = 'complete'").fetchone())
        reader.close()
        ending.join(30)
        summary = recorder.stop()
        assert not path.with_name("t.trace-wal").exists()
    assert summary.faults == ()
    reader.close()
    with Trace.open(path) as trace:
        everything(trace)
        assert "complete" in trace.meta and len(named(trace, "factorial")) == 4


def until(happened):
    """Ask until it is so; a minute is for ever."""
    late = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < late
        time.sleep(0.001)


def test_a_call_that_never_ended_is_open(tmp_path):
    path = tmp_path / "t.trace"
    recorder = Recorder(str(path), Options(scope=("program",), program=str(PROGRAMS)))
    recorder.start()
    steps = shapes.counter(3)
    next(steps)
    recorder.stop()
    with Trace.open(path) as trace:
        assert ended(trace, one(trace, "counter")) == [("yielded", "0")]
    steps.close()


def test_long_runs_are_written_in_between(tmp_path):
    """More events than are held in memory at once: none is lost, none comes twice."""
    done = recorded(tmp_path / "t.trace", lambda: [shapes.is_odd(9) for _ in range(6000)])
    with done.trace() as trace:
        assert len(trace.calls) == 60_000
        assert {c.last.ended for c in trace.calls.values()} == {"returned"}


def test_two_recordings_of_the_same_are_the_same(tmp_path):
    seen = []
    for n in range(2):
        done = recorded(tmp_path / f"{n}.trace", shapes.threads)
        with done.trace() as trace:
            seen.append((outline(trace), trace.scope, {k: c.qualname for k, c in trace.codes.items()}))
    assert seen[0] == seen[1]


# -- committed together ------------------------------------------------------------------------------------------


def test_a_wire_event_is_never_committed_without_its_thread(tmp_path: Path):
    """The writer may come by between the two things that are noted of it; who is killed then leaves a whole trace."""
    path = tmp_path / "t.trace"
    recorder = Recorder(str(path), Options(scope=("nothing_at_all",), program=str(PROGRAMS)))
    lonely: list[tuple[int, ...]] = []

    class Eager(list[Any]):
        def append(self, record: Any) -> None:
            super().append(record)
            recorder.drain()
            with closing(sqlite3.connect(path)) as db:
                lonely.extend(db.execute("select id from wire where thread not in (select id from thread)"))

    recorder.wires = Eager()
    recorder.start()
    try:
        one, other = socket.socketpair()
        with one, other:
            sender = threading.Thread(target=one.sendall, args=(b"from a thread that was not seen before",))
            sender.start()
            sender.join()
    finally:
        recorder.stop()
    assert not lonely
    with Trace.open(path) as trace:
        assert trace.wires[0].op == "sendall"
