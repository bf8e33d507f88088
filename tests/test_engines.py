"""The two engines: every shape of call is recorded as what it is, by both the same, and nothing is left behind."""

from __future__ import annotations

import gc
import inspect
import queue
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import weakref
from _thread import allocate_lock, start_new_thread
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers_recording import (
    ENGINES,
    MONITORING,
    PROGRAMS,
    argument,
    command,
    consistent,
    ended,
    environment,
    from_source,
    load,
    named,
    one,
    outline,
    recorded,
    run,
    text,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracer.reading.trace import Trace
from tracer.recording import Options, Recorder, RecorderError, record

shapes = load("shapes")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def take(tmp_path: Path, engine: str) -> Iterator[Callable[..., Any]]:
    """Record a function; get the open trace and what the function gave."""
    opened = []

    def take(function: Callable[..., Any], *args: Any, **options: Any) -> tuple[Any, Any]:
        path = tmp_path / f"{len(opened)}.trace"
        done = recorded(path, function, *args, **{"engine": engine, **options})
        opened.append(done.trace())
        consistent(opened[-1])
        return opened[-1], done.error or done.result

    yield take
    for trace in opened:
        trace.close()


def row(function: Callable[..., Any]) -> int:
    """The first line of a function of `shapes`."""
    return inspect.getsourcelines(function)[1]


# -- generators --------------------------------------------------------------------------------------------------


def test_a_generators_resumes_are_one_call(take):
    trace, _ = take(shapes.use_counter)
    call = one(trace, "counter")
    assert ended(trace, call) == [("yielded", "0"), ("yielded", "1"), ("returned", "list([0]=a, [1]=b)")]
    base = row(shapes.use_counter)
    assert [span.line for span in call.spans] == [base + 2, base + 3, base + 5]
    assert {span.parent for span in call.spans} == {one(trace, "use_counter").id}
    assert call.code.kind == "generator"


def test_an_exception_is_thrown_into_a_generator_and_it_is_closed(take):
    trace, result = take(shapes.throw_and_close)
    assert result == "caught v"
    call = one(trace, "patient")
    assert [e for e, _ in ended(trace, call)] == ["yielded", "yielded", "raised"]
    assert ended(trace, call)[2][1].startswith("GeneratorExit")


def test_thrown_into_before_it_began(take):
    trace, result = take(shapes.throw_before_start)
    assert result == "early"
    assert ended(trace, one(trace, "never_begun")) == [("raised", "KeyError([0]=early)")]


def test_yield_from(take):
    trace, result = take(shapes.delegate)
    assert result == [1, "sent", "inner is done"]
    assert ended(trace, one(trace, "inner")) == [("yielded", "1"), ("yielded", "sent"), ("returned", "inner is done")]
    outer = one(trace, "outer")
    assert ended(trace, outer)[:3] == [("yielded", "1"), ("yielded", "sent"), ("yielded", "inner is done")]
    assert {span.parent for span in one(trace, "inner").spans} == {outer.id}


def test_thrown_through_yield_from(take):
    trace, result = take(shapes.delegate_throw)
    assert result == "down"
    assert ended(trace, one(trace, "inner")) == [("yielded", "1"), ("raised", "LookupError([0]=down)")]
    assert ended(trace, one(trace, "outer")) == [("yielded", "1"), ("raised", "LookupError([0]=down)")]


def test_a_dropped_generator_is_finalised_where_it_was_dropped(take):
    trace, result = take(shapes.dropped)
    assert result == ["finally"]
    assert [e for e, _ in ended(trace, one(trace, "finaliser"))] == ["yielded", "raised"]


def test_a_generator_goes_on_on_another_thread(take):
    trace, result = take(shapes.generator_changes_thread)
    assert result == [0, 1, 2]
    call = one(trace, "counter")
    assert [text(trace, span.value) for span in call.spans][:3] == ["0", "1", "2"]  # then it is dropped
    first, second, third = (trace.threads[span.thread] for span in call.spans[:3])
    assert (first, second, third) == ("MainThread", "puller", "MainThread")
    pulls = {c.id: c.first.thread for c in named(trace, "pull")}
    assert [pulls[span.parent] for span in call.spans[:3]] == [span.thread for span in call.spans[:3]]


# -- coroutines --------------------------------------------------------------------------------------------------


def test_coroutines_and_asynchronous_generators(take):
    trace, result = take(shapes.run_async)
    assert result == (11, [0, 1])
    adds = named(trace, "add")
    assert [tuple(text(trace, a) for a in c.arguments) for c in adds] == [("1", "2"), ("3", "4")]
    assert [ended(trace, c)[-1] for c in adds] == [("returned", "3"), ("returned", "7")]
    assert all(len(c.spans) == 2 for c in adds)
    assert ended(trace, one(trace, "fails"))[-1] == ("raised", "ValueError([0]=async)")
    assert ended(trace, one(trace, "Manager.__aexit__"))[-1] == ("returned", "True")
    assert len(named(trace, "asynchronous")) == 1
    assert len(named(trace, "count_to")) == 2
    assert all(ended(trace, c)[-1] == ("returned", "None") for c in named(trace, "count_to"))


def test_a_cancelled_task_is_one_call(take):
    trace, result = take(shapes.run_cancel)
    assert result == "cancelled"
    call = one(trace, "hangs")
    assert [e for e, _ in ended(trace, call)] == ["yielded", "returned"]
    assert ended(trace, call)[-1][1] == "cancelled"


# -- exceptions --------------------------------------------------------------------------------------------------


def test_an_exception_passes_through_and_is_caught(take):
    trace, result = take(shapes.passes)
    assert result == "caught"
    assert ended(trace, one(trace, "bottom")) == [("raised", "KeyError([0]=k)")]
    assert ended(trace, one(trace, "middle")) == [("raised", "KeyError([0]=k)")]
    assert ended(trace, one(trace, "passes")) == [("returned", "caught")]
    seen = [(trace.calls[c].code.qualname, line) for _, c, line, _ in trace.raised]
    assert seen == [
        ("bottom", row(shapes.bottom) + 1),
        ("middle", row(shapes.middle) + 1),
        ("passes", row(shapes.passes) + 2),
    ]
    objects = {trace.value(value).object for *_, value in trace.raised}
    assert len(objects) == 1 and objects != {0}, "one exception, three places"


def test_reraised_and_replaced(take):
    trace, result = take(shapes.swallow, shapes.reraises)
    assert result == "KeyError"
    assert ended(trace, one(trace, "reraises")) == [("raised", "KeyError([0]=k)")]
    trace, result = take(shapes.swallow, shapes.replaces)
    assert result == "RuntimeError"
    assert ended(trace, one(trace, "replaces"))[0][1].startswith("RuntimeError")
    assert ended(trace, one(trace, "bottom")) == [("raised", "KeyError([0]=k)")]


def test_a_finally_that_returns_swallows(take):
    trace, result = take(shapes.finally_returns)
    assert result == "kept"
    assert ended(trace, one(trace, "finally_returns")) == [("returned", "kept")]


def test_an_exception_that_leaves_the_recorded_function(take):
    trace, error = take(shapes.bottom)
    assert isinstance(error, KeyError) and error.args == ("k",)
    assert ended(trace, one(trace, "bottom")) == [("raised", "KeyError([0]=k)")]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="before 3.11 the latest exception is taken")
