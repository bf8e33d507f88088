"""Folding and pruning of a chain's steps, as pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from helpers_chain import accounted, calls_in, flat
from hypothesis import given, settings
from hypothesis import strategies as st

from tracer.reading.links import SourceFile
from tracer.reading.steps import Step, fold, prune
from tracer.reading.trace import Code, File, Wire

FACTS = SourceFile("/a.py", "program", "", "", "a.py", "", True, (), "", "", False)
LIBRARY = File(1, "app", "a", FACTS, None, None)


def code(number: int, kind: str = "function") -> Code:
    return Code(number, LIBRARY, f"f{number}", kind, 1, 2, (), True)


CODES = {n: code(n, "comprehension" if n == 4 else "function") for n in range(1, 5)}


def step(number: int, *children: Step, crosses: bool = False, line: int = 1, ended: str = "returned") -> Step:
    return Step("call", 0, 1, 0, number, CODES[number], CODES[1], line, ended=ended, crosses=crosses, children=children)


def moved(op: str = "send") -> Step:
    wire = Wire(1, 1, 2, 1, op, 1, 1, 5, 3, 9, 0, "", 0, 0, 1)
    return Step("wire", 0, 1, 0, 1, None, CODES[1], 5, wire=wire, crosses=True)


def outline(steps: Sequence[Step]) -> list[Any]:
    return [(s.code.qualname if s.code else s.kind, s.count, s.hidden, outline(s.children)) for s in steps]


def test_repetitions_in_a_row_are_told_once():
    assert outline(fold([step(1), step(2), step(2), step(2), step(1)])) == [
        ("f1", 1, 0, []),
        ("f2", 3, 0, []),
        ("f1", 1, 0, []),
    ]


def test_other_lines_other_outcomes_and_other_insides_are_no_repetition():
    for other in (step(2, line=9), step(2, ended="raised"), step(2, step(1)), step(3)):
        assert [s.count for s in fold([step(2), other])] == [1, 1]


def test_a_group_that_repeats_is_folded():
    steps = [step(1), step(2), step(1), step(2), step(1), step(2), step(3)]
    assert [(s.call, s.count) for s in fold(steps)] == [(1, 3), (2, 3), (3, 1)]
    assert [(s.call, s.count) for s in fold(steps, longest=1)] == [(s.call, 1) for s in steps]


def test_repetitions_inside_repetitions():
    one = step(1, step(2), step(2))
    assert outline(fold([one, one, one])) == [("f1", 3, 0, [("f2", 2, 0, [])])]


def test_the_given_steps_are_not_changed():
    steps = [step(1, step(2), step(2)), step(1, step(2), step(2))]
    fold(steps)
    prune(steps, 1)
    assert outline(steps) == [("f1", 1, 0, [("f2", 1, 0, [])] * 2)] * 2


def test_deep_steps_are_counted_where_they_are_left_out():
    tree = step(1, step(2, step(3, step(3)), step(4)), step(2))
    assert outline(prune([tree], 9)) == [
        ("f1", 1, 0, [("f2", 1, 0, [("f3", 1, 0, [("f3", 1, 0, [])]), ("f4", 1, 0, [])]), ("f2", 1, 0, [])])
    ]
    assert outline(prune([tree], 2)) == [("f1", 1, 0, [("f2", 1, 2, []), ("f2", 1, 0, [])])]
    assert outline(prune([tree], 1)) == [("f1", 1, 4, [])]


def test_crossings_and_bytes_stay_with_what_leads_to_them():
    tree = step(1, step(2, step(3, moved()), step(2)), step(3, step(2, crosses=True)), step(3))
    assert outline(prune([tree], 1)) == [
        ("f1", 1, 1, [("f2", 1, 1, [("f3", 1, 0, [("wire", 1, 0, [])])]), ("f3", 1, 0, [("f2", 1, 0, [])])])
    ]  # fmt: skip


def test_a_comprehension_is_no_hidden_call():
    assert prune([step(1, step(4, step(2)))], 1)[0].hidden == 1


trees = st.recursive(
    st.builds(step, st.integers(1, 4), crosses=st.booleans(), line=st.integers(1, 2)) | st.builds(moved),
    lambda inner: st.builds(
        lambda number, crosses, children: step(number, *children, crosses=crosses),
        st.integers(1, 4), st.booleans(), st.lists(inner, max_size=5),
    ),
    max_leaves=25,
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.lists(trees, max_size=6), st.integers(1, 4), st.integers(1, 3))
def test_shown_and_hidden_calls_add_up(steps: list[Step], depth: int, longest: int):
    short = prune(fold(steps, longest), depth)
    assert accounted(short) == calls_in(steps)
    for s in flat(short):
        assert s.count >= 1 and s.hidden >= 0


@settings(max_examples=50, deadline=None)
@given(st.lists(trees, max_size=6), st.integers(1, 4))
def test_pruning_keeps_every_crossing(steps: list[Step], depth: int):
    def crossings(of: Iterable[Step]) -> int:
        return sum(s.crosses for s in flat(of))

    assert crossings(prune(steps, depth)) == crossings(steps)


def unfolded(steps: Sequence[Step]) -> list[Any]:
    """The names that a folded list stands for where only single steps were folded."""
    found = []
    for s in steps:
        inner = unfolded(s.children)
        found += [(s.code.id if s.code else 0, s.line, s.ended, inner)] * s.count
    return found


@settings(max_examples=50, deadline=None)
@given(st.lists(trees, max_size=8))
def test_folding_single_steps_can_be_undone(steps: list[Step]):
    assert unfolded(fold(steps, longest=1)) == unfolded(steps)
