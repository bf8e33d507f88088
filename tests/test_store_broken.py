"""The trace on disk, broken: refused with one sentence, or read as far as it is whole."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from helpers_recording import named, outline, recorded
from helpers_store import ROOT_USER, everything, sentence, shapes
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tracer.reading.trace import Trace, TraceError
from tracer.recording.events import CALL, LINE, RETURN, SHIFT, WIRE
from tracer.recording.packing import packed
from tracer.recording.store import APPLICATION_ID


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
        newer = "newer" in what
        assert f"schema {99 if newer else 1}," in str(error.value)
        assert ("a newer one reads it" in str(error.value)) == newer and "record it again" in str(error.value)
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