def test_of_several_exceptions_the_one_that_leaves(take):
    """Python tells settrace nothing of an exception that goes on: behind a `finally`, by a bare ``raise``, or when a
    generator that was suspended in its handler runs again."""
    trace, _ = take(shapes.several_at_once)
    left = {
        name: [text(trace, span.value).partition("(")[0].rpartition(".")[2] for span in named(trace, name)[0].spans]
        for name in ("handled_meanwhile", "replaced_meanwhile", "raised_again", "will_not_end", "waits_with_one")
    }
    assert left == {
        "handled_meanwhile": ["First"],
        "replaced_meanwhile": ["Second"],
        "raised_again": ["First"],
        "will_not_end": ["1", "2", "GeneratorExit"],
        "waits_with_one": ["1", "Second"],
    }
    assert [how for how, _ in ended(trace, one(trace, "retries"))][:3] == ["yielded"] * 3


# -- recursion, decorators, classes, comprehensions --------------------------------------------------------------


def test_recursion(take):
    trace, _ = take(shapes.factorial, 5)
    calls = named(trace, "factorial")
    assert [text(trace, argument(trace, c, "n")) for c in calls] == ["5", "4", "3", "2", "1"]
    assert [c.first.parent for c in calls] == [0, *(c.id for c in calls[:-1])]
    assert [text(trace, c.last.value) for c in calls] == ["120", "24", "6", "2", "1"]


