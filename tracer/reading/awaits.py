"""Coroutines told as calls: one step each, over all the times that it waited and went on.

In: steps as they happened, where a coroutine that waited comes again as a resume. Out: the same with each resume put
into the step of its call, where that stands among the same steps; what it awaited is inside it once, in the same way.
What an async generator yields to its caller ends a step; what it waits for does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from .steps import Step
from .tasks import AWAITING

#: What may wait inside itself; a comprehension that yields has an ``async for`` in it.
WAITING = AWAITING | {"comprehension"}


def awaited(steps: Sequence[Step]) -> list[Step]:
    """The steps with the resumes of one coroutine in one, on every level."""
    return _merged(steps, frozenset(_waiting(steps)))


def _waiting(steps: Sequence[Step], around: Step | None = None) -> Iterator[int]:
    """The places of steps that ended because something was not there yet. Of an async generator they are the last thing
    in the step of the one that asked it, which waits too; else it has given something."""
    for place, step in enumerate(steps):
        if step.ended == "yielded" and step.code is not None and step.code.kind in WAITING:
            last = around is not None and around.ended == "yielded" and place == len(steps) - 1
            if step.code.kind != "async generator" or (last and around and around.outcome == step.outcome):
                yield step.key
        yield from _waiting(step.children, step)


def _merged(steps: Sequence[Step], waiting: frozenset[int]) -> list[Step]:
    found: list[Step] = []
    places: dict[int, int] = {}
    for step in steps:
        if step.kind == "resume" and step.call in places:
            place = places.pop(step.call)
            found[place] = _joined(found[place], step)
        else:
            found.append(step)
            place = len(found) - 1
        if step.key in waiting:
            places[step.call] = place
    return [replace(step, children=tuple(_merged(step.children, waiting))) if step.children else step for step in found]


def _joined(before: Step, after: Step) -> Step:
    again = (*before.again, after.key, *after.again)
    children = (*before.children, *after.children)
    return replace(before, ended=after.ended, outcome=after.outcome, again=again, children=children)
