"""The flow of values of generated programs whose flow is known: all of it, and nothing else."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import pytest
from helpers_flow import MASK, Made, Program, found, programs, run
from hypothesis import HealthCheck, given, settings

from tracer.reading import origins, relations
from tracer.reading.flow import Flow
from tracer.reading.trace import Trace, Value

COUNT = itertools.count()


@settings(
    max_examples=120, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(programs())
def test_generated_programs(tmp_path: Path, program: Program) -> None:
    with run(program, tmp_path, f"made{next(COUNT)}") as trace:
        edges = found(Flow(trace))
    truth = program.truth()
    sure = {edge for edge, ambiguous in edges if not ambiguous}
    unsure = {edge for edge, ambiguous in edges if ambiguous}
    assert sure - truth == set(), program.source()
    assert {edge[1] for edge in truth - sure} <= {edge[1] for edge in unsure}, program.source()


READ = b"abcdefghijklmnop"
#: Every kind of step once, and an equal value that no data went into.
EVERY = Program(
    [READ],
    [
        Made("recv", (), (), READ),
        Made("cut", (0,), (3, 12), READ[3:12]),
        Made("decode", (0,), (), READ, True),
        Made("upper", (2,), (), READ.upper(), True),
        Made("encode", (3,), (), READ.upper()),
        Made("mask", (1,), (), bytes(b ^ MASK[i % 4] for i, b in enumerate(READ[3:12]))),
        Made("join", (1, 4), (), READ[3:12] + READ.upper()),
        Made("buffered", (4,), (5,), READ.upper()[:5]),
        Made("hand", (6,), (), READ[3:12] + READ.upper()),
        Made("unrelated", (), (), READ[::-1]),
    ],
)


def _told(folder: Path) -> set[tuple[bytes, bytes, str, int, int]]:
    with run(EVERY, folder, f"every{next(COUNT)}") as trace:
        return {edge for edge, ambiguous in found(Flow(trace)) if not ambiguous}


def test_every_kind_of_step(tmp_path: Path) -> None:
    assert _told(tmp_path) == EVERY.truth()


@pytest.mark.parametrize("rule", ["_same", "_slice", "_folded", "_unmasked"])
def test_a_relation_that_is_switched_off_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: str) -> None:
    monkeypatch.setattr(relations, rule, lambda *given: None)
    assert _told(tmp_path) != EVERY.truth()


@pytest.mark.parametrize("rule", ["_whole", "_joined", "_cut", "_at_hand"])
def test_a_search_that_is_switched_off_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: str) -> None:
    monkeypatch.setattr(origins.Origins, rule, lambda *given, **named: [])
    assert _told(tmp_path) != EVERY.truth()


def test_shuffled_values_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every value of 9 bytes is given the content of another: the edges that told of it are gone."""
    real = Trace.value

    def shuffled(trace: Trace, number: int) -> Value | None:
        value = real(trace, number)
        if value is not None and isinstance(value.data, bytes) and value.size == 9:
            return dataclasses.replace(value, data=bytes(reversed(value.data)))
        return value

    monkeypatch.setattr(Trace, "value", shuffled)
    assert _told(tmp_path) != EVERY.truth()


def test_equal_values_of_two_origins_are_not_guessed(tmp_path: Path) -> None:
    """A call that has two equal values at hand gives a third: which of them it was made of, nothing shows."""
    source = """
def main(end):
    send(end, copied(end.recv(100), another()))


def another():
    return bytes([104, 101, 108, 108, 111])


def copied(one, other):
    return bytes(bytearray(one))


def send(end, data):
    end.sendall(data)
"""
    program = Program([b"hello"], [])
    program.source = lambda: source  # type: ignore[method-assign]
    with run(program, tmp_path, "equal") as trace:
        flow = Flow(trace)
    edges = [edge for into in flow.into.values() for edge in into]
    assert [edge.relation.how for edge in edges] == ["copy", "copy"]
    assert all(edge.ambiguous for edge in edges)


def test_small_shared_objects_are_nobodys(tmp_path: Path) -> None:
    """An empty, a one-character and an interned text, passed on by two that have nothing in common."""
    source = """
def main(end):
    first(end.recv(1))
    second("a", "", b"")


def first(data):
    return third(data.decode())


def second(*shared):
    return third(shared[0])


def third(text):
    return text
"""
    program = Program([b"a"], [])
    program.source = lambda: source  # type: ignore[method-assign]
    with run(program, tmp_path, "small") as trace:
        flow = Flow(trace)
    texts = [node for node in flow.nodes.values() if node.value.data == "a"]
    assert len(texts) == 2
    assert sorted(len(flow.into.get(node.id, ())) for node in texts) == [0, 1]


def test_a_long_list_of_numbers_is_made_of_no_text(tmp_path: Path) -> None:
    """Not every item of it is described; what its numbers are made into is equal to what was read, by chance."""
    data = bytes(97 + 7 * n % 26 for n in range(100))
    program = Program([data], [Made("recv", (), (), data), Made("unrelated", (), (), data)])
    with run(program, tmp_path, "numbers") as trace:
        assert {edge for edge, ambiguous in found(Flow(trace)) if not ambiguous} == set()
