"""Whose hands each field went through: who took the bytes of a read, who made the bytes of a write.

In: the flow of one trace, and a field of one of its wire events. Out: `Taken`, with the finished text and links for the
page. Nothing is guessed: where the engine says that others could be meant, so does the page; who is said to have made
bytes had these very bytes, in the chain that the page shows, or else whoever made the run that holds them is named.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Set
from dataclasses import dataclass, replace

from tracer.reading.consumers import Consumers, Taker
from tracer.reading.extent import last_line
from tracer.reading.flow import Flow
from tracer.reading.nodes import Node, octets
from tracer.reading.trace import Call, Trace, Wire

from .linking import Linker, plain, site
from .model import Hand


@dataclass(frozen=True)
class Taken:
    """Bytes `start` to `stop` of a wire event (of `buffer`, if that is not the wire) were in the hand of `call`."""

    call: int
    start: int
    stop: int
    hand: Hand


class Hands:
    """Answers for one trace."""

    def __init__(self, flow: Flow, linker: Linker) -> None:
        self._flow = flow
        self._trace: Trace = flow.trace
        self._consumers = Consumers(flow)
        self._linker = linker

    def of(self, wire: Wire, start: int, stop: int, shown: Set[int]) -> Taken | None:
        """Who had bytes `start` to `stop` of a wire event; None where nobody was seen. `shown` are the calls of the
        page's chain: who made bytes before it began is not told on that page."""
        taker = self._consumers.of(wire, start, stop) if start < stop else None
        if taker is None:
            return None
        hand = self._took(wire, taker) if wire.direction == "in" else self._made(wire, taker, shown)
        if hand is None:
            return None
        hand = hand if taker.exact else replace(hand, run=f"{taker.start}–{taker.stop - 1}")
        return Taken(taker.call.id, taker.start, taker.stop, hand)

    def reader(self, wire: Wire, start: int, stop: int) -> Taken | None:
        """Whose call had a buffer filled by this read: the first bytes are its, if nobody was seen to take them."""
        call = self._trace.calls.get(wire.call) if _buffered(wire) and start == 0 else None
        return Taken(call.id, start, stop, self._hand(call, "")) if call is not None else None

    def maker(self, wire: Wire, derived: bytes) -> Taken | None:
        """Who made bytes that never were on the wire (unmasked, inflated) of those that were read."""
        made = [node for node in self._downstream(wire) if node.octets == derived]
        for node in sorted(made, key=lambda node: node.sightings[0].order):
            first = node.sightings[0]
            call = self._trace.calls.get(first.call)
            if call is not None and first.role == "argument":  # whoever passed it on had made it
                call = self._trace.calls.get(call.first.parent)
            if call is not None:
                doubtful = any(edge.ambiguous for edge in self._flow.into.get(node.id, ()))
                return Taken(call.id, 0, len(derived), self._hand(call, "made by", doubtful=doubtful))
        return None

    # -- the words ---------------------------------------------------------------------------------------------------

    def _took(self, wire: Wire, taker: Taker) -> Hand:
        code = taker.code
        at, line = ("at" if taker.through else "passed on at"), taker.line
        if not code.first < line <= last_line(code):  # the line of a caller in between, out of scope; or none
            at, line = "", 0
        if _buffered(wire) and taker.call.id == wire.call and not taker.through:
            at, line = "", 0  # it read them itself; whether a later call was seen with them is chance
        through = plain(taker.through.code.qualname) if taker.through else ""
        return self._hand(taker.call, "", at, line, through, taker.others, taker.ambiguous)

    def _made(self, wire: Wire, taker: Taker, shown: Set[int]) -> Hand | None:
        if taker.call.id not in shown:
            return None
        data = self._bytes(wire)[taker.start : taker.stop]
        call, doubtful = taker.call, taker.ambiguous
        if any(self._is(number, data) for span in call.spans for number in [span.value]):
            return self._hand(call, "", others=taker.others, doubtful=doubtful)
        if not any(self._is(number, data) for number in call.arguments):
            return None
        caller = self._trace.codes.get(call.first.caller)
        link = self._linker.line(caller, call.first.line) if caller is not None and caller.lane else None
        where = site(caller, call.first.line) if link is not None else ""
        name, definition = plain(call.code.qualname), self._linker.definition(call.code)
        return Hand("given to", name, definition, "at" if where else "", where, link, "", taker.others, doubtful)

    def _hand(
        self, call: Call, verb: str, at: str = "", line: int = 0, through: str = "", others: int = 0,
        doubtful: bool = False,
    ) -> Hand:  # fmt: skip
        code = call.code
        link = self._linker.line(code, line) if line else None
        return Hand(
            verb, plain(code.qualname), self._linker.definition(code), at, site(code, line) if line else "", link,
            through, others, doubtful,
        )  # fmt: skip

    # -- the evidence ------------------------------------------------------------------------------------------------

    def _bytes(self, wire: Wire) -> bytes:
        value = self._trace.value(wire.value)
        return octets(value) if value is not None else b""

    def _is(self, number: int, data: bytes) -> bool:
        """Whether a value, or something directly in it, is these bytes, as far as it is kept."""
        parts = (child for _, child in self._trace.parts.get(number, ()))
        values = (self._trace.value(one) for one in (number, *parts))
        kept = [(octets(v), v.cut) for v in values if v is not None and v.data is not None]
        return any(have == data or (cut and bool(have) and data.startswith(have)) for have, cut in kept)

    def _downstream(self, wire: Wire) -> list[Node]:
        """All that was made of a read."""
        todo = deque(node.id for node in self._flow.nodes.values() if node.wire is wire)
        seen = dict.fromkeys(todo)
        while todo:
            for edge in self._flow.out_of.get(todo.popleft(), ()):
                if edge.target not in seen:
                    seen[edge.target] = None
                    todo.append(edge.target)
        return [self._flow.nodes[number] for number in seen]


def _buffered(wire: Wire) -> bool:
    """Whether a read filled a buffer, out of which the call that needed it, and later ones, take what they want."""
    return wire.op.endswith("_into")
