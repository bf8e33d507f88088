"""A part of a program, recorded from inside it: the block."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers_parts import app, untraced
from helpers_recording import ENGINES, ROOT, from_source, named, text

import tracer
from tracer.reading.trace import Trace


@pytest.mark.parametrize("engine", ENGINES)
def test_a_block(tmp_path: Path, engine: str):
    module = from_source("def f(x):\n    return g(x)\n\n\ndef g(x):\n    return x * 2\n", tmp_path)
    with tracer.record(tmp_path / "x.db", program=str(tmp_path), engine=engine, scope=("program",)) as recorder:
        assert module.f(21) == 42
    module.f(1)
    assert app(tmp_path / "x.db") == ["f", "g"]
    assert recorder.stop().faults == () and recorder.stop().path == str(tmp_path / "x.db")
    untraced()


def test_the_program_is_where_the_block_is(tmp_path: Path):
    source = "import tracer\n\n\ndef f():\n    pass\n\n\ndef run(path):\n    with tracer.record(path):\n        f()\n"
    from_source(source, tmp_path).run(tmp_path / "x.trace")
    assert app(tmp_path / "x.trace") == ["f"]


def test_what_a_block_raises_goes_through_and_the_trace_ends(tmp_path: Path):
    with pytest.raises(KeyError, match="mine"), tracer.record(str(tmp_path / "x.trace")):
        raise KeyError("mine")
    assert app(tmp_path / "x.trace") == []
    untraced()


def test_a_block_that_cannot_be_recorded_says_so_and_does_not_begin(tmp_path: Path):
    (tmp_path / "x.trace").write_text("precious")
    ran = []
    with pytest.raises(tracer.RecorderError, match="not a trace"), tracer.record(tmp_path / "x.trace"):
        ran.append(1)
    assert (ran, (tmp_path / "x.trace").read_text()) == ([], "precious")
    with pytest.raises(TypeError, match="colour"), tracer.record(tmp_path / "y.trace", colour="blue"):
        pass
    untraced()


@pytest.mark.parametrize("engine", ENGINES)
def test_blocks_in_blocks(tmp_path: Path, engine: str):
    module = from_source("def f(x):\n    return x\n", tmp_path)
    options: dict[str, Any] = {"program": str(tmp_path), "scope": ("program",), "engine": engine}
    with tracer.record(tmp_path / "outer.trace", **options):
        module.f(1)
        with tracer.record(tmp_path / "inner.trace", **options):
            module.f(2)
        module.f(3)
    with Trace.open(tmp_path / "inner.trace") as trace:
        assert [text(trace, c.arguments[0]) for c in named(trace, "f")] == ["2"]
    with Trace.open(tmp_path / "outer.trace") as trace:
        assert [text(trace, c.arguments[0]) for c in named(trace, "f")] == ["1", "2", "3"]
    untraced()


def test_the_package_loads_nothing_until_it_is_asked(tmp_path: Path):
    program = "import sys, tracer; before = [m for m in sys.modules if m.startswith('tracer.')]; tracer.record; "
    program += "print(before, 'tracer.recording.parts' in sys.modules, sorted(n for n in dir(tracer) if n[0] != '_'))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("[] True ['Any', 'Options', 'Recorder', 'RecorderError', 'TYPE_CHECKING', 'record', ")
    with pytest.raises(AttributeError, match="recrod"):
        tracer.recrod  # noqa: B018
