"""Repetitions in a list of steps, for pages that tell them once: the same groups as report/viewer/rows.js finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .model import Step

#: Steps of one group that may repeat.
LONGEST = 12


@dataclass(frozen=True)
class Row:
    """A step at a place of its message; `times` > 1 where it and the `length` - 1 rows after it were repeated."""

    at: int
    step: Step
    times: int
    length: int


def rows(steps: Sequence[Step], *, crossings: bool = True) -> list[Row]:
    """The steps that cross (or all), each group of repetitions once."""
    seen = [(at, step) for at, step in enumerate(steps) if step.crosses or not crossings]
    shapes = [_shape(step) for _, step in seen]
    found: list[Row] = []
    place = 0
    while place < len(seen):
        length, times = _repeats(shapes, place)
        for offset in range(length):
            at, step = seen[place + offset]
            found.append(Row(at, step, times if offset == 0 else 1, length))
        place += length * times
    return found


def _repeats(shapes: Sequence[object], place: int) -> tuple[int, int]:
    """The length of the group that begins here, and how often it comes."""
    best = (1, 1)
    for length in range(1, LONGEST + 1):
        group = shapes[place : place + length]
        times = 1
        while len(group) == length and shapes[place + times * length : place + (times + 1) * length] == group:
            times += 1
        if times > 1 and length * times > best[0] * best[1]:
            best = (length, times)
    return best


def _shape(step: Step) -> tuple[object, ...]:
    return step.kind, step.depth, step.function, step.caller, step.line, step.ended, step.name
