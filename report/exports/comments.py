"""What stands beside a packet: the call that moved its bytes, where that is, what the bytes are, and the link."""

from __future__ import annotations

from collections.abc import Iterator

from tracer.reading.trace import Code, Wire

from .asked import Asked
from .sockets import Sockets
from .streams import Stream, streams
from .text import function, plain, where

#: Names of fields in one comment.
FIELDS = 6


class Comments:
    """The comment of each wire event's first packet."""

    def __init__(self, asked: Asked, sockets: Sockets) -> None:
        self._asked = asked
        self._fields = {wire: names for stream in streams(sockets) for wire, names in _names(stream)}

    def __call__(self, wire: Wire) -> str:
        """Several lines, each of them printable."""
        trace = self._asked.trace
        thread = f"thread {wire.thread} ({plain(trace.threads.get(wire.thread, ''))})"
        size = f" of {wire.size:,} bytes" if wire.direction else ""
        code = trace.codes.get(wire.code)
        lines = [f"{plain(wire.op)}{size}, wire event {wire.id}, {thread}", *self._who(wire, code)]
        lines += self._fields.get(wire.id, ())
        if code is not None and (url := self._asked.links.link(code.file.facts, wire.line, wire.line).url):
            lines.append(url)
        return "\n".join(lines)

    def _who(self, wire: Wire, code: Code | None) -> Iterator[str]:
        """The function that called the socket's method, and the innermost recorded call, if that is another."""
        call = self._asked.trace.calls.get(wire.call)
        number = f", call {call.id}" if call is not None else ""
        if code is not None:
            mine = call is not None and call.code is code
            yield f"by {plain(code.lane)} {function(code)}, {where(code, wire.line)}" + (number if mine else "")
        if call is not None and call.code is not code:
            yield f"within {plain(call.code.lane)} {function(call.code)}{number}"


def _names(stream: Stream) -> Iterator[tuple[int, list[str]]]:
    """What each wire event's bytes are: the outermost fields that touch them."""
    first = 0
    for piece in stream.pieces:
        while first < len(stream.fields) and stream.fields[first].stop <= piece.start:
            first += 1
        touched = [f for f in stream.fields[first : first + FIELDS + 1] if f.start < piece.stop]
        names = [f"{field.name}: {field.value}".removesuffix(": ") for field in touched]
        yield piece.wire.id, names[:FIELDS] + ["and more"] * (len(names) > FIELDS)
