"""Steps: what a chain is made of, and the pure functions that make it short enough to read.

`fold` tells repetitions once, with their count; `prune` leaves out what a person does not read first, and says how
much that is. Both give new steps and change none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .trace import Code, Value, Wire

if TYPE_CHECKING:
    from .compiled import Method


@dataclass(frozen=True)
class Step:
    """One line of a chain.

    `kind` is call, resume, wire, thread, handoff, return or compiled (see `compiled.py`); `call` the evidence: the
    call's number in the trace (for a wire event, the call that moved the bytes). `depth` counts from the chain's own
    line: 0 for the calls that lead somewhere, more for what ran inside one of them. `caller` and `line` are the call
    site, `code` the callee. `crosses` says that caller and callee lie in different lanes. `count` is how often it was
    repeated in a row, `hidden` how many calls inside it are not shown. `key` is its place in the global order; `again`
    are those at which a coroutine that had waited went on.
    """

    kind: str
    key: int
    thread: int
    depth: int
    call: int
    code: Code | None
    caller: Code | None
    line: int
    arguments: tuple[tuple[str, Value], ...] = ()
    ended: str = ""
    outcome: Value | None = None
    wire: Wire | None = None
    crosses: bool = False
    count: int = 1
    hidden: int = 0
    again: tuple[int, ...] = ()
    compiled: Method | None = None
    children: tuple[Step, ...] = field(default=(), compare=False)

    def walk(self) -> Iterator[Step]:
        """This step and everything inside it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def keys(self) -> tuple[int, ...]:
        """The places at which it began and went on."""
        return (self.key, *self.again)

    @property
    def shape(self) -> tuple[object, ...]:
        """What two steps must share to count as a repetition: who called whom, where, and all that is inside."""
        wire = (self.wire.op, self.wire.direction) if self.wire else None
        code = self.code.id if self.code else 0
        caller = self.caller.id if self.caller else 0
        return (
            self.kind,
            code,
            caller,
            self.line,
            self.ended,
            wire,
            self.compiled,
            tuple((c.shape, c.count) for c in self.children),
        )


def fold(steps: Sequence[Step], longest: int = 3) -> list[Step]:
    """Repetitions in a row, told once with their count, on every level. A group of up to `longest` steps that
    repeats is folded too: its first step carries the count of the group."""
    steps = [replace(step, children=tuple(fold(step.children, longest))) for step in steps]
    out: list[Step] = []
    position = 0
    while position < len(steps):
        for size in range(1, longest + 1):
            group = steps[position : position + size]
            times = 1
            while _same(group, steps[position + times * size : position + (times + 1) * size]):
                times += 1
            if times > 1:
                out += [replace(step, count=step.count * times) for step in group]
                position += times * size
                break
        else:
            out.append(steps[position])
            position += 1
    return out


def _same(first: Sequence[Step], second: Sequence[Step]) -> bool:
    return len(first) == len(second) and all(a.shape == b.shape for a, b in zip(first, second, strict=True))


def prune(steps: Sequence[Step], depth: int) -> list[Step]:
    """Only what a person reads first: steps down to `depth` levels below the top, deeper ones where they cross
    into another lane or move bytes, with what leads to them. Each kept step counts the calls hidden inside it."""

    def keep(step: Step, level: int) -> Step | None:
        inner = [(child, keep(child, level + 1)) for child in step.children]
        kept = tuple(k for _, k in inner if k is not None)
        if level < depth or step.crosses or kept:
            return replace(step, children=kept, hidden=sum(_size(child) for child, k in inner if k is None))
        return None

    return [k for k in (keep(step, 0) for step in steps) if k is not None]


def _size(step: Step) -> int:
    """How many calls a step stands for, itself and everything inside. A comprehension is none: since 3.12 it is
    part of the function around it, and the count should not depend on that."""
    own = step.kind in ("call", "resume") and step.code is not None and step.code.kind != "comprehension"
    return step.count * (own + sum(_size(child) for child in step.children))
