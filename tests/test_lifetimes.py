"""The recorder keeps nothing alive that the program drops, and runs no finalizer on a thread of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from helpers_recording import ENGINES, PROGRAMS, environment, named, run

from tracer.reading.trace import Trace


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
