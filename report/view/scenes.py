"""Scenes: which calls belong to one message.

A message that arrives: its read, then all that the reading thread did until it wrote or read again; and where a value
of it went over to another thread, the handoff and the call that gave it to the program. A message that leaves: from the
call in which its bytes, or the value that they carry, began, to the write. Scenes of one thread do not overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tracer.reading.chain import Chains
from tracer.reading.consumers import Consumers
from tracer.reading.flow import Flow
from tracer.reading.journeys import Journey
from tracer.reading.steps import Step
from tracer.reading.trace import Span, Wire

from .lanes import lane_of
from .messages import Part

#: Beyond every place in the order.
NEVER = 1 << 62


@dataclass(frozen=True)
class Scene:
    """The steps of one message, as trees, and where in the global order they end."""

    steps: tuple[Step, ...]
    until: int


class Scenes:
    """Finds the scenes of one trace."""

    def __init__(self, chains: Chains, flow: Flow, consumers: Consumers, journeys: Sequence[Journey]) -> None:
        self._chains, self._flow, self._consumers = chains, flow, consumers
        self._trace = chains.trace
        self._of_wire: dict[int, list[Journey]] = {}
        for journey in journeys:
            for stretch in journey.wires:
                self._of_wire.setdefault(stretch.wire.id, []).append(journey)
        self._moves: dict[int, list[Wire]] = {}
        for wire in sorted(self._trace.wires, key=lambda w: w.ended):
            if wire.direction:
                self._moves.setdefault(wire.thread, []).append(wire)
        self._starts: dict[int, int] = {}

    def journeys_of(self, part: Part) -> list[Journey]:
        """The journeys that begin or end in a message's bytes."""
        found = {}
        for piece in part.pieces:
            size = piece.stop - piece.start
            for journey in self._of_wire.get(piece.wire.id, ()):
                for stretch in journey.wires:
                    if stretch.wire.id == piece.wire.id and stretch.start < piece.at + size and stretch.stop > piece.at:
                        found[journey.id] = journey
        return [found[number] for number in sorted(found)]

    def scene(self, part: Part, following: Part | None) -> Scene:
        """The scene of `part`; `following` is the next message in the same direction, which may share its read."""
        return self._written(part) if part.direction == "out" else self._read(part, following)

    # -- arriving --------------------------------------------------------------------------------------------------

    def _read(self, part: Part, following: Part | None) -> Scene:
        steps: list[Step] = []
        until = 0
        wires = [piece.wire for piece in part.pieces]
        for place, wire in enumerate(wires):
            steps.append(self._chains.wire_step(wire))
            after = self._first_taken(part) if place == 0 else wire.ended
            until = wires[place + 1].began if place + 1 < len(wires) else self._stop(wire, following)
            steps += self._chains.within(wire.thread, max(after, wire.ended), until)
        for journey in self.journeys_of(part):
            if journey.direction == "in" and journey.call.thread != wires[-1].thread:
                steps += self._handed_over(journey)
                until = max(until, journey.order + 1)
        return Scene(tuple(steps), until)

    def _first_taken(self, part: Part) -> int:
        """Where the first bytes of a message were taken from a read that it shares with an earlier one; 0 else."""
        piece = part.pieces[0]
        if piece.at == 0:
            return 0
        found = [self._taken_at(piece.wire, piece.at, piece.at + size) for size in (2, 1)]
        return next((order - 1 for order in found if order), 0)

    def _taken_at(self, wire: Wire, start: int, stop: int) -> int:
        taker = self._consumers.of(wire, start, stop)
        if taker is None or taker.start < start:
            return 0
        spans = (taker.through or taker.call).spans
        return min((span.start for span in spans if span.start > wire.ended), default=0)

    def _stop(self, wire: Wire, following: Part | None) -> int:
        """Where the reading thread is done: it writes, reads again, or takes the next message of the same read."""
        if following is not None and following.pieces[0].wire is wire:
            taken = self._first_taken(following)
            if taken:
                return taken + 1
        later = [w for w in self._moves[wire.thread] if w.ended > wire.ended]
        if later and later[0].direction == "out":
            return self._begins(later[0]) + 1
        return min(self._chains.next_read(wire), self._answered(wire))

    def _answered(self, wire: Wire) -> int:
        """Where a task writes on the connection that its loop has read from: what the loop does then is another matter.
        Without tasks, never."""
        trace = self._trace
        same = (w for w in trace.wires if trace.tasks and w.connection == wire.connection and w.direction)
        mine = (w.began for w in same if w.ended > wire.ended and trace.carrier(w.thread) == wire.thread != w.thread)
        return min(mine, default=NEVER)

    def _handed_over(self, journey: Journey) -> list[Step]:
        """The handoff, and the call that gave the value to the program."""
        call, before = (
            journey.call,
            [s for n, s in journey.sightings if n is journey.node and s.thread != journey.call.thread],
        )
        given = next((span for span in call.spans if span.stop == journey.order), call.last)
        end = replace(self._chains.span_step(given), kind="return", key=given.stop)
        woken = self._woken(journey)
        if not before:
            return [*woken, end]
        last = before[-1]
        holders = [s for s in self._chains.stack(last.thread, last.order) if s.call != last.call]
        holder = holders[-1] if holders else self._trace.calls[last.call].last
        outcome = self._trace.value(call.last.value)
        handoff = replace(
            self._chains.span_step(holder),
            kind="handoff",
            key=last.order,
            thread=call.thread,
            outcome=outcome,
            ended="",
        )
        return [handoff, *woken, end]

    def _woken(self, journey: Journey) -> list[Step]:
        """What a task did from where it went on until the program had the value: nothing but that is on its lane."""
        if journey.call.thread not in self._trace.tasks:
            return []
        read = max((stretch.wire.ended for stretch in journey.wires), default=journey.order)
        return self._chains.within(journey.call.thread, read, journey.order)

    # -- leaving ---------------------------------------------------------------------------------------------------

    def _written(self, part: Part) -> Scene:
        first, last = part.pieces[0].wire, part.pieces[-1].wire
        after = self._begins(first)
        until = max(last.ended + 1, self._ends(after, last))
        return Scene(tuple(self._chains.within(last.thread, after, until)), until)

    def _begins(self, wire: Wire) -> int:
        """The place in the order after which what was written began to be: the program's call that passed its value,
        or the outermost crossing since the last read or write that has both the birth of the bytes and the write."""
        if wire.id not in self._starts:
            self._starts[wire.id] = self._begin(wire)
        return self._starts[wire.id]

    def _begin(self, wire: Wire) -> int:
        moves = self._moves[wire.thread]
        place = moves.index(wire)
        before = moves[place - 1].ended if place else 0
        orders = [
            j.order
            for j in self._of_wire.get(wire.id, ())
            if j.direction == "out" and j.call.thread == wire.thread and before < j.order < wire.ended
        ]
        if orders:
            return min(orders) - 1
        value = self._trace.value(wire.value)
        node = self._flow.node_of(value) if value is not None else None
        born = node.sightings[0].order if node is not None and node.sightings else wire.began
        stack = [span for span in self._chains.stack(wire.thread, wire.began) if span.start > before]
        around = [span for span in stack if span.start <= max(born, before)] or stack[-1:]
        crossing = next((span for span in reversed(around) if self._crossing(span)), None)
        if crossing is not None:
            return crossing.start - 1
        inner = around[-1].start if around else before
        birth = [span.start for span in self._chains.stack(wire.thread, born) if span.start > inner]
        return min([*birth, wire.began]) - 1

    def _crossing(self, span: Span) -> bool:
        parent = self._trace.calls.get(span.parent)
        return parent is None or lane_of(parent.code) != lane_of(self._trace.calls[span.call].code)

    def _ends(self, after: int, wire: Wire) -> int:
        """Where the outermost call of a scene ends, if it does before its thread reads or writes again."""
        stack = [s for s in self._chains.stack(wire.thread, wire.began) if s.start > after]
        stop = stack[0].stop if stack else 0
        moves = self._moves[wire.thread]
        later = moves[moves.index(wire) + 1 :]
        return stop if stop and (not later or stop < later[0].began) else 0