def test_mutual_recursion(take):
    trace, result = take(shapes.is_even, 6)
    assert result is True
    assert [c.code.qualname for c in trace.calls.values()] == ["is_even", "is_odd"] * 3 + ["is_even"]


def test_too_deep_a_recursion_is_the_programs_own_error(take, tmp_path):
    module = from_source(
        "def deep(n):\n    return deep(n + 1)\n\n\ndef program():\n    try:\n        deep(0)\n"
        "    except RecursionError:\n        return after()\n\n\ndef after():\n    return 'went on'\n",
        tmp_path,
    )
    trace, result = take(module.program, program=str(tmp_path))
    assert result == "went on"
    if "lost" not in trace.meta:  # at the limit Python takes a trace function away, and then the trace says so
        assert ended(trace, one(trace, "after")) == [("returned", "went on")]
        assert {e for c in named(trace, "deep") for e, _ in ended(trace, c)} == {"raised"}
    assert trace.meta["engine"] == "settrace" or "lost" not in trace.meta
    assert len(named(trace, "deep")) > sys.getrecursionlimit() // 2


def test_a_decorated_function_is_two_calls(take):
    trace, result = take(lambda: shapes.greet("you", mark="?"))
    assert result == "hello you?!"
    wrapper, inner = trace.calls.values()
    assert wrapper.code.qualname == "loud.<locals>.wrapper" and inner.code.qualname == "greet"
    assert inner.first.parent == wrapper.id
    assert [text(trace, a) for a in inner.arguments] == ["you", "?"]


def test_methods_properties_and_operators(take):
    trace, result = take(shapes.objects)
    assert result == (49, 5)
    names = [c.code.qualname for c in trace.calls.values()]
    assert names == [
        "objects", "Shape.unit", "Shape.__init__", "Shape.__init__", "Shape.__add__", "Shape.__init__",
        "Shape.area", "Shape.area", "Shape.plain",
    ]  # fmt: skip
    setter, getter = named(trace, "Shape.area")
    assert setter.code.arguments == ("self", "value") and getter.code.arguments == ("self",)
    assert setter.code.first != getter.code.first


def test_lambdas(take):
    trace, _ = take(shapes.lambdas)
    calls = named(trace, "lambdas.<locals>.<lambda>")
    assert [text(trace, c.arguments[0]) for c in calls] == ["3", "1", "2"]
    assert {c.code.kind for c in calls} == {"lambda"}


def test_comprehensions_are_calls_until_3_12_inlines_them(take):
    trace, _ = take(shapes.comprehensions)
    names = {c.code.qualname.rpartition(".")[2]: c for c in trace.calls.values()}
    assert ("<listcomp>" in names, "<dictcomp>" in names) == ((False, False) if MONITORING else (True, True))
    assert [e for e, _ in ended(trace, names["<genexpr>"])] == ["yielded"] * 3 + ["returned"]
    holder = one(trace, "comprehensions").id if MONITORING else names["<dictcomp>"].id
    assert {c.first.parent for c in named(trace, "factorial")} == {holder}


def test_a_class_body_is_a_call(take):
    trace, _ = take(shapes.class_body)
    body = one(trace, "class_body.<locals>.Made")
    assert body.code.kind == "class" or "class" in body.code.kind
    assert named(trace, "factorial")[0].first.parent == body.id


def test_arguments_of_every_kind_as_they_were_at_the_start(take):
    trace, result = take(shapes.call_all)
    assert result.startswith("changed")
    first, second = (
        {name: trace.value(a) for name, a in zip(c.code.arguments, c.arguments, strict=True)}
        for c in named(trace, "all_arguments")
    )
    assert list(first) == ["a", "b", "c", "d", "e", "rest", "more"]
    assert [first[n].data for n in "abcde"] == ["1", "2", "3", "4", "5"]
    assert [second[n].data for n in "abcde"] == ["1", "2", "3", "6", "5"]
    assert (first["rest"].size, second["rest"].size, first["more"].size, second["more"].size) == (0, 2, 1, 0)


