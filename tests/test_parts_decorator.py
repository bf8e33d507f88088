"""A part of a program, recorded from inside it: the decorated function."""

from __future__ import annotations

import asyncio
import inspect
import os
import pickle
import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from helpers_parts import app, numbered, program, traces, untraced
from helpers_parts import work as work
from helpers_recording import named, one, text

import tracer
from tracer.reading.trace import Trace


def test_each_call_has_a_trace(work: ModuleType, tmp_path: Path):
    assert [work.plain(1), work.plain(2, y=3)] == [4, 6]
    with pytest.raises(ValueError, match="-1"):
        work.plain(-1)
    assert traces(tmp_path) == ["plain-2.trace", "plain-3.trace", "plain.trace"]
    assert [app(path) for path in work.plain.traces] == [["plain", "inner"], ["plain", "inner"], ["plain"]]
    assert [os.path.basename(p) for p in work.plain.traces] == ["plain.trace", "plain-2.trace", "plain-3.trace"]
    with Trace.open("plain-2.trace") as trace:
        assert [text(trace, a) for a in one(trace, "plain").arguments] == ["2", "3"]
        assert text(trace, one(trace, "plain").last.value) == "6"
    with Trace.open("plain-3.trace") as trace:
        assert one(trace, "plain").last.ended == "raised"
    untraced()


def test_the_function_stays_what_it_was(work: ModuleType, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "work", work)
    assert str(inspect.signature(work.plain)) == "(x: 'int', *, y: 'int' = 2) -> 'int'".replace("'", "")
    assert (work.plain.__name__, work.plain.__doc__, work.plain.__module__) == ("plain", "What it says.", "work")
    assert pickle.loads(pickle.dumps(work.plain)) is work.plain
    assert pickle.loads(pickle.dumps(work.Made.method)) is work.Made.method
    assert inspect.iscoroutinefunction(work.later)
    assert inspect.isgeneratorfunction(work.count)
    assert inspect.isasyncgenfunction(work.acount)


def test_methods_of_every_kind(work: ModuleType, tmp_path: Path):
    assert (work.Made().method(1), work.Made.static(2), work.Made().static(2)) == (2, 3, 3)
    assert work.Made.klass(3) == (work.Made, 4)
    assert traces(tmp_path) == ["klass.trace", "method.trace", "static-2.trace", "static.trace"]
    assert app("method.trace") == ["Made.method", "inner"]


def test_a_call_in_a_call_is_in_its_trace(work: ModuleType, tmp_path: Path):
    work.again(3)
    work.outer(1)
    assert traces(tmp_path) == ["again.trace", "outer.trace"]
    assert app("again.trace") == ["again"] * 4 + ["inner"]
    assert app("outer.trace") == ["outer", "plain", "inner"]
    assert work.plain(1) == 4
    assert app("plain.trace") == ["plain", "inner"]


def test_calls_at_once_share_a_trace_that_has_each_of_them_whole(work: ModuleType, tmp_path: Path):
    barrier, last = threading.Barrier(3), threading.Event()
    with ThreadPoolExecutor(3) as pool:
        first = [pool.submit(work.meet, barrier, None) for _ in range(2)]
        slow = pool.submit(work.meet, barrier, last)
        assert [f.result(timeout=60) for f in first] == [3, 3]
        assert not slow.done()
        assert traces(tmp_path) == ["meet.trace"]
        last.set()
        assert slow.result(timeout=60) == 3
        assert sorted(app("meet.trace")) == ["inner"] * 6 + ["meet"] * 3
        assert pool.submit(work.plain, 1).result(timeout=60) == 4
        assert list(pool.map(lambda _: sys.gettrace(), range(3))) == [None] * 3
    with Trace.open("meet.trace") as trace:
        assert [c.last.ended for c in trace.calls.values()] == ["returned"] * 9
    assert app("plain.trace") == ["plain", "inner"]
    untraced()


def test_the_trace_function_that_was_there_is_there_again(work: ModuleType):
    def theirs(*_: Any) -> None:
        return None

    before = sys.gettrace()
    sys.settrace(theirs)
    try:
        work.plain(1)
        assert sys.gettrace() is theirs
        asyncio.run(work.later(1))
        assert sys.gettrace() is theirs
    finally:
        sys.settrace(before)


def test_coroutines(work: ModuleType, tmp_path: Path):
    assert asyncio.run(work.later(4)) == 5
    assert app("later.trace") == ["later", "inner"]

    async def several() -> list[int]:
        return await asyncio.gather(*(work.later(n) for n in range(5)))

    assert asyncio.run(several()) == [1, 2, 3, 4, 5]
    assert sorted(app("later-2.trace")) == ["inner"] * 5 + ["later"] * 5
    assert traces(tmp_path) == ["later-2.trace", "later.trace"]
    untraced()


def test_generators(work: ModuleType, tmp_path: Path):
    assert not traces(tmp_path)
    generator = work.count(2)
    assert not traces(tmp_path), "nothing has run yet"
    assert (next(generator), generator.send("a"), generator.throw(KeyError("k"))) == (
        1, (1, "a"), ("caught", ("k",)),
    )  # fmt: skip
    with pytest.raises(StopIteration) as over:
        next(generator)
    assert over.value.value == "over"
    assert app("count.trace") == ["count", "inner", "inner"]
    closed = work.count(9)
    next(closed)
    closed.close()
    assert app("count-2.trace") == ["count", "inner"]
    untraced()


def test_asynchronous_generators(work: ModuleType, tmp_path: Path):
    async def through() -> list[Any]:
        generator = work.acount(2)
        seen = [await generator.__anext__(), await generator.asend("a"), await generator.athrow(KeyError("k"))]
        seen += [item async for item in generator]
        closed = work.acount(9)
        seen.append(await closed.__anext__())
        await closed.aclose()
        return seen

    assert asyncio.run(through()) == [1, (1, "a"), ("caught", ("k",)), 1]
    assert [app(path) for path in work.acount.traces] == [["acount", "inner", "inner"], ["acount", "inner"]]
    untraced()


