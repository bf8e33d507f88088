"""The two engines give one trace: of every shape there is, and of generated programs, which run as they would."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from helpers_engines import shapes
from helpers_recording import ENGINES, MONITORING, consistent, from_source, load, outline, recorded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