def test_lines_only_where_asked_for(take):
    trace, _ = take(shapes.passes)
    assert trace.lines == {}
    trace, _ = take(shapes.passes, lines=("app",))
    first = row(shapes.passes)
    assert trace.lines[one(trace, "passes").id] == (first + 1, first + 2, first + 3, first + 4)
    assert trace.lines[one(trace, "bottom").id] == (row(shapes.bottom) + 1,)


def test_a_loops_lines_are_told_each_time(take):
    trace, _ = take(shapes.use_counter, lines=("app",))
    first = row(shapes.counter)
    assert trace.lines[one(trace, "counter").id] == tuple(first + n for n in (1, 2, 3, 2, 3, 2, 4))


# -- threads -----------------------------------------------------------------------------------------------------


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


# -- two engines, one trace --------------------------------------------------------------------------------------


@pytest.mark.skipif(not MONITORING, reason="sys.monitoring came with 3.12")
@pytest.mark.parametrize("name", list(shapes.EVERYTHING))
def test_the_same_calls_under_both_engines(tmp_path, name):
    outlines = []
    for engine in ENGINES:
        done = recorded(tmp_path / f"{engine}.trace", load("shapes").EVERYTHING[name], engine=engine, lines=("app",))
        with done.trace() as trace:
            assert trace.meta["engine"] == engine
            outlines.append(outline(trace))
    assert outlines[0] == outlines[1]


#: How Python itself ends iterations and closes generators: events of one engine, not exceptions of the program.
MACHINERY = {"StopIteration", "StopAsyncIteration", "GeneratorExit"}


@pytest.mark.skipif(not MONITORING, reason="sys.monitoring came with 3.12")
@pytest.mark.parametrize("name", [name for name in shapes.EVERYTHING if name not in ("raw_thread",)])
def test_the_same_exceptions_at_the_same_lines_under_both_engines(tmp_path, name):
    raised = []
    for engine in ENGINES:
        done = recorded(tmp_path / f"{engine}.trace", load("shapes").EVERYTHING[name], engine=engine)
        with done.trace() as trace:
            seen = [(trace.calls[c].code.qualname, line, trace.value(v).type) for _, c, line, v in trace.raised]
            raised.append([row for row in seen if row[2] not in MACHINERY])
    assert raised[0] == raised[1]


@pytest.mark.skipif(not MONITORING, reason="sys.monitoring came with 3.12")
@pytest.mark.parametrize(
    "name", ["passes", "use_counter", "throw_and_close", "objects", "comprehensions", "class_body"]
)
def test_the_same_lines_under_both_engines(tmp_path, name):
    lines = []
    for engine in ENGINES:
        done = recorded(tmp_path / f"{engine}.trace", load("shapes").EVERYTHING[name], engine=engine, lines=("app",))
        with done.trace() as trace:
            # sys.settrace tells a line once more for each jump back to it, sys.monitoring does not
            lines.append([(trace.calls[c].code.qualname, folded(s)) for c, s in sorted(trace.lines.items())])
    assert lines[0] == lines[1]


def folded(lines: tuple[int, ...]) -> list[int]:
    """Lines without immediate repeats."""
    return [line for n, line in enumerate(lines) if not n or lines[n - 1] != line]


# -- generated programs ------------------------------------------------------------------------------------------

HEAD = """\
log = []
fuel = 0


class Empty(BaseException):
    pass


class E0(Exception):
    pass


class E1(Exception):
    pass


def tick():
    global fuel
    fuel -= 1
    if fuel < 0:
        raise Empty
    return fuel


class Manager:
    def __enter__(self):
        log.append("enter")
        return self

    def __exit__(self, kind, error, traceback):
        log.append(kind and kind.__name__)
        return kind is E1


class Pause:
    def __await__(self):
        return (yield "pause")


def drive(coroutine):
    try:
        while True:
            log.append(coroutine.send(None))
    except StopIteration as end:
        return end.value


def run(n):
    global fuel
    fuel = n
    del log[:]
    try:
        log.append(("returned", f0()))
    except BaseException as error:
        log.append(("raised", type(error).__name__))
    return list(log)

"""

