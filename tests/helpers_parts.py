"""What the tests of recording a part share: functions to decorate, and what is in their traces.

The fixture is imported `as` its own name: pytest finds it there, and nobody takes it for unused.
"""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import pytest
from helpers_recording import ENGINES, ROOT, consistent, environment, from_source

from tracer.reading.trace import Trace
from tracer.recording import forks

WORK = '''\
import asyncio

import tracer

OPTIONS = {"scope": ("program",), "engine": %r}


def inner(x):
    return x + 1


@tracer.recorded("plain.trace", **OPTIONS)
def plain(x: int, *, y: int = 2) -> int:
    """What it says."""
    if x < 0:
        raise ValueError(x)
    return inner(x) + y


@tracer.recorded("again.trace", **OPTIONS)
def again(n):
    return inner(n) if n == 0 else again(n - 1)


@tracer.recorded("outer.trace", **OPTIONS)
def outer(x):
    return plain(x)


@tracer.recorded("meet.trace", **OPTIONS)
def meet(barrier, last):
    barrier.wait()
    inner(1)
    if last is not None:
        last.wait()
    return inner(2)


@tracer.recorded("later.trace", **OPTIONS)
async def later(x):
    await asyncio.sleep(0)
    return inner(x)


@tracer.recorded("count.trace", **OPTIONS)
def count(n):
    got = yield inner(0)
    try:
        for i in range(n):
            got = yield (inner(i), got)
    except KeyError as error:
        yield ("caught", error.args)
    return "over"


@tracer.recorded("acount.trace", **OPTIONS)
async def acount(n):
    got = yield inner(0)
    try:
        for i in range(n):
            got = yield (inner(i), got)
    except KeyError as error:
        yield ("caught", error.args)


class Made:
    @tracer.recorded("method.trace", **OPTIONS)
    def method(self, x):
        return inner(x)

    @tracer.recorded("static.trace", **OPTIONS)
    @staticmethod
    def static(x):
        return inner(x)

    @tracer.recorded("klass.trace", **OPTIONS)
    @classmethod
    def klass(cls, x):
        return cls, inner(x)
'''


@pytest.fixture(params=ENGINES)
def work(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module above, made anew, with the folder of the test as the current one."""
    monkeypatch.chdir(tmp_path)
    return from_source(WORK % request.param, tmp_path, "work")


def app(path: str | Path) -> list[str]:
    """The program's functions that ran, in order; the trace is whole."""
    with Trace.open(path) as trace:
        assert trace.meta["complete"] == "1"
        assert "faults" not in trace.meta
        consistent(trace)
        return [c.code.qualname for c in trace.calls.values() if c.code.lane == "app"]


def numbered(path: str) -> bool:
    """Whether a trace's name has a process's number."""
    return re.search(r"\.\d+(-\d+)?\.trace$", path) is not None


def traces(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.trace"))


def untraced() -> None:
    """Nothing of a recording is left."""
    assert not forks.recording()
    assert "unmagic" not in repr(sys.gettrace()) and "tracer" not in repr(sys.gettrace())


def program(folder: Path, source: str, *before: str) -> str:
    """What a program prints that imports `tracer`, run in a process of its own."""
    (folder / "program.py").write_text("import os, sys\nimport tracer\n" + textwrap.dedent(source))
    done = subprocess.run(
        [sys.executable, *before, "program.py"], cwd=folder, env=environment(PYTHONPATH=str(ROOT)), timeout=60,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
