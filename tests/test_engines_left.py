"""The engines: nothing of ours is left behind, and nothing of the program's is kept alive."""

from __future__ import annotations

import gc
import sys
import threading
import time
import weakref
from typing import Any

import pytest
from helpers_engines import engine as engine
from helpers_engines import hooked_places, shapes
from helpers_engines import take as take
from helpers_recording import PROGRAMS, from_source, outline, recorded

from tracer.recording import Options, Recorder, RecorderError

# -- what was held is let go -------------------------------------------------------------------------------------


def test_what_an_exception_held_is_let_go_where_the_program_lets_it_go(take, tmp_path):
    module = from_source(
        "import threading\nlog = []\n\n\ndef steps():\n    try:\n        yield 1\n    finally:\n"
        "        log.append(threading.current_thread().name)\n\n\ndef fails():\n    for _ in steps():\n"
        "        raise ValueError\n\n\ndef program():\n    try:\n        fails()\n    except ValueError:\n"
        "        pass\n    log.append('after')\n    return list(log)\n",
        tmp_path,
    )
    assert module.program() == ["MainThread", "after"]
    module.log.clear()
    _, result = take(module.program, program=str(tmp_path))
    assert result == ["MainThread", "after"]


HANDLED = """
import sys
import threading
from contextlib import contextmanager, suppress
log = []


class Mine(Exception):
    pass


class Bare(Exception):
    __slots__ = ()


class Guard:
    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        return self.told(error, traceback.tb_frame, (kind, error))

    def told(self, error, frame, both):
        return True


def steps():
    try:
        yield 1
    finally:
        log.append(threading.current_thread().name)


def fails():
    kept = steps()
    next(kept)
    raise KIND("it failed")


def plainly():
    try:
        fails()
    except KIND:
        pass


def guarded():
    with Guard():
        fails()


def again():
    try:
        try:
            fails()
        except KIND:
            raise
    except KIND:
        sys.exc_info()


def instead():
    try:
        try:
            fails()
        except KIND as error:
            raise Mine from error
    except Mine:
        pass


def program():
    del log[:]
    for way in (plainly, guarded, again, instead):
        way()
        log.append(way.__name__)
    return list(log)
"""


@pytest.mark.parametrize("kind", ["ValueError", "Mine", "Bare", "StopAsyncIteration"])
def test_what_its_frames_held_is_let_go_where_the_program_has_dealt_with_it(take, tmp_path, kind: str):
    module = from_source(HANDLED.replace("KIND", kind), tmp_path)
    without_us = module.program()
    assert without_us == [one for way in ("plainly", "guarded", "again", "instead") for one in ("MainThread", way)]
    trace, result = take(module.program, program=str(tmp_path))
    assert result == without_us
    closed = [one[-1][-1] for one in outline(trace) if one[2] == "steps"]
    if sys.version_info < (3, 11):  # it copies `error` for whatever trace function there is, and drops it unseen
        closed.pop()
    assert closed == [("raised", "GeneratorExit()")] * (4 - (sys.version_info < (3, 11)))


# -- nothing is left ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fails", [False, True], ids=["ends", "raises"])
def test_nothing_is_left_hooked(tmp_path, engine, fails):
    before, threads = hooked_places(), set(sys._current_frames())
    done = recorded(tmp_path / "t.trace", shapes.bottom if fails else shapes.threads, engine=engine)
    assert isinstance(done.error, KeyError) == fails
    after = hooked_places()
    for place, was in before.items():
        if isinstance(was, dict):
            assert list(after[place]) == list(was), place  # the order of a class's attributes too
            assert all(after[place][k] is was[k] for k in was), place
        else:
            assert after[place] == was, place
    assert not set(sys._current_frames()) - threads


def test_no_thread_of_ours_is_left_however_the_threads_take_turns(tmp_path, engine):
    """The writer's thread has ended when `stop` returns, and is not only about to."""
    threads, interval = set(sys._current_frames()), sys.getswitchinterval()
    try:
        sys.setswitchinterval(1e-6)
        for number in range(60):
            recorded(tmp_path / f"{number}.trace", shapes.bottom, engine=engine)
            assert not set(sys._current_frames()) - threads
    finally:
        sys.setswitchinterval(interval)


def test_no_thread_of_ours_is_in_the_programs_list(tmp_path, engine):
    done = recorded(tmp_path / "t.trace", lambda: (threading.active_count(), len(threading.enumerate())), engine=engine)
    assert done.result == (threading.active_count(), len(threading.enumerate()))


def test_nothing_is_left_after_a_recording_that_cannot_start(tmp_path, engine):
    (tmp_path / "notes.txt").write_text("mine")
    before, threads = hooked_places(), set(sys._current_frames())
    with pytest.raises(RecorderError):
        Recorder(str(tmp_path / "notes.txt"), Options(engine=engine)).start()
    assert hooked_places() == before
    assert not set(sys._current_frames()) - threads


def test_nothing_of_the_programs_is_kept_alive(tmp_path, engine):
    source = (
        "class Thing:\n    pass\n\n\ndef give(thing, *more, **named):\n    return thing\n\n\ndef fail(thing):\n"
        "    raise KeyError(thing)\n\n\ndef step(thing):\n    yield thing\n\n\ndef program(refs):\n    import weakref\n"
        "    thing = Thing()\n    refs.append(weakref.ref(thing))\n    give(thing, [thing], a={'b': thing})\n"
        "    next(step(thing))\n    thing.me = thing\n    try:\n        fail(thing)\n"
        "    except KeyError:\n        pass\n"
    )
    refs: list[Any] = []
    module = from_source(source, tmp_path)
    recorded(tmp_path / "t.trace", module.program, refs, program=str(tmp_path), engine=engine)
    refs += [weakref.ref(module.Thing), weakref.ref(module.give), weakref.ref(module.give.__code__)]
    del module
    gc.collect()
    assert [ref() for ref in refs] == [None] * 4


def test_code_outside_the_scope_is_not_kept_alive(tmp_path, engine):
    module = from_source("def chosen():\n    return other()\n\n\ndef other():\n    return 1\n", tmp_path)
    done = recorded(tmp_path / "t.trace", module.chosen, scope=("made:chosen",), program=str(tmp_path), engine=engine)
    with done.trace() as trace:
        assert [c.code.qualname for c in trace.calls.values()] == ["chosen"]
    refs = [weakref.ref(module.chosen.__code__), weakref.ref(module.other.__code__)]
    del module, done
    late = time.monotonic() + 20  # a thread of another recording may be about to end
    while any(ref() is not None for ref in refs) and time.monotonic() < late:
        gc.collect()
        time.sleep(0.01)
    assert [ref() for ref in refs] == [None, None]


def test_the_recorder_itself_can_be_freed(tmp_path, engine):
    recorder = Recorder(str(tmp_path / "t.trace"), Options(engine=engine, scope=("program",), program=str(PROGRAMS)))
    recorder.start()
    shapes.threads()
    recorder.stop()
    ref = weakref.ref(recorder)
    del recorder
    gc.collect()
    assert ref() is None
