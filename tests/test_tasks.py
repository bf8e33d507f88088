"""Tasks, derived from spans: of an event loop's, of one's own, and of what is none."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import ModuleType

import pytest
from helpers_recording import ENGINES, from_source, recorded
from stacks.playing import lanes_nest

from tracer.reading.awaits import awaited
from tracer.reading.chain import Chains
from tracer.reading.trace import Trace

SOURCE = '''
import asyncio


class Turn:
    """Waits one round of whoever steps it."""

    def __await__(self):
        yield None


async def leaf(name):
    await asyncio.sleep(0)
    return name * 2


async def middle(name):
    first = await leaf(name)
    return first + await leaf("b")


async def one_by_one(count):
    for number in range(count):
        await asyncio.sleep(0)
        yield "item" + str(number)


async def root(name):
    items = [item async for item in one_by_one(2)]
    return await asyncio.wait_for(middle(name), 5), items


async def main():
    return await asyncio.gather(root("x"), root("y"))


async def by_hand(name):
    await Turn()
    inner(name)
    await Turn()
    return name


def inner(name):
    return name


def drive(coroutines):
    """A loop of one's own."""
    waiting = list(coroutines)
    while waiting:
        coroutine = waiting.pop(0)
        try:
            coroutine.send(None)
        except StopIteration:
            continue
        waiting.append(coroutine)


def drive_two():
    drive([by_hand("p"), by_hand("q")])


def drive_one():
    drive([by_hand("p")])
'''


@pytest.fixture
def made(tmp_path: Path) -> ModuleType:
    return from_source(SOURCE, tmp_path)


def opened(tmp_path: Path, function: object, *args: object, engine: str) -> Trace:
    done = recorded(tmp_path / "made.trace", function, *args, engine=engine, program=str(tmp_path))  # type: ignore[arg-type]
    assert done.error is None
    return done.trace()


@pytest.mark.parametrize("engine", ENGINES)
def test_an_event_loops_tasks(tmp_path: Path, made: ModuleType, engine: str) -> None:
    with opened(tmp_path, lambda: asyncio.run(made.main()), engine=engine) as trace:
        names = [task.name.partition("(")[2] for task in trace.tasks.values()]
        assert names[:3] == ["main)", "root)", "root)"]
        lanes_nest(trace)
        thread = {trace.carrier(task) for task in trace.tasks}
        assert len(thread) == 1 and thread.isdisjoint(trace.tasks)
        roots = Chains(trace).find("app", "root")
        assert len({call.thread for call in roots}) == 2
        for call in roots:
            assert all(span.thread == call.thread and span.parent == 0 for span in call.spans)
            step = Chains(trace).below(call)
            assert step.ended == "returned" and len(step.keys) == len(call.spans)
            items = [inner for inner in step.walk() if inner.code is not None and inner.code.qualname == "one_by_one"]
            gave = [inner.outcome.data for inner in items if inner.outcome and inner.ended == "yielded"]
            assert gave == ["item0", "item1"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_loop_of_ones_own(tmp_path: Path, made: ModuleType, engine: str) -> None:
    with opened(tmp_path, made.drive_two, engine=engine) as trace:
        assert [task.name for task in trace.tasks.values()] == ["task 1 (by_hand)", "task 2 (by_hand)"]
        lanes_nest(trace)
        for call in Chains(trace).find("app", "by_hand"):
            step = Chains(trace).below(call)
            names = [inner.code.qualname for inner in step.children if inner.code and inner.kind == "call"]
            assert names == ["Turn.__await__", "inner", "Turn.__await__"]


@pytest.mark.parametrize("engine", ENGINES)
def test_one_that_takes_turns_with_none_is_part_of_its_caller(tmp_path: Path, made: ModuleType, engine: str) -> None:
    with opened(tmp_path, made.drive_one, engine=engine) as trace:
        assert trace.tasks == {}
        (call,) = Chains(trace).find("app", "drive")
        steps = awaited([Chains(trace).below(call)])
        assert "inner" in {inner.code.qualname for step in steps for inner in step.walk() if inner.code}
