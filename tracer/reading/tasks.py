"""Tasks: coroutines that an event loop steps are lanes of execution of their own, beside the threads.

Nothing of it is recorded: it follows from the spans. A coroutine is a **task** where the frame that steps it is no
coroutine's (nobody awaits it) and is either not recorded, as an event loop is, or steps several in turn, as one written
by hand does, and as trio's, which is a generator. All that happens on its thread while it is stepped happens in it;
what it awaits is part of it, so its calls are one chain over all its steps. A task gets a number after those of the
threads, and the name of its coroutine.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .trace import Call, Code, Span, Start, Wire

#: Kinds of functions that wait for others inside themselves.
AWAITING = frozenset({"coroutine", "async generator"})
#: A generator may stand between two coroutines (``__await__``), and before 3.12 a comprehension with ``async for``.
BETWEEN = AWAITING | {"generator", "comprehension"}
#: Beyond every place in the order.
ENDLESS = 1 << 62


@dataclass(frozen=True)
class Task:
    """One task: its number among the threads', the thread that stepped it first, the call of its coroutine."""

    id: int
    name: str
    thread: int
    call: int


class Tasks:
    """The tasks of one trace, and who was at work where."""

    def __init__(self, calls: Mapping[int, Call], codes: Mapping[int, Code], threads: Iterable[int]) -> None:
        steps = [(span, call) for call in calls.values() if call.code.kind in AWAITING for span in call.spans]
        steps = [one for one in steps if _nobody_awaits(one[0], calls, codes) or _by_generator(one[0], codes)]
        steps.sort(key=lambda one: one[0].start)
        by_hand = _in_turn([one for one in steps if _recorded(one[0], codes)])
        steps = [one for one in steps if one[1].id in by_hand or not _recorded(one[0], codes)]
        numbers: dict[int, int] = {}
        self.tasks: dict[int, Task] = {}
        after = max(threads, default=0)
        for span, call in steps:
            if call.id not in numbers:
                count = len(numbers) + 1
                numbers[call.id] = number = after + count
                name = f"task {count} ({call.code.qualname.replace('.<locals>', '')})"
                self.tasks[number] = Task(number, name, span.thread, call.id)
        self._changes: dict[int, tuple[list[int], list[int]]] = {}
        self._note([(span, numbers[call.id]) for span, call in steps])

    def _note(self, steps: list[tuple[Span, int]]) -> None:
        """Who is at work on each thread, from where to where; a step may have another loop's steps inside it."""
        edges: list[tuple[int, int, Span, int]] = []
        for span, task in steps:
            edges.append((span.start, 1, span, task))
            if span.stop:
                edges.append((span.stop + 1, 0, span, task))
        active: dict[int, list[tuple[int, int]]] = {}
        for order, begins, span, task in sorted(edges, key=lambda edge: edge[:2]):
            mine = active.setdefault(span.thread, [])
            if begins:
                mine.append((span.start, task))
            elif (span.start, task) in mine:
                mine.remove((span.start, task))
            orders, tasks = self._changes.setdefault(span.thread, ([], []))
            orders.append(order)
            tasks.append(mine[-1][1] if mine else 0)

    def at(self, thread: int, order: int) -> int:
        """The task that was at work on a thread at a place in the order; where there was none, the thread."""
        if thread not in self._changes:
            return thread
        orders, tasks = self._changes[thread]
        place = bisect_right(orders, order) - 1
        return (tasks[place] if place >= 0 else 0) or thread

    def of_call(self, call: Call) -> Call:
        """The same call, on its task where it ran in one; there nothing is below the task's own steps."""
        if not self._changes:
            return call
        spans = tuple(map(self._of_span, call.spans))
        if all(new is old for new, old in zip(spans, call.spans, strict=True)):
            return call
        return call._replace(thread=spans[0].thread, spans=spans)

    def _of_span(self, span: Span) -> Span:
        task = self.at(span.thread, span.start)
        if task == span.thread:
            return span
        own = self.tasks[task].call == span.call
        return span._replace(thread=task, parent=0 if own else span.parent)

    def of_wire(self, wire: Wire) -> Wire:
        """The same wire event, on the task that moved the bytes."""
        task = self.at(wire.thread, wire.ended)
        return wire if task == wire.thread else replace(wire, thread=task)

    def of_start(self, start: Start) -> Start:
        """The same thread start, by the task that did it."""
        task = self.at(start.thread, start.order)
        return start if task == start.thread else replace(start, thread=task)


def greenlet_names(greenlets: Mapping[int, str], calls: Mapping[int, Call]) -> dict[int, str]:
    """Greenlets named as tasks are, by what runs in them: the longest call of a function that is not Python's own."""
    longest: dict[int, tuple[int, str]] = {}
    for call in calls.values():
        if call.thread in greenlets and call.code.file.facts.kind != "stdlib":
            lasted = (call.last.stop or ENDLESS) - call.first.start
            if lasted > longest.get(call.thread, (0, ""))[0]:
                longest[call.thread] = lasted, call.code.qualname.replace(".<locals>", "")
    return {
        number: f"greenlet {count} ({longest.get(number, (0, name))[1]})"
        for count, (number, name) in enumerate(sorted(greenlets.items()), 1)
    }


def _nobody_awaits(span: Span, calls: Mapping[int, Call], codes: Mapping[int, Code]) -> bool:
    """Whether what steps a coroutine is no other one's frame. One that is not recorded is as good as none, unless it
    was awaited by one that is."""
    caller = codes.get(span.caller)
    if caller is None or caller.kind not in BETWEEN:
        return True
    return not caller.recorded and (span.parent not in calls or calls[span.parent].code.kind not in BETWEEN)


def _by_generator(span: Span, codes: Mapping[int, Code]) -> bool:
    """Whether a recorded generator steps a coroutine: it awaits it, or it is a loop that steps others between."""
    caller = codes.get(span.caller)
    return caller is not None and caller.recorded and caller.kind == "generator"


def _recorded(span: Span, codes: Mapping[int, Code]) -> bool:
    caller = codes.get(span.caller)
    return caller is not None and caller.recorded


def _in_turn(steps: list[tuple[Span, Call]]) -> set[int]:
    """Of coroutines that recorded calls step, those that take turns with another one of the same call."""
    groups: dict[int, dict[int, Call]] = {}
    for span, call in steps:
        groups.setdefault(span.parent, {})[call.id] = call
    found: set[int] = set()
    for group in groups.values():
        until, whose = 0, 0
        for call in sorted(group.values(), key=lambda one: one.first.start):
            if call.first.start < until:
                found |= {whose, call.id}
            if (stop := call.last.stop or ENDLESS) > until:
                until, whose = stop, call.id
    return found