def test_a_generator_that_nobody_comes_back_to_is_whole_at_the_end(tmp_path: Path):
    told = program(
        tmp_path, "@tracer.recorded('g.trace')\ndef g():\n    yield 1\n    yield 2\nkept = g()\nnext(kept)\n"
    )
    assert told == ""
    assert app(tmp_path / "g.trace") == ["g"]


def test_names_without_a_path_and_in_a_folder(tmp_path: Path):
    program(
        tmp_path,
        """
        def make():
            @tracer.recorded
            def within():
                return (lambda: 1)()
            return within

        class A:
            @tracer.recorded(os.path.join("deep", "er") + os.sep)
            def b(self): pass

        make()()
        A().b()
        """,
    )
    found = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.trace"))
    assert found == ["deep/er/program.A.b.trace", "program.make.within.trace"]


def test_enough_is_enough(tmp_path: Path):
    program(tmp_path, "@tracer.recorded('f.trace', most=3)\ndef f(): pass\nfor _ in range(10): f()\n")
    assert traces(tmp_path) == ["f-2.trace", "f-3.trace", "f.trace"]


def test_the_next_run_replaces_the_traces(tmp_path: Path):
    for word in ("one", "two"):
        program(tmp_path, f"@tracer.recorded('f.trace')\ndef f(x): return x\nf({word!r})\n")
        with Trace.open(tmp_path / "f.trace") as trace:
            assert text(trace, one(trace, "f").last.value) == word
    assert traces(tmp_path) == ["f.trace"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked here")
def test_processes_do_not_take_each_others_traces(tmp_path: Path):
    told = program(
        tmp_path,
        """
        @tracer.recorded("f.trace")
        def f(fork=False):
            if fork and os.fork() == 0:
                f()
                f()
                os._exit(0)
            return os.wait()[0] if fork else None

        child = f(True)
        import subprocess
        source = "import tracer\\n@tracer.recorded('f.trace')\\ndef f(): pass\\nf()\\nprint(*f.traces)"
        print(child, subprocess.run([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True).stdout)
        f()
        """,
    )
    child, later = told.split(maxsplit=1)
    assert numbered(later.strip())
    names = ("f.trace", "f-2.trace", os.path.basename(later.strip()), f"f.{child}.trace", f"f.{child}-2.trace")
    assert sorted(traces(tmp_path)) == sorted(names)
    assert [app(tmp_path / name) for name in names] == [["f"], ["f"], [], ["f"], ["f"]], "-c has no file"


@pytest.mark.parametrize("way", ["spawn", "fork"])
def test_workers_of_multiprocessing_have_traces_of_their_own(tmp_path: Path, way: str):
    program(
        tmp_path,
        f"""
        import multiprocessing

        @tracer.recorded("f.trace")
        def f(x): return x

        if __name__ == "__main__":
            f(0)
            for n in (1, 2):  # one after the other
                worker = multiprocessing.get_context({way!r}).Process(target=f, args=(n,))
                worker.start()
                worker.join()
        """,
    )
    assert len(traces(tmp_path)) == 3 and len(list(filter(numbered, traces(tmp_path)))) == 2
    seen = []
    for name in traces(tmp_path):
        with Trace.open(tmp_path / name) as trace:
            seen.append(text(trace, one(trace, "f").last.value))
    assert sorted(seen) == ["0", "1", "2"]


def test_what_cannot_be_recorded_runs_and_is_told_once(work: ModuleType, tmp_path: Path):
    (tmp_path / "plain.trace").write_text("precious")
    with pytest.warns(RuntimeWarning, match="will not overwrite .*plain.trace: it is not a trace") as told:
        assert (work.plain(1), work.plain(2)) == (4, 5)
    assert len(told) == 1 and told[0].filename == __file__
    assert (tmp_path / "plain.trace").read_text() == "precious"
    assert work.plain.traces == []
    untraced()


def test_inside_a_recording_no_further_one_is_made(work: ModuleType, tmp_path: Path):
    with tracer.record("whole.trace", program=str(tmp_path), scope=("program",)):
        assert work.plain(1) == 4
        assert asyncio.run(work.later(1)) == 2
    assert traces(tmp_path) == ["whole.trace"]
    assert app("whole.trace") == ["plain", "inner", "later", "inner"]


def test_under_unmagic_run_no_further_one_is_made(tmp_path: Path):
    told = program(tmp_path, "@tracer.recorded\ndef f(): return 1\nprint(f())\n", "-m", "unmagic", "run")
    assert told == "1\n"
    assert traces(tmp_path) == ["program.trace"]
    assert "f" in app(tmp_path / "program.trace")


@pytest.mark.parametrize("thing", [3, int, None], ids=repr)
def test_only_functions_are_decorated(thing: Any):
    decorate: Callable[[Any], Any] = tracer.recorded("x.trace")
    with pytest.raises(TypeError, match="recorded is for functions"):
        decorate(thing)


def test_many_threads_many_times(work: ModuleType, tmp_path: Path):
    """Whoever begins and ends at the same time: every call is whole in exactly one trace."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(work.plain, range(60))) == [n + 3 for n in range(60)]
    seen: list[str] = []
    for path in work.plain.traces:
        with Trace.open(path) as trace:
            assert trace.meta["complete"] == "1" and "faults" not in trace.meta
            seen += [text(trace, c.arguments[0]) for c in named(trace, "plain") if c.last.ended == "returned"]
    assert sorted(map(int, seen)) == list(range(60))
    untraced()
