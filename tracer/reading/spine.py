"""Spines: the calls between a socket and one place in the program, one after the other, across threads.

A chain (`chain.py`) tells all that ran; a spine only what is on the way: every call that was active while the value
passed, from `accept` to the program, or from the program's call to the write. Where no value shows the way, the calls
around each read and write are the spine. Each span, wire event and thread start is told once, in the order of the way;
where the way goes over to another thread stands a handoff.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace

from .chain import Chains
from .journeys import Journey
from .nodes import Node, Sighting
from .steps import Step, fold
from .trace import Call, Span, Wire

Seen = tuple[Node, Sighting]
#: What runs in stretches and is one call to whoever awaits it.
COROUTINES = frozenset({"coroutine", "async generator"})


class Spines:
    """Makes the spines of one trace."""

    def __init__(self, chains: Chains) -> None:
        self._chains = chains
        self._trace = chains.trace
        self._wires = {wire.ended: wire for wire in chains.trace.wires}

    def into(self, journey: Journey) -> list[Step]:
        """From `accept` (or the first line, for a client) up to what a call gave the program."""
        way = _Way(self._chains)
        seen = journey.sightings
        reads = [self._wires[s.order] for _, s in seen if s.role == "read" and s.order in self._wires]
        if reads:
            way.add(self._connected(reads[0]))
            way.add(self._chains.towards(reads[0].thread, reads[0].began))
        if reads and journey.call.thread != reads[0].thread:
            way.add(self._chains.towards(journey.call.thread, journey.call.first.start))
        self._along(way, seen)
        if journey.call.last.stop and journey.order == journey.call.last.stop:
            way.add([replace(self._chains.span_step(journey.call.last), kind="return", key=journey.order)])
        return way.steps

    def out_of(self, journey: Journey) -> list[Step]:
        """From the program's call down to the write of what it passed."""
        way = _Way(self._chains)
        way.skip(self._chains.stack(journey.call.thread, journey.call.first.start - 1))
        way.add([self._chains.span_step(journey.call.first)])
        self._along(way, journey.sightings)
        return way.steps

    def down(self, call: Call) -> list[Step]:
        """From one call to every kind of wire event below it, each kind once; nothing where there is none."""
        way = _Way(self._chains)
        kinds: set[str] = set()
        for wire in sorted(self._trace.wires, key=lambda wire: wire.began):
            if wire.op in kinds or not any(_during(span, wire) for span in call.spans):
                continue
            stack = self._chains.stack(wire.thread, wire.began)
            place = next((i for i, span in enumerate(stack) if span.call == call.id), None)
            if place is not None:
                kinds.add(wire.op)
                steps = [self._chains.span_step(span) for span in stack[place:]]
                way.add([replace(step, ended="", outcome=None) for step in steps])
                way.add([self._chains.wire_step(wire)])
        return way.steps

    def whole(self, call: Call) -> Step:
        """A call with all that ran inside it; of a coroutine, in every stretch in which it ran."""
        top = self._chains.below(call)
        if call.code.kind not in COROUTINES:
            return top
        for span in call.spans[1:]:
            inner = self._chains.within(span.thread, span.start, span.stop or span.start)
            top = replace(top, children=(*top.children, *(_deeper(step) for step in inner)))
        return top

    def established(self, wires: Iterable[Wire]) -> list[Step]:
        """From the first line to each of these wire events, in order."""
        way = _Way(self._chains)
        for wire in wires:
            way.add(self._chains.towards(wire.thread, wire.began))
            way.add([self._chains.wire_step(wire)])
        return way.steps

    def passed(self, read: Wire, seen: Sequence[Seen]) -> list[Step]:
        """From `accept` to a read, and on along the places where something of it was seen."""
        way = _Way(self._chains)
        way.add(self._connected(read))
        way.add(self._chains.towards(read.thread, read.began))
        way.add([self._chains.wire_step(read)])
        self._along(way, seen)
        return way.steps

    # -- pieces ------------------------------------------------------------------------------------------------------

    def _connected(self, wire: Wire) -> list[Step]:
        """How the connection of a wire event came to be, if that was seen."""
        accepts = [w for w in self._trace.wires if w.op == "accept" and w.detail == f"connection {wire.connection}"]
        steps: list[Step] = []
        for accept in accepts[:1]:
            steps += [*self._chains.towards(accept.thread, accept.began), self._chains.wire_step(accept)]
        return steps

    def stack(self, call: int, thread: int, order: int) -> list[Span]:
        """As `Chains.stack`, of a moment that was in this call: found by who called whom, however long the trace is."""
        found: list[Span] = []
        while call in self._trace.calls:
            spans = self._trace.calls[call].spans
            place = bisect_right(spans, order, key=lambda span: span.start) - 1
            if place < 0 or spans[place].thread != thread:
                return self._chains.stack(thread, order)  # it is not what was active there
            found.append(spans[place])
            call = spans[place].parent
        return found[::-1] if found else self._chains.stack(thread, order)

    def _along(self, way: _Way, seen: Sequence[Seen]) -> None:
        """Every call that was active where the value was, in its order."""
        thread = 0
        last: Seen | None = None
        for node, sighting in seen:
            if sighting.role in ("read", "written"):
                wire = self._wires.get(sighting.order)
                if wire is not None:
                    way.hand_over(last, wire.thread, thread)
                    way.add([self._chains.span_step(span) for span in self.stack(wire.call, wire.thread, wire.began)])
                    way.add([self._chains.wire_step(wire)])
            else:
                way.hand_over(last, sighting.thread, thread)
                at = sighting.order - (sighting.role == "result")  # it was in the call that gave it back
                spans = self.stack(sighting.call, sighting.thread, at)
                way.add([self._chains.span_step(span) for span in spans])
            thread, last = sighting.thread, (node, sighting)


def _during(span: Span, wire: Wire) -> bool:
    return span.thread == wire.thread and span.start < wire.began and (not span.stop or wire.began < span.stop)


def _deeper(step: Step) -> Step:
    return replace(step, depth=step.depth + 1, children=tuple(_deeper(child) for child in step.children))


class _Way:
    """Steps in the order of telling, each once."""

    def __init__(self, chains: Chains) -> None:
        self._chains = chains
        self._steps: list[Step] = []
        self._told: set[tuple[str, int]] = set()

    @property
    def steps(self) -> list[Step]:
        """What was added; equal calls in a row are one, with their count."""
        return fold(self._steps)

    def skip(self, spans: Iterable[object]) -> None:
        """These were active before the way began."""
        self._told |= {("span", getattr(span, "start", 0)) for span in spans}

    def add(self, steps: Iterable[Step]) -> None:
        """Tell what was not told yet."""
        for step in steps:
            key = ("span" if step.kind in ("call", "resume") else step.kind, step.key)
            if key not in self._told:
                self._told.add(key)
                self._steps.append(replace(step, depth=0, children=()))

    def hand_over(self, last: Seen | None, thread: int, before: int) -> None:
        """The value is on another thread now."""
        if last is None or not before or thread == before:
            return
        node, sighting = last
        call = self._chains.trace.calls.get(sighting.call)
        if call is None:
            return
        holders = [span for span in self._chains.stack(sighting.thread, sighting.order) if span.call != call.id]
        holder = self._chains.span_step(holders[-1] if holders else call.last)
        self.add([replace(holder, kind="handoff", key=sighting.order, thread=thread, outcome=node.value)])
