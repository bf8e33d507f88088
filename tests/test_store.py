"""The trace on disk: whole up to the last batch whatever happens, and refused with one sentence where it is broken."""

from __future__ import annotations

import os
import random
import re
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
from helpers_recording import (
    ENGINES,
    PROGRAMS,
    command,
    consistent,
    ended,
    environment,
    load,
    moved,
    named,
    one,
    outline,
    recorded,
    text,
)
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tracer.reading.trace import Trace, TraceError
from tracer.recording import Options, Recorder, RecorderError
from tracer.recording.events import CALL, LINE, RETURN, SHIFT, WIRE
from tracer.recording.packing import packed
from tracer.recording.store import APPLICATION_ID, Store, StoreError

shapes = load("shapes")
ROOT_USER = hasattr(os, "geteuid") and os.geteuid() == 0


def everything(trace: Trace) -> None:
    """Look at all that a trace has."""
    consistent(trace)
    assert trace.meta and isinstance(trace.scope, tuple) and isinstance(trace.raised, tuple)
    assert len(trace.spans) >= len(trace.calls) and trace.lines is not None
    assert trace.distributions is not None and trace.connections is not None
    for call in trace.calls.values():
        assert all(isinstance(text(trace, a), str) for a in call.arguments)


def sentence(error: BaseException) -> None:
    """One sentence that names the file."""
    assert ".trace" in str(error) or ".txt" in str(error) or ".db" in str(error), str(error)
    assert "\n" not in str(error) and len(str(error)) > 10


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


# -- what is there already ---------------------------------------------------------------------------------------


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


# -- broken ------------------------------------------------------------------------------------------------------


class Good(tuple):  # type: ignore[type-arg]
    """Two files' bytes, which no report of a failure shows."""

    def __repr__(self) -> str:
        return "good"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """A trace as it was recorded, and the same when somebody has opened it."""
    path = tmp_path_factory.mktemp("good") / "t.trace"
    recorded(path, lambda: [f() for n, f in shapes.EVERYTHING.items() if n in ("passes", "threads", "objects")])
    fresh = path.read_bytes()
    with Trace.open(path) as trace:
        everything(trace)
    return Good((fresh, path.read_bytes()))


def refused_or_read(path: Path) -> bool:
    """Whether the file was refused, with one sentence; anything but a `TraceError` is an error of the test."""
    try:
        with Trace.open(path) as trace:
            everything_that_can_break(trace)
    except TraceError as error:
        sentence(error)
        return True
    return False


def everything_that_can_break(trace: Trace) -> None:
    """Read all; what it says may be wrong (a byte was flipped in a text), but reading must not fail otherwise."""
    for name in ("meta", "distributions", "files", "codes", "threads", "connections", "wires", "starts", "calls"):
        getattr(trace, name)
    for name in ("spans", "parts", "lines", "raised", "scope"):
        getattr(trace, name)
    trace.value(1)