FUNCTIONS = {"f0": "plain", "f1": "plain", "f2": "plain", "g0": "generator", "g1": "generator", "a0": "coroutine"}


def _calls(draw: Any, kind: str, pad: str) -> list[str]:
    plain = ["log.append(f0())", "log.append(f1())", "log.append(f2())", "log.append((lambda x: x)(tick()))"]
    if kind == "coroutine":
        plain += ["log.append(await a0())", "log.append(await Pause())"]
    else:
        plain.append("log.append(drive(a0()))")
    return [pad + draw(st.sampled_from(plain))]


def _block(draw: Any, kind: str, depth: int, pad: str) -> list[str]:
    lines: list[str] = []
    for _ in range(draw(st.integers(1, 3))):
        lines += _statement(draw, kind, depth, pad)
    return lines


def _statement(draw: Any, kind: str, depth: int, pad: str) -> list[str]:
    simple = ["log", "call", "call", "raise", "return"]
    if kind == "generator":
        simple += ["yield", "yield", "from"]
    compound = ["try", "finally", "for", "with", "if", "throw"] if depth else []
    what = draw(st.sampled_from(simple + compound * 2))
    inner = pad + "    "
    if what == "log":
        return [f"{pad}log.append({draw(st.integers(0, 9))})"]
    if what == "call":
        return _calls(draw, kind, pad)
    if what == "raise":
        return [f"{pad}if tick() % {draw(st.integers(1, 3))} == 0:", f"{inner}raise E{draw(st.integers(0, 1))}"]
    if what == "return":
        return [f"{pad}if tick() % {draw(st.integers(1, 4))} == 0:", f"{inner}return {draw(st.integers(0, 9))}"]
    if what == "yield":
        return [f"{pad}log.append((yield {draw(st.integers(0, 9))}))"]
    if what == "from":
        return [f"{pad}log.append((yield from g{draw(st.integers(0, 1))}()))"]
    body = _block(draw, kind, depth - 1, inner)
    if what == "try":
        caught = _block(draw, kind, depth - 1, inner)
        return [f"{pad}try:", *body, f"{pad}except E{draw(st.integers(0, 1))}:", *caught]
    if what == "finally":
        return [f"{pad}try:", *body, f"{pad}finally:", *_block(draw, kind, depth - 1, inner)]
    if what == "with":
        return [f"{pad}with Manager():", *body]
    if what == "if":
        return [f"{pad}if tick() % 2:", *body]
    if what == "throw":
        return [
            f"{pad}steps = g{draw(st.integers(0, 1))}()",
            *([f"{pad}log.append(next(steps, None))"] if draw(st.booleans()) else []),
            f"{pad}log.append(steps.throw(E{draw(st.integers(0, 1))}))",
            *[line[4:] for line in body],
        ]
    return [
        f"{pad}for item in g{draw(st.integers(0, 1))}():",
        f"{inner}log.append(item)",
        *body,
        *([f"{inner}break"] if draw(st.booleans()) else []),
    ]


@st.composite
def programs(draw: Any) -> str:
    """The source of a program that always ends (each function uses fuel), and says what it does in `log`."""
    source = [HEAD]
    for name, kind in FUNCTIONS.items():
        source += [f"\n{'async ' if kind == 'coroutine' else ''}def {name}():", "    tick()"]
        source += _block(draw, kind, draw(st.integers(0, 2)), "    ")
        if kind == "generator":
            source += ["    yield 'last'"]
    return "\n".join(source) + "\n"


