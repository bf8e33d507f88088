"""Beside a debugger, coverage, a profiler and other tracers: each works as without us; ours records, or says why not.

Under `sys.settrace` there is one place for a trace function on each thread, and who sets one has it; `sys.monitoring`
has a place for each tool.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from helpers_recording import ENGINES, ROOT, consistent, environment, named
from helpers_run import Done, done, unmagic

from tracer.reading.trace import Trace

PROGRAM = """\
def inner(n):
    x = n + 1
    return x


def main():
    total = 0
    for n in range(5):
        total += inner(n)
    print("total", total)


main()
"""
TEST = "import app\n\n\ndef test_it():\n    assert app.inner(1) == 2\n"


def ran(folder: Path, engine: str, words: list[str], said: str = "", **more: str) -> Done:
    """A command of the interpreter's, recorded by `engine`, '' for not at all."""
    env = environment(PYTHONPATH=os.pathsep.join([str(ROOT), str(folder)]), **more)
    if not engine:
        return done([sys.executable, *words], folder, said, env)
    options = ("--engine", engine, "--python", sys.executable, "-o", "t.trace")
    return unmagic("run", *options, *words, cwd=folder, stdin=said, env=env)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "app.py").write_text(PROGRAM)
    (tmp_path / "test_app.py").write_text(TEST)
    return tmp_path


def inner_calls(folder: Path) -> int:
    with Trace.open(folder / "t.trace") as trace:
        consistent(trace)
        return len(named(trace, "inner"))


def kept_or_told(folder: Path, engine: str, run: Done) -> None:
    """Under monitoring all is recorded; under settrace one sentence says that it is not."""
    assert "Traceback" not in run.err
    if engine == "monitoring":
        assert inner_calls(folder) == 5
    else:
        assert "trace function" in run.err and "the engine monitoring" in run.err.replace("The", "the")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("words", "name"),
    [(["-m", "pdb", "app.py"], "pdb"), (["-m", "coverage", "run", "app.py"], "coverage"), (["trace.py"], "")],
)
def test_it_is_told_before_whose_trace_function_takes_our_place(folder, engine, words, name):
    (folder / "trace.py").write_text(PROGRAM)  # a program of the user's that is called as a tracer is
    first = ran(folder, engine, words, "q\n", COVERAGE_CORE="ctrace").err.splitlines()[0]
    told = f"unmagic: {name} sets a trace function of its own, and ours is gone from there on"
    assert first.startswith(told) == bool(name and engine == "settrace")


@pytest.mark.parametrize("engine", ENGINES)
def test_pdb_stops_where_it_is_told_to(folder, engine):
    said = "b 2\nc\np n\nc\np n\ncl 1\nc\nq\n"
    alone, beside = (ran(folder, which, ["-m", "pdb", "app.py"], said) for which in ("", engine))
    assert beside.out == alone.out and "-> x = n + 1" in alone.out and "total 15" in alone.out
    kept_or_told(folder, engine, beside)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("core", ["ctrace", "sysmon"])
def test_coverage_counts_the_same(folder, engine, core):
    if core == "sysmon" and sys.version_info < (3, 12):
        pytest.skip("sys.monitoring came with 3.12")
    told = []
    for which in ("", engine):
        run = ran(folder, which, ["-m", "coverage", "run", "app.py"], COVERAGE_CORE=core)
        assert (run.code, run.out) == (0, "total 15\n")
        told.append(ran(folder, "", ["-m", "coverage", "report", "--include", "app.py"]).out)
    assert told[0] == told[1] and "100%" in told[0]
    if core == "sysmon":
        assert inner_calls(folder) == 5
    else:
        kept_or_told(folder, engine, run)


@pytest.mark.parametrize("engine", ENGINES)
def test_pytest_cov_counts_the_same(folder, engine):
    told = []
    for which in ("", engine):
        run = ran(folder, which, ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--cov=app", "--cov-report=term"])
        assert run.code == 0, run.out
        told.append([line for line in run.out.splitlines() if line.startswith(("app.py", "TOTAL"))])
    assert told[0] == told[1] and told[0]


@pytest.mark.parametrize("engine", ENGINES)
def test_cprofile_counts_the_same(folder, engine):
    run = ran(folder, engine, ["-m", "cProfile", "app.py"])
    assert run.code == 0 and "app.py:1(inner)" in run.out
    assert next(line.split()[0] for line in run.out.splitlines() if "app.py:1(inner)" in line) == "5"
    assert inner_calls(folder) == 5


@pytest.mark.parametrize("engine", ENGINES)
def test_viztracer_sees_every_call(folder, engine):
    run = ran(folder, engine, ["-m", "viztracer", "-o", "viz.json", "--quiet", "app.py"])
    assert run.code == 0 and "total 15" in run.out
    events = json.loads((folder / "viz.json").read_text())["traceEvents"]
    assert sum(event["name"].startswith("inner (") for event in events) == 5
    assert inner_calls(folder) == 5


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.thorough
def test_debugpy_does_not_change_what_the_program_does(folder, engine):
    words = ["-Xfrozen_modules=off", "-m", "debugpy", "--listen", "127.0.0.1:0", "app.py"]
    run = ran(folder, engine, words if not engine else words[1:], PYDEVD_DISABLE_FILE_VALIDATION="1")
    assert run.code == 0 and "total 15" in run.out, run.err
    assert "Traceback" not in run.err
    with Trace.open(folder / "t.trace") as trace:
        consistent(trace)
