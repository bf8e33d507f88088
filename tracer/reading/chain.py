"""Chains: the ordered steps of one API call, down to its effect or up from the socket.

`below` follows a call down: everything that ran inside it, as a tree in order, to the bytes it wrote. `towards`
follows the threads back: from the program's first line to one moment on one thread, over every thread start.
`upward` begins at `accept`, and ends where a call returned a value (or raised): the way of the connection to its
threads, the read whose bytes became the value, every call between that read and the value's birth, and each later
call that held it, over the handoff to another thread. A value is recognised by identity alone; no function's name
is known here. Events of two threads are never ordered by time, except where one caused the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from .awaits import awaited
from .compiled import Compiled
from .steps import Step
from .tasks import AWAITING
from .trace import Call, Code, Span, Start, Trace, Wire


class Chains:
    """Makes chains of one trace."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self._compiled = Compiled(trace)

    # -- finding calls -------------------------------------------------------------------------------------

    def find(self, lane: str, qualname: str) -> list[Call]:
        """The calls of one function, in the order in which they began."""
        wanted = {c.id for c in self.trace.codes.values() if c.lane == lane and c.qualname == qualname}
        return [call for call in self.trace.calls.values() if call.code.id in wanted]

    # -- down ----------------------------------------------------------------------------------------------

    def below(self, call: Call) -> Step:
        """The call with everything inside it, as a tree; of a coroutine, all that it did between its waits."""
        steps = [self._span_step(span, 0) for span in call.spans[: None if call.code.kind in AWAITING else 1]]
        return awaited(steps)[0]

    def _span_step(self, span: Span, depth: int) -> Step:
        inside = self._inside(span)
        return replace(self._plain(span, depth), children=tuple(awaited(self._build(inside, depth + 1))))

    def _build(self, items: Sequence[Span | Wire | Start], depth: int) -> list[Step]:
        """Steps of the items directly at this depth; what lies inside a span goes into it."""
        steps: list[Step] = []
        position = 0
        while position < len(items):
            item = items[position]
            position += 1
            if isinstance(item, Span):
                stop = item.stop or self._end
                inner = position
                while inner < len(items) and _begin(items[inner]) < stop:
                    inner += 1
                children = tuple(self._build(items[position:inner], depth + 1))
                steps.append(replace(self._plain(item, depth), children=children))
                position = inner
            else:
                steps.append(self._wire(item, depth) if isinstance(item, Wire) else self._start(item, depth))
        return self._compiled.between(steps, depth)

    def within(self, thread: int, after: int, before: int) -> list[Step]:
        """What began on one thread strictly between two places in the order, as trees; a call that was running already
        is not among it, what it called meanwhile is."""
        return awaited(self._build(self.window(thread, after, before), 0))

    def _inside(self, span: Span) -> list[Span | Wire | Start]:
        stop = span.stop or self._end
        return self.window(span.thread, span.start, stop)

    def window(self, thread: int, after: int, before: int) -> list[Span | Wire | Start]:
        """What began on one thread strictly between two places in the order; a wire event counts when it ended."""
        return [item for item in self._by_thread.get(thread, []) if after < _begin(item) < before]

    # -- to a place ----------------------------------------------------------------------------------------

    def stack(self, thread: int, order: int) -> list[Span]:
        """The spans that were active on a thread at a place in the order, outermost first."""
        active = [
            item
            for item in self._by_thread.get(thread, [])
            if isinstance(item, Span) and item.start <= order and (item.stop == 0 or item.stop > order)
        ]
        return active

    def origin(self, thread: int) -> Start | None:
        """What started a thread, if that was seen."""
        return self._origins.get(thread)

    def towards(self, thread: int, order: int) -> list[Step]:
        """The way to one moment on one thread, from the first thread on: each stack, and each thread start. What
        these calls gave back later is left out: it is not on the way."""
        start = self.origin(thread)
        steps = []
        if start is not None:
            steps += self.towards(start.thread, start.order)
            steps.append(self._start(start, 0))
        stack = self.stack(thread, order)
        return steps + [replace(self._plain(span, 0), ended="", outcome=None) for span in stack]

    # -- up ------------------------------------------------------------------------------------------------

    def upward(self, call: Call) -> list[Step]:
        """From `accept` to what `call` returned. Needs a value that can be recognised, made of bytes that were
        read on some thread; raises `LookupError` with a sentence where there is none."""
        value = self.trace.value(call.last.value)
        if value is None or not value.object:
            raise LookupError(f"what {call.code.qualname} returned cannot be recognised by identity")
        sightings = self._sightings(value.object, call.last.stop)
        if not sightings:
            raise LookupError(f"what {call.code.qualname} returned was not seen anywhere before")
        birth = sightings[0]
        read = self._read_before(birth.thread, birth.order)
        if read is None:
            raise LookupError(f"no read came before what {call.code.qualname} returned")
        chain = _Chain()
        self._connection_steps(chain, read.connection)
        chain.add(self.towards(read.thread, read.began))
        if call.thread != birth.thread:
            chain.add(self.towards(call.thread, call.first.start))
        chain.add([self._wire(read, 0)])
        self._making(chain, birth, read, call)
        self._passing(chain, sightings, call)
        chain.steps.append(replace(self._plain(call.last, 0), kind="return", key=call.last.stop))
        return chain.steps

    def reading(self, wire: Wire) -> list[Step]:
        """From `accept` to one read, and everything that its thread did with it until it read again."""
        chain = _Chain()
        chain.add(self.arrival(wire))
        chain.steps += self.within(wire.thread, wire.ended, self.next_read(wire))
        return chain.steps

    def arrival(self, wire: Wire) -> list[Step]:
        """From `accept` to one read, and no further."""
        chain = _Chain()
        self._connection_steps(chain, wire.connection)
        chain.add(self.towards(wire.thread, wire.began))
        chain.add([self._wire(wire, 0)])
        return chain.steps

    def wire_step(self, wire: Wire) -> Step:
        """One wire event as a step."""
        return self._wire(wire, 0)

    def span_step(self, span: Span) -> Step:
        """One span as a step, without what ran inside it."""
        return self._plain(span, 0)

    def next_read(self, read: Wire) -> int:
        """Where the thread of a read began to read again, or the end."""
        reads = (w.began for w in self.trace.wires if w.thread == read.thread and w.op == read.op)
        return min((began for began in reads if began > read.ended), default=self._end)

    def _connection_steps(self, chain: _Chain, connection: int) -> None:
        accepts = [w for w in self.trace.wires if w.op == "accept" and w.detail == f"connection {connection}"]
        for accept in accepts[:1]:
            chain.add(self.towards(accept.thread, accept.began))
            chain.add([self._wire(accept, 0)])

    def _making(self, chain: _Chain, birth: Sighting, read: Wire, call: Call) -> None:
        """Everything that ran on the reader's thread from the read to the value's birth, and what the call that
        got it then told other threads."""
        stop = self._handed_over(birth, read) if birth.thread != call.thread else birth.order + 1
        chain.steps += self.within(birth.thread, read.ended, stop)

    def _handed_over(self, birth: Sighting, read: Wire) -> int:
        """Where the reader's thread is done with the value: after the last call that held it, and after a call
        into a synchronisation module that follows it there; before the thread reads again."""
        limit = self.next_read(read)
        held = [s.order for s in self._sightings(birth.object, limit) if s.thread == birth.thread]
        last = max(held, default=birth.order)
        for item in self.window(birth.thread, last, limit):
            if isinstance(item, Span) and item.position == 0:
                if self.trace.calls[item.call].code.file.module in SYNCHRONISATION:
                    return (item.stop or limit) + 1
                break
        return last + 1

    def _passing(self, chain: _Chain, sightings: list[Sighting], call: Call) -> None:
        """Each later call that held the value, with the way to it, and a handoff where the thread changes."""
        birth = sightings[0]
        put = [s for s in sightings if s.thread == birth.thread]
        if call.thread != birth.thread:
            last = put[-1]
            holders = [s for s in self.stack(last.thread, last.order) if s.call != last.call]
            holder = holders[-1] if holders else self.trace.calls[last.call].last
            chain.steps.append(
                replace(
                    self._plain(holder, 0),
                    kind="handoff",
                    key=last.order,
                    thread=call.thread,
                    outcome=self.trace.value(call.last.value),
                )
            )
            return
        seen = {key for step in chain.steps for step in step.walk() for key in step.keys}
        for sighting in sightings:
            for span in self.stack(sighting.thread, sighting.order):
                if span.start not in seen:
                    seen.add(span.start)
                    chain.steps.append(self._plain(span, 0))
        for span in self.stack(call.thread, call.first.start):
            if span.start not in seen:
                chain.steps.append(self._plain(span, 0))
        chain.steps.sort(key=lambda s: s.key)

    def _read_before(self, thread: int, order: int) -> Wire | None:
        reads = [w for w in self.trace.wires if w.thread == thread and w.direction == "in" and w.ended < order]
        return reads[-1] if reads else None

    def _sightings(self, identity: int, before: int) -> list[Sighting]:
        """Where an object was seen before a place in the order: as an argument, a result, or directly in one."""
        return [s for s in self._seen.get(identity, ()) if s.order < before]

    @cached_property
    def _seen(self) -> dict[int, list[Sighting]]:
        trace = self.trace
        inside: dict[int, list[int]] = {}
        for holder, parts in trace.parts.items():
            for _, child in parts:
                value = trace.value(child)
                if value is not None and value.object:
                    inside.setdefault(holder, []).append(value.object)
        found: dict[int, list[Sighting]] = {}

        def see(number: int, order: int, thread: int, call: int) -> None:
            value = trace.value(number)
            if value is None:
                return
            for identity in {value.object, *inside.get(number, ())} - {0}:
                found.setdefault(identity, []).append(Sighting(identity, order, thread, call))

        for call in trace.calls.values():
            for number in call.arguments:
                see(number, call.first.start, call.thread, call.id)
            for span in call.spans:
                if span.value and span.stop:
                    see(span.value, span.stop, span.thread, call.id)
        for sightings in found.values():
            sightings.sort(key=lambda s: s.order)
        return found

    # -- steps ---------------------------------------------------------------------------------------------

    def _plain(self, span: Span, depth: int) -> Step:
        call = self.trace.calls[span.call]
        caller = self.trace.codes.get(span.caller)
        arguments = [(n, self.trace.value(v)) for n, v in zip(call.code.arguments, call.arguments, strict=False)]
        return Step(
            kind="call" if span.position == 0 else "resume",
            key=span.start,
            thread=span.thread,
            depth=depth,
            call=call.id,
            code=call.code,
            caller=caller,
            line=span.line,
            arguments=tuple((n, v) for n, v in arguments if v is not None),
            ended=span.ended,
            outcome=self.trace.value(span.value),
            crosses=self._crosses(span, call.code, caller),
        )

    def _crosses(self, span: Span, code: Code, caller: Code | None) -> bool:
        """Whether the call came from another lane. Code outside the scope in between (an iterator of the
        standard library's, say) stands for the recorded call that is below it on the stack."""
        if caller is not None and not caller.recorded and span.parent:
            caller = self.trace.calls[span.parent].code
        return caller is None or caller.lane != code.lane

    def _wire(self, wire: Wire, depth: int) -> Step:
        return Step(
            kind="wire",
            key=wire.ended,
            thread=wire.thread,
            depth=depth,
            call=wire.call,
            code=None,
            caller=self.trace.codes.get(wire.code),
            line=wire.line,
            outcome=self.trace.value(wire.value),
            wire=wire,
            crosses=True,
        )

    def _start(self, start: Start, depth: int) -> Step:
        return Step(
            kind="thread",
            key=start.order,
            thread=start.child,
            depth=depth,
            call=start.call,
            code=None,
            caller=self.trace.codes.get(start.caller),
            line=start.line,
            crosses=True,
        )

    @cached_property
    def _end(self) -> int:
        last = max((s.stop or s.start for s in self.trace.spans), default=0)
        return max(last, max((w.ended for w in self.trace.wires), default=0)) + 1

    @cached_property
    def _by_thread(self) -> dict[int, list[Span | Wire | Start]]:
        found: dict[int, list[Span | Wire | Start]] = {}
        items: list[Span | Wire | Start] = [*self.trace.spans, *self.trace.wires, *self.trace.starts]
        for item in items:
            found.setdefault(item.thread, []).append(item)
        for mine in found.values():
            mine.sort(key=_begin)
        return found

    @cached_property
    def _origins(self) -> dict[int, Start]:
        return {start.child: start for start in self.trace.starts}


@dataclass(frozen=True)
class Sighting:
    """An object was in a call's hands: its argument or result, or directly inside one of these."""

    object: int
    order: int
    thread: int
    call: int


#: The standard library's modules by which one thread tells another that something is there.
SYNCHRONISATION = frozenset({"threading", "queue", "asyncio", "concurrent.futures"})


class _Chain:
    """Steps in the order of telling; a span, wire event or thread start that was told is not told again."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._told: set[tuple[str, int]] = set()

    def add(self, steps: list[Step]) -> None:
        for step in steps:
            kind = "span" if step.kind in ("call", "resume") else step.kind
            if (kind, step.key) not in self._told:
                self._told.add((kind, step.key))
                self.steps.append(step)


def _begin(item: Span | Wire | Start) -> int:
    if isinstance(item, Span):
        return item.start
    return item.ended if isinstance(item, Wire) else item.order