#: The same ones each time: `make fuzzed` has new ones.
EXAMPLES = settings(
    max_examples=40,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@EXAMPLES
@given(programs(), st.integers(1, 40))
def test_generated_programs_run_the_same_and_under_both_engines(tmp_path, source, fuel):
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None  # Empty in a generator that is being dropped
    try:
        plain = from_source(source, tmp_path).run(fuel)
        outlines = []
        for engine in ENGINES:
            module = from_source(source, tmp_path)
            done = recorded(tmp_path / "run.trace", module.run, fuel, program=str(tmp_path), engine=engine)
            assert done.result == plain
            with done.trace() as trace:
                consistent(trace)
                outlines.append(outline(trace))
        assert outlines[0] == outlines[-1]
    finally:
        sys.unraisablehook = hook


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


# -- nothing is left ---------------------------------------------------------------------------------------------


def hooked_places() -> dict[str, Any]:
    """Everything that a recorder may have touched, as it is now."""
    return {
        "socket": dict(vars(socket.socket)),
        "ssl": dict(vars(ssl.SSLSocket)),
        "SocketIO": dict(vars(socket.SocketIO)),
        "socket module": {k: v for k, v in vars(socket).items() if callable(v)},
        "Thread": dict(vars(threading.Thread)),
        "threading": {k: v for k, v in vars(threading).items() if callable(v)},
        "meta path": list(sys.meta_path),
        "path": list(sys.path),
        "trace": sys.gettrace(),
        "profile": sys.getprofile(),
        "excepthook": (sys.excepthook, sys.unraisablehook, threading.excepthook),
        "limits": (sys.getrecursionlimit(), sys.getswitchinterval()),
        "gc": (gc.isenabled(), gc.get_threshold(), list(gc.callbacks)),
    }


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


# -- the guest ---------------------------------------------------------------------------------------------------


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


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no alarms here")
def test_an_exception_of_a_signal_handler_always_reaches_the_program(tmp_path, engine):
    trace = tmp_path / "t.trace"
    ran = run(PROGRAMS / "interrupted.py", trace, "150", engine=engine, timeout=25)
    assert (ran.code, ran.out, ran.err) == (0, "rang 150, heard 150\n", "")
    with Trace.open(trace) as opened:
        assert "faults" not in opened.meta
        if "lost" not in opened.meta:  # where it strikes before a hook's first line, Python takes the hook away
            assert len(named(opened, "after")) == 1
        assert engine == "settrace" or "lost" not in opened.meta
        consistent(opened)


def test_ctrl_c_ends_a_busy_program(tmp_path, engine):
    program = tmp_path / "busy.py"
    program.write_text(
        "def step(x):\n    return x\n\n\nprint('ready', flush=True)\nwhile True:\n    step(1)\n", encoding="utf-8"
    )
    for n in range(4):
        process = subprocess.Popen(
            command(program, tmp_path / f"{n}.trace", engine=engine), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env=environment(), preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        assert process.stdout and process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        try:
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()
        assert process.returncode == -signal.SIGINT
        assert err.rstrip().endswith("KeyboardInterrupt")


def test_a_trace_function_of_the_programs_own(tmp_path, engine):
    """A program that sets a trace function (a debugger, coverage) gets its events, and its own function back."""
    module = from_source(
        "import sys\n\n\ndef f():\n    return 1\n\n\ndef program():\n    seen = []\n\n"
        "    def mine(frame, event, arg):\n"
        "        seen.append((frame.f_code.co_name, event))\n        return mine\n\n    sys.settrace(mine)\n    f()\n"
        "    got = sys.gettrace() is mine\n    sys.settrace(None)\n    return got, [s for s in seen if s[0] == 'f']\n",
        tmp_path,
    )
    plain = module.program()
    done = recorded(tmp_path / "t.trace", module.program, program=str(tmp_path), engine=engine)
    assert done.result == plain == (True, [("f", "call"), ("f", "line"), ("f", "return")])


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="no fork here")
@pytest.mark.parametrize("leave", ["sys.exit(0)", "os._exit(0)"])
def test_a_program_that_forks(tmp_path, engine, leave):
    """The child goes on unrecorded; it ends as it would have, and does not touch the parent's trace."""
    program = tmp_path / "forks.py"
    program.write_text(
        "import os, sys\n\n\ndef f(x):\n    return x\n\n\nf(1)\nchild = os.fork()\nif child == 0:\n"
        f"    for n in range(30000):\n        f(n)\n    {leave}\n"
        "status = os.waitpid(child, 0)[1]\nf(2)\nprint('child', os.WEXITSTATUS(status), flush=True)\n",
        encoding="utf-8",
    )
    ran = run(program, tmp_path / "t.trace", engine=engine, timeout=60)
    assert (ran.code, ran.out) == (0, "child 0\n")
    with Trace.open(tmp_path / "t.trace") as trace:
        consistent(trace)
        assert [text(trace, c.arguments[0]) for c in named(trace, "f")] == ["1", "2"]
        assert trace.meta["complete"] == "1"
