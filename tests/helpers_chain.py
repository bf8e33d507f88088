"""What the tests of chains share: the chains of every scenario, told as rows, and counts of the calls in one.

Threads are named by their role: main, handler (Werkzeug's), reader (simple-websocket's). The fixture is imported `as`
its own name: pytest finds it there, and nobody takes it for unused.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tracer.reading.chain import Chains
from tracer.reading.steps import Step
from tracer.reading.trace import Trace

Told = tuple[str, str, str]
ROLES = {"MainThread": "main"}


def role(trace: Trace, thread: int) -> str:
    name = trace.threads[thread]
    if "process_request_thread" in name:
        return "handler"
    return "reader" if "Base._thread" in name or name.startswith("simple_websocket") else ROLES.get(name, name)


def flat(steps: Iterable[Step]) -> list[Step]:
    return [step for top in steps for step in top.walk()]


def told(trace: Trace, steps: Iterable[Step]) -> list[Told]:
    """(thread's role, lane, what ran). A comprehension is left out: since Python 3.12 it is no call of its own."""
    rows = []
    for step in flat(steps):
        name = step.kind
        lane = "socket" if step.kind == "wire" else "-"
        if step.wire is not None:
            name = step.wire.op
        elif step.code is not None:
            if step.code.kind == "comprehension":
                continue
            lane = step.code.lane
            mark = {"resume": "↻ ", "handoff": "handoff ", "return": "return "}.get(step.kind, "")
            name = mark + step.code.qualname.replace(".<locals>", "") + (f" × {step.count}" if step.count > 1 else "")
        rows.append((role(trace, step.thread), lane, name))
    return rows


@pytest.fixture(scope="session")
def chains(scenario_traces: dict[str, Trace]) -> dict[str, Chains]:
    return {name: Chains(trace) for name, trace in scenario_traces.items()}


def rows(text: str) -> list[Told]:
    """``role lane what ran``, a line each."""
    found = []
    for line in filter(str.strip, text.splitlines()):
        who, lane, what = line.split(None, 2)
        found.append((who, lane, what.strip()))
    return found


def calls_in(steps: Iterable[Step]) -> int:
    """How many calls there are; comprehensions and wire events are none."""
    return sum(1 for s in flat(steps) if s.code is not None and s.code.kind != "comprehension")


def accounted(steps: Iterable[Step]) -> int:
    """What the short form says: each shown call as often as it says, with what it says is hidden in it."""
    total = 0
    for s in steps:
        own = s.code is not None and s.code.kind != "comprehension"
        total += s.count * (own + s.hidden + accounted(s.children))
    return total
