"""Beside another trace function, each is told what it would be told alone, although `sys.settrace` has one place."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from helpers_recording import ROOT, environment, from_source, named, outline

import tracer
from tracer.reading.trace import Trace

SOURCE = """\
import threading


def gen(n):
    for i in range(n):
        yield i


def fails(x):
    try:
        return 1 // x
    except ZeroDivisionError:
        raise KeyError(x) from None


def work(n):
    total = 0
    for i in gen(n):
        total += i
    try:
        fails(0)
    except KeyError:
        total += 1
    return total


def threads():
    results = []
    all = [threading.Thread(target=lambda n=n: results.append(work(n))) for n in range(3)]
    for thread in all:
        thread.start()
    for thread in all:
        thread.join()
    return sorted(results)
"""


class Other:
    """Another tracer, which writes down all that it is told of one file."""

    def __init__(self, file: str) -> None:
        self._all: list[list[tuple[str, str, int]]] = []
        self._here = threading.local()  # not by its number, which the next thread may have
        self._file = file

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename != self._file:
            return None
        if not hasattr(self._here, "told"):
            self._here.told = []
            self._all.append(self._here.told)
        self._here.told.append((frame.f_code.co_name, event, frame.f_lineno))
        return self.__call__

    def events(self) -> list[list[tuple[str, str, int]]]:
        """By thread, and the threads in the order of what they did."""
        return sorted(self._all)


def recorded(function: Any, folder: str, path: Path, lines: tuple[str, ...]) -> Any:
    with tracer.record(path, engine="settrace", scope=("program",), program=folder, lines=lines):
        return function()


def beside(function: Any, file: str, path: Path | None, lines: tuple[str, ...] = ()) -> tuple[Any, Other]:
    """Run `function` under another tracer, recorded where there is a path."""
    other = Other(file)
    before = sys.gettrace(), threading.gettrace()
    threading.settrace(other)
    sys.settrace(other)
    try:
        if path is None:
            result = function()
        else:
            folder = str(Path(file).parent)
            result = recorded(function, folder, path, lines)
        assert sys.gettrace() is other and threading.gettrace() is other
    finally:
        sys.settrace(before[0])
        threading.settrace(before[1])
    return result, other


@pytest.mark.parametrize("lines", [(), ("app",)], ids=["calls", "lines"])
def test_each_is_told_what_it_would_be_told_alone(tmp_path: Path, lines: tuple[str, ...]):
    module = from_source(SOURCE, tmp_path)
    for function in (lambda: module.work(3), module.threads):
        result = recorded(function, str(tmp_path), tmp_path / "alone.trace", lines)
        alone = beside(function, module.__file__, None)
        shared = beside(function, module.__file__, tmp_path / "shared.trace", lines)
        assert alone[0] == shared[0] == result
        assert alone[1].events() == shared[1].events()
        with Trace.open(tmp_path / "alone.trace") as one, Trace.open(tmp_path / "shared.trace") as two:
            assert sorted(outline(one)) == sorted(outline(two))
            counts = [
                {c.code.qualname: len(trace.lines.get(c.id, ())) for c in trace.calls.values()} for trace in (one, two)
            ]
            assert counts[0] == counts[1] and bool(sum(counts[0].values())) == bool(lines)


def test_a_tracer_that_leaves_leaves_us_alone(tmp_path: Path):
    """As a debugger does when it is told to continue without breakpoints."""
    module = from_source(SOURCE, tmp_path)

    def once(frame: FrameType, event: str, argument: Any) -> Any:
        sys.settrace(None)

    before = sys.gettrace()
    sys.settrace(once)
    try:
        with tracer.record(tmp_path / "x.trace", engine="settrace", scope=("program",), program=str(tmp_path)):
            module.work(1)
            module.work(2)
    finally:
        sys.settrace(before)
    with Trace.open(tmp_path / "x.trace") as trace:
        assert len(named(trace, "work")) == 2


def test_a_thread_that_goes_on_after_the_recording_is_the_others(tmp_path: Path):
    module = from_source(SOURCE, tmp_path)
    recorded, ended, other = threading.Event(), threading.Event(), Other(module.__file__)

    def thread() -> None:
        module.work(1)
        recorded.set()
        ended.wait(60)
        module.work(2)

    before = threading.gettrace()
    threading.settrace(other)
    try:
        with tracer.record(tmp_path / "x.trace", engine="settrace", scope=("program",), program=str(tmp_path)):
            running = threading.Thread(target=thread)
            running.start()
            recorded.wait(60)
        ended.set()
        running.join(60)
    finally:
        threading.settrace(before)
    (told,) = other.events()
    assert [name for name, event, _ in told if event == "call"].count("work") == 2
    with Trace.open(tmp_path / "x.trace") as trace:
        assert len(named(trace, "work")) == 1


@pytest.mark.parametrize("core", ["ctrace", "pytrace"])
def test_coverage_counts_the_same_lines(tmp_path: Path, core: str):
    """The real one, which is called from C and puts itself back into the place whenever Python calls it."""
    (tmp_path / "made.py").write_text(SOURCE)
    (tmp_path / "plain.py").write_text("import made\nprint(made.work(3), made.threads())\n")
    (tmp_path / "both.py").write_text(
        "import made, tracer\nwith tracer.record('x.trace', engine='settrace', scope=('program',)):\n"
        "    print(made.work(3), made.threads())\n"
    )
    told = {}
    for name in ("plain", "both"):
        env = environment(PYTHONPATH=str(ROOT), COVERAGE_CORE=core, COVERAGE_FILE=f".coverage.{name}")
        for words in (("run", "--branch", "--include=made.py", f"{name}.py"), ("report", "-m")):
            done = subprocess.run(
                [sys.executable, "-m", "coverage", *words], cwd=tmp_path, env=env, capture_output=True, text=True,
                timeout=60, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            assert "Trace function changed" not in done.stderr
            told[name, words[0]] = done.stdout
    assert told["plain", "run"] == told["both", "run"] == "4 [1, 1, 2]\n"
    assert told["plain", "report"] == told["both", "report"]
    assert "100%" in told["both", "report"]
    with Trace.open(tmp_path / "x.trace") as trace:
        assert len(named(trace, "work")) == 4 and len(named(trace, "fails")) == 4
