"""The recorder keeps nothing alive that the program drops, and runs no finalizer on a thread of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from helpers_recording import ENGINES, PROGRAMS, environment, named, run

from tracer.reading.trace import Trace
from tracer.recording.known import Known


@pytest.mark.parametrize("engine", ENGINES)
def test_everything_ends_where_and_when_it_does_without_us(tmp_path: Path, engine: str):
    program, trace = PROGRAMS / "lifetimes.py", tmp_path / "t.trace"
    plain = subprocess.run(
        [sys.executable, program, tmp_path / "a.txt"], env=environment(), capture_output=True, text=True, timeout=60
    )
    assert plain.stderr == "" and "ends on MainThread" in plain.stdout
    ran = run(program, trace, str(tmp_path / "b.txt"), engine=engine)
    assert (ran.code, ran.out, ran.err) == (0, plain.stdout, "")
    with Trace.open(trace) as opened:
        values = [opened.value(call.arguments[0]) for call in named(opened, "take")]
        types = [value.type.rpartition(".")[2] for value in values if value is not None]
        assert types[:2] == ["memoryview", "Loud"] and types.count("Loud") == 3
        kept = [value for value in values if value is not None and value.type.endswith("Loud")][-2:]
        assert kept[0].object == kept[1].object != 0, "one object is one, though it is gone"


DROPPED = """
import time, weakref
from collections import namedtuple
Pair = namedtuple("Pair", "one other")
class Thing:
    pass
def take(pair):
    return pair
pair = Pair(Thing(), 1)
take(pair)
thing = weakref.ref(pair.one)
del pair
deadline = time.monotonic() + 20
while thing() is not None and time.monotonic() < deadline:
    time.sleep(0.01)
print(thing() is None)
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_what_has_no_weak_references_is_let_go_of_soon(tmp_path: Path, engine: str):
    """Such an object is kept alive, and what it holds, but not longer than until the writer comes by."""
    (tmp_path / "program.py").write_text(DROPPED)
    ran = run(tmp_path / "program.py", tmp_path / "t.trace", engine=engine)
    assert (ran.code, ran.out, ran.err) == (0, "True\n", "")


def test_nobody_answers_for_what_the_writer_has_just_forgotten():
    """Seen while wsproto's tests ran recorded: the writer came by between two steps of a hook. Nothing kept the object
    any more, and its `id` may be another's soon."""
    known, value, entries = Known(1 << 20), [1], []
    known.put(value, None, 7, (), weak=False)
    entries.append(known.get(value))
    known.others.clear()  # what a sweep does to one of too many
    known.settle(value, constant=True)
    known.answer(id(value), 7)
    assert not known.rows
    known.put(value, entries.pop(), 8, (), weak=False)
    number = id(value)
    del value
    known.sweep()
    assert number not in known.others, "it is swept as any other"
