"""The engines: the hooks of others are put back, and one recording after or inside another is as good."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from helpers_engines import engine as engine
from helpers_engines import hooked_places, shapes
from helpers_recording import ENGINES, MONITORING, PROGRAMS, named, outline, recorded

from tracer.reading.trace import Trace
from tracer.recording import Options, Recorder, RecorderError, record

# -- hooks of others ---------------------------------------------------------------------------------------------


@pytest.fixture
def unhooked() -> Iterator[None]:
    """Whatever hooks the test run itself has (a debugger, coverage) are put back."""
    ours, theirs = sys.gettrace(), threading.gettrace() if hasattr(threading, "gettrace") else None
    yield
    sys.settrace(ours)
    threading.settrace(theirs)  # type: ignore[arg-type]


@pytest.mark.parametrize("fails", [False, True], ids=["ends", "raises"])
def test_trace_functions_are_put_back(tmp_path, engine, fails, unhooked):
    def mine(frame: Any, event: str, arg: Any) -> None:
        return None

    def others(frame: Any, event: str, arg: Any) -> None:
        return None

    sys.settrace(mine)
    threading.settrace(others)
    try:
        with record(str(tmp_path / "t.trace"), Options(engine=engine, program=str(PROGRAMS))):
            if fails:
                raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    assert sys.gettrace() is mine
    assert threading.gettrace() is others


def test_a_profiler_is_left_alone(tmp_path, engine, unhooked):
    def profiler(frame: Any, event: str, arg: Any) -> None:
        return None

    sys.setprofile(profiler)
    try:
        with record(str(tmp_path / "t.trace"), Options(engine=engine, program=str(PROGRAMS))):
            assert sys.getprofile() is profiler
        assert sys.getprofile() is profiler
    finally:
        sys.setprofile(None)


def _events(tool: int) -> int:
    """The events that are on for a tool nobody uses (Hypothesis, for one, leaves some on)."""
    monitoring = sys.monitoring  # type: ignore[attr-defined]
    monitoring.use_tool_id(tool, "looking")
    try:
        return int(monitoring.get_events(tool))
    finally:
        monitoring.free_tool_id(tool)


@pytest.mark.skipif(not MONITORING, reason="sys.monitoring came with 3.12")
@pytest.mark.parametrize("fails", [False, True], ids=["ends", "raises"])
def test_monitoring_tools_are_put_back(tmp_path, engine, fails):
    monitoring = sys.monitoring  # type: ignore[attr-defined]
    free = [n for n in range(6) if monitoring.get_tool(n) is None]
    started = []
    monitoring.use_tool_id(free[0], "another tool")
    monitoring.register_callback(free[0], monitoring.events.PY_START, lambda code, offset: started.append(code.co_name))
    monitoring.set_events(free[0], monitoring.events.PY_START)
    try:
        before = [monitoring.get_tool(n) for n in range(6)]
        events = {n: _events(n) for n in free[1:]}
        try:
            with record(str(tmp_path / "t.trace"), Options(engine=engine, program=str(PROGRAMS))):
                shapes.passes()
                if fails:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        assert [monitoring.get_tool(n) for n in range(6)] == before
        assert monitoring.get_events(free[0]) == monitoring.events.PY_START
        for other in free[1:]:
            monitoring.use_tool_id(other, "mine now")
            assert monitoring.get_events(other) == events[other]
            for event in (monitoring.events.PY_START, monitoring.events.PY_UNWIND, monitoring.events.RAISE):
                assert monitoring.register_callback(other, event, None) is None, "a callback of ours is left"
            assert monitoring.get_local_events(other, shapes.passes.__code__) == 0
            monitoring.free_tool_id(other)
        del started[:]
        shapes.passes()
        assert started[:3] == ["passes", "middle", "bottom"]
    finally:
        monitoring.set_events(free[0], 0)
        monitoring.register_callback(free[0], monitoring.events.PY_START, None)
        monitoring.free_tool_id(free[0])


@pytest.mark.skipif(not MONITORING, reason="sys.monitoring came with 3.12")
def test_no_free_tool_is_one_sentence_and_leaves_nothing(tmp_path):
    monitoring = sys.monitoring  # type: ignore[attr-defined]
    taken = [n for n in range(6) if monitoring.get_tool(n) is None]
    for n in taken:
        monitoring.use_tool_id(n, "taken")
    before = hooked_places()
    try:
        with pytest.raises(RecorderError) as error:
            Recorder(str(tmp_path / "t.trace"), Options(engine="monitoring")).start()
        assert "\n" not in str(error.value) and str(error.value)
        assert hooked_places() == before
    finally:
        for n in taken:
            monitoring.free_tool_id(n)


def test_an_unknown_engine_is_one_sentence(tmp_path):
    with pytest.raises(RecorderError, match="choose auto, settrace or monitoring"):
        Recorder(str(tmp_path / "t.trace"), Options(engine="magic"))
    if not MONITORING:
        with pytest.raises(RecorderError, match=r"3\.12"):
            Recorder(str(tmp_path / "t.trace"), Options(engine="monitoring"))


def test_auto_takes_monitoring_where_it_is(tmp_path):
    done = recorded(tmp_path / "t.trace", shapes.passes, engine="auto")
    assert done.summary.engine == ENGINES[-1]


# -- again and again ---------------------------------------------------------------------------------------------


def test_a_second_recording_is_as_good_as_the_first(tmp_path, engine):
    seen = []
    for n in range(3):
        done = recorded(tmp_path / f"{n}.trace", shapes.run_async, engine=engine)
        with done.trace() as trace:
            seen.append(outline(trace))
    assert seen[0] == seen[1] == seen[2] and len(seen[0]) > 8


def test_a_wider_scope_the_second_time_finds_what_the_first_switched_off(tmp_path, engine):
    done = recorded(tmp_path / "1.trace", shapes.threads, engine=engine, scope=("threading:Thread.run",))
    with done.trace() as trace:
        assert {c.code.qualname for c in trace.calls.values()} == {"Thread.run"}
    done = recorded(tmp_path / "2.trace", shapes.threads, engine=engine)
    with done.trace() as trace:
        assert len(named(trace, "factorial")) == 5


def _outside(function: Callable[[], Any]) -> None:
    """Call `function` on a thread that must not hang the test."""
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    thread.join(3)
    assert not thread.is_alive(), "it hangs"


def test_a_recorder_is_used_once_and_says_so(tmp_path):
    recorder = Recorder(str(tmp_path / "t.trace"), Options(scope=("program",), program=str(PROGRAMS)))
    recorder.start()
    recorder.stop()
    raised: list[BaseException] = []

    def again() -> None:
        try:
            recorder.start()
            recorder.stop()
        except RecorderError as error:
            raised.append(error)

    _outside(again)
    assert len(raised) == 1


def test_a_second_stop_does_not_hang(tmp_path):
    recorder = Recorder(str(tmp_path / "t.trace"), Options(scope=("program",), program=str(PROGRAMS)))
    recorder.start()
    first = recorder.stop()
    seen: list[Any] = []

    def again() -> None:
        try:
            seen.append(recorder.stop())
        except RecorderError as error:
            seen.append(error)

    _outside(again)
    assert seen and (seen[0] == first or isinstance(seen[0], RecorderError))


def test_a_recording_inside_a_recording(tmp_path, engine):
    """Either refused with a sentence, or both are right; afterwards nothing is left in either case."""
    before = hooked_places()
    with record(str(tmp_path / "outer.trace"), Options(engine=engine, scope=("program",), program=str(PROGRAMS))):
        try:
            done = recorded(tmp_path / "inner.trace", shapes.passes, engine=engine)
        except RecorderError as error:
            assert "\n" not in str(error)
        else:
            with done.trace() as trace:
                assert len(named(trace, "bottom")) == 1
        shapes.factorial(3)
    assert hooked_places() == before
    with Trace.open(tmp_path / "outer.trace") as trace:
        assert len(named(trace, "factorial")) == 3
