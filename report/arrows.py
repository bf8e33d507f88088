"""The arrows of a sequence diagram: one for each crossing, from the caller's lane to the callee's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tracer.reading.chain import Chains
from tracer.reading.steps import Step

from .model import Arrow, Row
from .pages import SectionSpec


def drawn_from(spec: SectionSpec, steps: Sequence[Step]) -> int:
    """Where a drawing begins. A chain that comes up from the socket is drawn from its read on, with what the other
    threads wait in; the way of the connection to that point is in the table, and drawn on the pages about it."""
    if spec.chain not in ("upward", "reading"):
        return 0
    read = next(i for i, step in enumerate(steps) if step.wire is not None and step.wire.direction == "in")
    while read and steps[read - 1].thread != steps[read].thread:
        read -= 1
    return read


def arrow(step: Step, row: Row, threads: Mapping[int, str], chains: Chains) -> Arrow:
    """The arrow of one crossing: from the caller's lane (or the socket) to the callee's."""
    here = (row.lane, row.thread)
    parent = chains.trace.calls.get(step.call)
    if step.wire is not None:
        caller = step.caller.lane if step.caller else "app"
        if step.caller is not None and not step.caller.recorded and parent is not None:
            caller = parent.code.lane
        inward = step.wire.direction == "in" or step.wire.op == "accept"
        ends = (("socket", ""), (caller, row.thread)) if inward else ((caller, row.thread), ("socket", ""))
        return Arrow(row.number, *ends, f"{row.name}: {row.value}" if row.value else row.name, False)
    caller_lane = _calling_lane(step, chains)
    if step.kind == "thread":
        old = next(
            (threads[s.thread] for s in chains.trace.starts if s.child == step.thread and s.thread in threads),
            row.thread,
        )
        return Arrow(row.number, (caller_lane, old), ("threading", row.thread), "starts a thread", False)
    if step.kind == "handoff":
        maker = parent.thread if parent is not None else step.thread
        return Arrow(row.number, (here[0], threads.get(maker, row.thread)), here, f"handoff: {row.value}", False)
    if step.kind == "return":
        return Arrow(row.number, here, (caller_lane, row.thread), row.value or "returns", True)
    return Arrow(
        row.number,
        (caller_lane, row.thread),
        here,
        row.name.rpartition(".")[2] if row.name.count(".") > 1 else row.name,
        False,
    )


def _calling_lane(step: Step, chains: Chains) -> str:
    """The lane that a step was called from; code out of scope stands for the recorded call below it."""
    if step.caller is not None and (step.caller.recorded or step.kind == "thread"):
        return step.caller.lane
    call = chains.trace.calls.get(step.call)
    parent = chains.trace.calls.get(call.first.parent) if call is not None else None
    if parent is not None:
        return parent.code.lane
    if step.caller is not None and step.caller.lane:
        return step.caller.lane
    return step.code.lane if step.code is not None else "threading"