MANY = settings(
    max_examples=60, deadline=None, database=None, phases=[Phase.generate], report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip


@pytest.mark.parametrize("which", [0, 1], ids=["fresh", "opened before"])
@MANY
@given(st.data())
def test_cut_anywhere(tmp_path, good, which, data):
    size = len(good[which])
    at = data.draw(st.integers(0, size - 1) | st.integers(0, size // 8192).map(lambda n: min(n * 8192, size - 1)))
    path = tmp_path / "cut.trace"
    path.write_bytes(good[which][:at])
    assert refused_or_read(path), f"cut at {at} of {size} bytes, and nobody noticed"


@pytest.mark.parametrize("which", [0, 1], ids=["fresh", "opened before"])
@MANY
@given(st.data())
def test_flipped_anywhere(tmp_path, good, which, data):
    flips = data.draw(st.lists(st.tuples(st.integers(0, len(good[which]) - 1), st.integers(1, 255)), min_size=1))
    broken = bytearray(good[which])
    for at, bits in flips:
        broken[at] ^= bits
    path = tmp_path / "flipped.trace"
    path.write_bytes(broken)
    refused_or_read(path)


@pytest.mark.parametrize(
    "damage",
    [
        "delete from batch where id = 1", "update batch set events = x'00'", "update batch set events = ''",
        "update batch set events = 'text'", "update batch set events = substr(events, 1, 5)",
        "update batch set events = null", "update code set file = 99", "update code set arguments = x'ff'",
        "update code set qualname = cast(x'ff' as text)", "delete from code", "delete from file", "delete from thread",
        "drop table described", "drop table batch", "alter table meta rename to was", "delete from described",
        "update described set heads = 'x'", "update code set lines = 'x'",
        "update meta set value = cast(x'ff' as text)", "drop table scope",
    ],
)  # fmt: skip
def test_rows_that_do_not_fit(tmp_path, good, damage):
    path = tmp_path / "damaged.trace"
    path.write_bytes(good[0])
    db = sqlite3.connect(path)
    try:
        db.execute("pragma writable_schema = off")
        db.execute(damage)
        db.commit()
    except sqlite3.IntegrityError:
        pytest.skip("the schema forbids it")
    finally:
        db.close()
    refused_or_read(path)


#: Damage to a trace that was opened before -> what its sentence says.
TOLD = {
    "update code set file = 99": "code.file points to file 99, which is not there",
    "update span set caller = 5000": "span.caller points to code 5000",
    "update span set parent = 5000": "span.parent points to call 5000",
    "update span set stop = start - 1 where start > 1": "a span ends before it begins",
    "update span set start = 'x'": "span.start holds text where integer belongs",
    "delete from span where call = 2": "call 2 has no span",
    "update call set code = 0": "call.code points to code 0",
    "delete from thread": "points to thread 1, which is not there",
    "update argument set value = 99999": "argument.value points to value 99999",
    "update start set child = thread": "was started by itself",
    "update part set label = x'00'": "part.label holds blob where text belongs",
    "update value set data = 1.5": "value.data holds real where text belongs",
    "update value set type = cast(x'ff' as text)": "the text in column type is not UTF-8",
    "update scope set reason = cast(x'0aff' as text)": "the text in column reason is not UTF-8",
    "drop table shape; drop table part": "it has no table: shape",
    "drop table call; update shape set labels = '[1]'": "the labels of shape 1 are no list of names",
    "drop table call; update shape set labels = '{' where id = 2": "the labels of shape 2 are no list of names",
    "drop table call; delete from shape": "with a shape that is not there",
    "drop table call; update described set objects = x'00'": "the descriptions 1 cannot be unpacked",
    "drop table call; update described set lengths = x'00'": "the descriptions 1 cannot be unpacked",
    "drop table call; update described set told = cast(told || '!' as blob)": "the descriptions 1 do not fit together",
    "drop table call; update described set heads = x''": "the descriptions 1 do not fit together",
    "drop table call; update described set told = cast(replace(told, 'e', x'ff') as blob)": "is not UTF-8",
    "drop table call; update code set lines = x'00' where id = 1": "the lines of function 1 are no pairs of numbers",
    "alter table thread rename column name to called": "it has no column: name",
    "update meta set value = 'x' where key = 'indexed'; update batch set events = x'00'": "batch 1 cannot be unpacked",
    "drop table call; delete from batch where id = 1": "numbered 2 to",
    "drop table call; delete from code where id = 1": "points to code 1",
}


@pytest.mark.parametrize("damage", list(TOLD))
def test_what_is_damaged_is_told(tmp_path, damage):
    path = tmp_path / "damaged.trace"
    recorded(path, lambda: [(shapes.passes(), shapes.threads(), shapes.objects()) for _ in range(2)])
    for _ in range(2):  # two batches, as of a longer run
        db = sqlite3.connect(path)
        db.execute("insert into batch (thread, events) values (1, ?)", (b"",))
        db.commit()
        db.close()
    Trace.open(path).close()
    db = sqlite3.connect(path)
    db.executescript(damage)
    db.close()
    before = path.read_bytes()
    with pytest.raises(TraceError) as error, Trace.open(path) as trace:
        everything_that_can_break(trace)
    sentence(error.value)
    assert TOLD[damage] in str(error.value)
    assert error.value.__cause__ is None
    assert path.read_bytes() == before


def head_of(kind: int) -> int:
    """The head of a record of the first function."""
    return 1 << SHIFT | kind


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((15, 1, 1), "batch 1 ends in the middle of an event"),
        ((CALL, 1, 1), "batch 1 ends in the middle of an event"),
        ((head_of(CALL), 1, 0, 0, 7), "batch 1 ends in the middle of an event"),
        ((RETURN, 2), "batch 1 ends in the middle of an event"),
        ((5000 << SHIFT | CALL, 1, 0, 0, RETURN, 2, 0), "call.code points to code 5000"),
        ((WIRE, 5000, RETURN, 2, 0), "batch 1 has a wire event at 5000, which is not there"),
        ((5000 << SHIFT | CALL, 1, 0, 0, LINE, 2, 1, LINE, 2, 1), "UNIQUE"),
        ((-(1 << 60), 2), "batch 1 ends in the middle of an event"),
    ],
)
def test_batches_that_cannot_be(tmp_path, good, numbers, said):
    path = tmp_path / "damaged.trace"
    path.write_bytes(good[0])
    db = sqlite3.connect(path)
    db.execute("delete from batch")
    db.execute("update code set arguments = 'a,b' where id = 1")
    db.execute("insert into batch (thread, events) values (1, ?)", (packed(numbers),))
    db.commit()
    db.close()
    refused_unchanged(path, said)


def refused_unchanged(path: Path, said: str) -> None:
    before = path.read_bytes()
    with pytest.raises(TraceError, match=re.escape(said)) as error:
        Trace.open(path)
    sentence(error.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((900, 900, 1, -1, 0), "cannot be unpacked"),
        ((900, 900, 5000, -1, 0, 0), "have value 900 with a shape that is not there"),
        ((900, 900, 1, -1, 0, -1), "have value 900 with a shape that is not there"),
        ((900, 900, 1, -1, 0, 99), "have value 900 with a shape that is not there"),
        ((900, 900, 77, -1, 0, 1, 1), "value 900 has 1 parts and 2 labels"),
        ((900, 900, 77, -1, 0, 2, 1, 5000), "part.child points to value 5000"),
    ],
)
def test_descriptions_that_cannot_be(tmp_path, good, numbers, said):
    path = tmp_path / "damaged.trace"
    path.write_bytes(good[0])
    db = sqlite3.connect(path)
    db.execute("insert into shape values (77, 'T', 'object', '[\".a\", \".b\"]')")
    db.execute("insert into described values (5000, ?, x'', x'', x'', x'', null)", (packed(numbers),))
    db.commit()
    db.close()
    refused_unchanged(path, said)


