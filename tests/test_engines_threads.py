"""The engines: threads that begin, run already, or outlive the recording, and whose calls are whose."""

from __future__ import annotations

import queue
import threading
from _thread import allocate_lock, start_new_thread

import pytest
from helpers_engines import engine as engine
from helpers_engines import row, shapes
from helpers_engines import take as take
from helpers_recording import MONITORING, argument, from_source, load, named, one, recorded, text

# -- that begin, or run already ----------------------------------------------------------------------------------


def test_threads_started_while_recording(take):
    trace, result = take(shapes.threads)
    assert result == [2, 6]
    assert sorted(trace.threads.values()) == ["MainThread", "worker-2", "worker-3"]
    starter = one(trace, "threads")
    line = row(shapes.threads) + 4
    assert [(s.call, s.line, trace.threads[s.child]) for s in trace.starts] == [
        (starter.id, line, "worker-2"), (starter.id, line, "worker-3"),
    ]  # fmt: skip
    assert [trace.threads[c.thread] for c in named(trace, "in_thread")] == ["worker-2", "worker-3"]
    assert all(c.first.parent == 0 for c in named(trace, "in_thread"))


def test_raw_threads(take):
    trace, result = take(shapes.raw_thread)
    assert result == [24]
    call = one(trace, "in_thread")
    assert call.thread != one(trace, "raw_thread").thread
    assert len(named(trace, "factorial")) == 4


@pytest.mark.skipif(not MONITORING, reason="before 3.12 Python cannot reach a running thread")
def test_threads_that_are_already_running(take):
    hooked = load("hooked")
    asked: queue.Queue[int | None] = queue.Queue()
    answered: queue.Queue[int] = queue.Queue()
    thread = threading.Thread(target=hooked.serve, args=(asked, answered), name="early bird")
    thread.start()
    try:
        asked.put(1)
        answered.get(timeout=10)

        def converse() -> int:
            asked.put(5)
            return answered.get(timeout=10)

        trace, result = take(converse)
    finally:
        asked.put(None)
        thread.join(10)
    assert result == 6
    call = one(trace, "work")
    assert trace.threads[call.thread] == "early bird"
    assert text(trace, argument(trace, call, "x")) == "5"


def test_many_threads_at_once_lose_nothing(take, tmp_path):
    module = from_source(
        "import threading\n\n\ndef leaf(x):\n    return x\n\n\ndef work(k):\n    for i in range(300):\n"
        "        leaf(i)\n\n\n"
        "def program():\n    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]\n"
        "    for t in threads:\n        t.start()\n    for t in threads:\n        t.join()\n",
        tmp_path,
    )
    trace, _ = take(module.program, program=str(tmp_path))
    leaves = named(trace, "leaf")
    by_parent: dict[int, list[str]] = {}
    for call in leaves:
        by_parent.setdefault(call.first.parent, []).append(text(trace, call.arguments[0]))
        assert trace.calls[call.first.parent].thread == call.thread
    assert [len(v) for v in by_parent.values()] == [300] * 8
    assert all(v == [str(i) for i in range(300)] for v in by_parent.values())


# -- that outlive the recording ----------------------------------------------------------------------------------


def test_a_thread_that_outlives_the_recording_goes_on(tmp_path, engine):
    hooked = load("hooked")
    asked: queue.Queue[int | None] = queue.Queue()
    answered: queue.Queue[int] = queue.Queue()
    threads = []

    def begin() -> int:
        threads.append(threading.Thread(target=hooked.serve, args=(asked, answered)))
        threads[0].start()
        asked.put(1)
        return answered.get(timeout=10)

    recorded(tmp_path / "t.trace", begin, engine=engine)
    asked.put(2)
    assert answered.get(timeout=10) == 3
    asked.put(None)
    threads[0].join(10)
    assert not threads[0].is_alive()


def test_a_raw_thread_that_outlives_the_recording_goes_on(tmp_path, engine):
    hooked, done = load("hooked"), allocate_lock()
    asked: queue.Queue[int | None] = queue.Queue()
    answered: queue.Queue[int] = queue.Queue()
    done.acquire()

    def body() -> None:
        hooked.serve(asked, answered)
        done.release()

    def begin() -> int:
        start_new_thread(body, ())
        asked.put(1)
        return answered.get(timeout=10)

    recorded(tmp_path / "t.trace", begin, engine=engine)
    asked.put(2)
    assert answered.get(timeout=10) == 3
    asked.put(None)
    assert done.acquire(timeout=10)
