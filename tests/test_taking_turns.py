"""Threads that come to the same code at the same moment, held where they would lose something if they could."""

from __future__ import annotations

import threading
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from helpers_recording import ENGINES, consistent, from_source, named

from tracer.reading.trace import Trace
from tracer.recording import Options, Recorder

STEPS = """
def steps(upto):
    for step in range(upto):
        yield leaf(step)


def leaf(step):
    return step


def run(upto):
    return list(steps(upto))
"""


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("held", ["run", "steps", "leaf"])
def test_no_end_is_lost_while_another_thread_decides_about_the_same_code(tmp_path: Path, engine: str, held: str):
    """Seen once in 250 kills: between the decision about a generator and its events another thread began it, and its
    first yield was not told."""
    module, path = from_source(STEPS, tmp_path), tmp_path / "t.trace"
    recorder = Recorder(str(path), Options(engine=engine, scope=("program",), program=str(tmp_path)))
    decide, decided, over = recorder.decisions.decide, threading.Event(), threading.Event()

    def slowly(code: CodeType) -> Any:
        entry = decide(code)
        if code is getattr(module, held).__code__ and not decided.is_set():
            decided.set()
            over.wait(30)
        return entry

    recorder.decisions.decide = slowly  # type: ignore[method-assign]
    recorder.start()
    thread = threading.Thread(target=module.run, args=(2,))
    thread.start()
    assert decided.wait(30)
    assert module.run(3) == [0, 1, 2]
    over.set()
    thread.join()
    assert recorder.stop().faults == ()
    with Trace.open(path) as trace:
        consistent(trace)
        assert sorted(len(call.spans) for call in named(trace, "steps")) == [3, 4]
        assert {span.ended for call in named(trace, "steps") for span in call.spans} == {"yielded", "returned"}
        for name, times in (("run", 2), ("leaf", 5)):
            assert [call.spans[0].ended for call in named(trace, name)] == ["returned"] * times
