"""What was active when, on each thread, so that one slice lies inside another or beside it: for flame charts.

The axis is the trace's order of events. A generator has a slice for each resume; a wire event is one, from where the
socket's method was called to where it returned.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tracer.reading.trace import Span, Trace, Wire


@dataclass(frozen=True)
class Slice:
    """`begin` and `end` are positions in the order of events; of an item without a recorded end, the trace's end."""

    item: Span | Wire
    begin: int
    end: int


def slices(trace: Trace) -> dict[int, list[Slice]]:
    """The slices of each thread, in order, outer ones first."""
    end = last_event(trace) + 1
    found: dict[int, list[tuple[int, int, Span | Wire]]] = {}
    for span in trace.spans:
        found.setdefault(span.thread, []).append((span.start, span.stop or end, span))
    for wire in trace.wires:
        found.setdefault(wire.thread, []).append((wire.began, wire.ended, wire))
    return {
        thread: list(_nested(sorted(items, key=lambda i: (i[0], -i[1])))) for thread, items in sorted(found.items())
    }


def _nested(items: Sequence[tuple[int, int, Span | Wire]]) -> Iterator[Slice]:
    """Slices that never cross: what would outlast its caller (the end of which alone was recorded) ends with it."""
    stack: list[int] = []
    for begin, end, item in items:
        while stack and stack[-1] <= begin:
            stack.pop()
        stop = min(end, stack[-1]) if stack else end
        stack.append(stop)
        yield Slice(item, begin, stop)


def last_event(trace: Trace) -> int:
    """The greatest position in the order of events."""
    ends = [max(span.start, span.stop) for span in trace.spans] + [wire.ended for wire in trace.wires]
    return max(ends, default=0)


class Active:
    """Whether anything was active on a thread at a place in the order."""

    def __init__(self, found: Mapping[int, Sequence[Slice]]) -> None:
        self._outer: dict[int, list[Slice]] = {}
        for thread, mine in found.items():
            outer = self._outer.setdefault(thread, [])
            for one in mine:
                if not outer or one.begin >= outer[-1].end:
                    outer.append(one)

    def __call__(self, thread: int, at: float) -> bool:
        """At `at`, which lies between two events or at one."""
        outer = self._outer.get(thread, [])
        position = bisect_right(outer, at, key=lambda one: one.begin)
        return position > 0 and at < outer[position - 1].end
