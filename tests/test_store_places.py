"""The trace on disk and its place: what is there already, and what happens where it cannot be written."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest
from helpers_recording import PROGRAMS, command, environment, recorded
from helpers_store import ROOT_USER, sentence, shapes

from tracer.reading.trace import Trace
from tracer.recording import Options, Recorder, RecorderError
from tracer.recording.store import Store, StoreError


@pytest.mark.parametrize("content", [b"my diary\n", b"\0" * 100, b"SQLite format 2 of long ago", b"x"])
def test_a_file_that_is_no_trace_is_not_overwritten(tmp_path, content):
    path = tmp_path / "diary.txt"
    path.write_bytes(content)
    with pytest.raises(RecorderError) as error:
        Recorder(str(path)).start()
    sentence(error.value)
    assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["diary.txt"]


def test_somebodys_database_is_not_overwritten(tmp_path):
    """SQLite, but not a trace: an application's data."""
    path = tmp_path / "customers.db"
    with sqlite3.connect(path) as db:
        db.execute("create table customer (name text)")
        db.execute("insert into customer values ('Ada')")
    db.close()
    before = path.read_bytes()
    with pytest.raises(RecorderError) as error:
        Recorder(str(path)).start()
    sentence(error.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["t.trace", "t.trace-wal", "t.trace-shm", "t.trace-journal"])
@pytest.mark.parametrize("kind", ["notes", "fifo"])
def test_nothing_of_others_is_taken_away(tmp_path, name, kind):
    """Not the file itself, nor one that happens to have the name of what SQLite puts beside it. No device either:
    root could remove it."""
    path = tmp_path / name
    os.mkfifo(path) if kind == "fifo" else path.write_text("my notes")
    with pytest.raises(RecorderError) as error:
        Recorder(str(tmp_path / "t.trace")).start()
    sentence(error.value)
    assert os.listdir(tmp_path) == [name]
    assert path.is_fifo() or path.read_text() == "my notes"


def test_a_trace_that_was_killed_is_replaced(tmp_path):
    """All that it holds may still lie in the log beside it."""
    path = tmp_path / "t.trace"
    with subprocess.Popen(command(PROGRAMS / "echoes.py", path), stdout=subprocess.PIPE, env=environment()) as process:
        assert process.stdout is not None and process.stdout.readline()
        process.kill()
        process.stdout.read()
    assert sorted(os.listdir(tmp_path)) == ["t.trace", "t.trace-shm", "t.trace-wal"]
    recorded(path, shapes.passes)
    assert os.listdir(tmp_path) == ["t.trace"]


def test_after_a_failure_no_row_is_written_that_points_to_a_lost_one(tmp_path):
    store = Store(str(tmp_path / "t.trace"))
    with pytest.raises(StoreError, match="the trace could not be written any further"):
        store.write([("thread", [(1, "T", "")]), ("wire", [(1, "too few")])])
    store.write([("batch", [(1, 1, b"")]), ("meta", [("faults", "told")])])
    store.close()
    with Trace.open(tmp_path / "t.trace") as trace:
        assert trace.meta["faults"] == "told" and not trace.threads and not trace.calls


def test_an_older_trace_and_an_empty_file_are_replaced(tmp_path):
    path = tmp_path / "t.trace"
    path.touch()
    recorded(path, shapes.passes)
    recorded(path, shapes.factorial, 2)
    with Trace.open(path) as trace:
        assert [c.code.qualname for c in trace.calls.values()] == ["factorial", "factorial"]
    assert os.listdir(tmp_path) == ["t.trace"], "nothing lies beside it"


@pytest.mark.parametrize("where", ["missing folder", "a file for a folder", "a folder", "read-only folder"])
def test_a_place_that_cannot_be_written(tmp_path, where):
    path = tmp_path / "in" / "t.trace"
    if where == "a file for a folder":
        path.parent.write_text("a file")
    elif where == "a folder":
        path.mkdir(parents=True)
    elif where == "read-only folder":
        if ROOT_USER:
            pytest.skip("root may write anywhere")
        path.parent.mkdir(mode=0o500)
    with pytest.raises(RecorderError) as error:
        Recorder(str(path)).start()
    sentence(error.value)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_a_fault_of_ours_not_an_error_of_theirs(tmp_path):
    """The file cannot grow: the program goes on, and the summary says what happened."""
    import resource

    path = tmp_path / "t.trace"
    recorder = Recorder(str(path), Options(scope=("program",), program=str(PROGRAMS)))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    recorder.start()
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, hard))
        results = [shapes.greet("x" * 1000 + str(n)) for n in range(3000)]
    finally:
        try:
            summary = recorder.stop()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, old)
    assert len(results) == 3000
    assert summary.faults
    assert all("\n" not in fault for fault in summary.faults)


def test_a_trace_that_is_removed_while_it_grows(tmp_path):
    path = tmp_path / "t.trace"
    recorder = Recorder(str(path), Options(scope=("program",), program=str(PROGRAMS)))
    recorder.start()
    try:
        for name in os.listdir(tmp_path):
            (tmp_path / name).unlink()
        assert shapes.factorial(5) == 120
    finally:
        summary = recorder.stop()
    assert isinstance(summary.faults, tuple)