def write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def pragma(path: Path, content: bytes, statement: str) -> None:
    path.write_bytes(content)
    db = sqlite3.connect(path)
    db.execute(statement)
    db.commit()
    db.close()


def plain_sqlite(path: Path) -> None:
    pragma(path, b"", "create table t (x)")


def begun(path: Path) -> None:
    """As where the program is killed while the recorder makes the file."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(f"pragma application_id = {APPLICATION_ID}")
    db.execute("pragma user_version = 0")
    db.close()


NO_TRACES: dict[str, Any] = {
    "empty": lambda path, good: write(path, b""),
    "text": lambda path, good: write(path, "grüße\n".encode()),
    "binary": lambda path, good: write(path, bytes(range(256)) * 50),
    "header only": lambda path, good: write(path, good[:16]),
    "first page only": lambda path, good: write(path, good[:8192]),
    "plain SQLite": lambda path, good: plain_sqlite(path),
    "another application's": lambda path, good: pragma(path, good, "pragma application_id = 7"),
    "older schema": lambda path, good: pragma(path, good, "pragma user_version = 1"),
    "nothing but the id": lambda path, good: begun(path),
    "newer schema": lambda path, good: pragma(path, good, "pragma user_version = 99"),
    "folder": lambda path, good: path.mkdir(),
    "nothing": lambda path, good: None,
}


@pytest.mark.parametrize("what", list(NO_TRACES))
def test_no_trace_at_all(tmp_path, good, what):
    path = tmp_path / "no.trace"
    NO_TRACES[what](path, good[0])
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(TraceError) as error:
        Trace.open(path)
    sentence(error.value)
    assert error.value.__cause__ is None
    assert (path.read_bytes() if path.is_file() else None) == before, "looking changes nothing"
    if "schema" in what:
        assert "99" in str(error.value) or "schema 1," in str(error.value)
    if "but the id" in what:
        assert "the recording never began" in str(error.value)


def test_a_trace_that_cannot_be_changed_is_read(tmp_path, good):
    """In a folder where nothing can be written, on a disk that is read-only: the tables are made in memory."""
    path = tmp_path / "t.trace"
    path.write_bytes(good[0])
    path.chmod(0o400)
    tmp_path.chmod(0o500)
    try:
        with Trace.open(path) as trace:
            everything(trace)
            assert named(trace, "passes")
    finally:
        tmp_path.chmod(0o700)
    if not ROOT_USER:
        assert path.read_bytes() == good[0]


def test_opened_by_two_at_once(tmp_path, good):
    path = tmp_path / "t.trace"
    path.write_bytes(good[0])
    with Trace.open(path) as first, Trace.open(path) as second:
        assert outline(first) == outline(second)
        everything(second)


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
