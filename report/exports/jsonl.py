"""JSON Lines: the first line tells of the run, each further one of one event, in the trace's order.

The keys are told in docs/trace-format.md, and by docs/events.schema.json. Of a value at most `KEPT`
characters or bytes are there; `size` says how many it has, `cut` whether some are missing.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any

from tracer.reading.fields import Field
from tracer.reading.trace import Call, Code, Span, Start, Trace, Wire

from .asked import Asked, Exported
from .sockets import Sockets
from .streams import Stream, streams
from .text import as_json, whole

#: Characters or bytes of one value.
KEPT = 4096
Line = dict[str, Any]
#: An event's place in the order, and the event.
Placed = tuple[int, Line]


def jsonl(asked: Asked) -> Exported:
    """The whole run."""
    trace = asked.trace
    parts = (_spans(trace), _starts(trace), _raised(trace), _wires(trace))
    events = heapq.merge(*(sorted(part, key=_order) for part in parts), key=_order)
    lines = [_run(trace), *(line for _, line in events)]
    return Exported("".join(as_json(line) + "\n" for line in lines).encode("ascii"))


def _order(placed: Placed) -> int:
    return placed[0]


def _run(trace: Trace) -> Line:
    ends = ("family", "local", "peer", "role")
    connections = [
        {"id": one.id, **{key: whole(getattr(one, key)) for key in ends}, "tls": one.tls}
        for one in trace.connections.values()
    ]
    threads = [{"id": number, "name": whole(name)} for number, name in trace.threads.items()]
    meta = {key: _cut(value) for key, value in trace.meta.items()}
    return {"event": "trace", "meta": meta, "threads": threads, "connections": connections}


# -- calls ---------------------------------------------------------------------------------------------------------

#: How a span ended, as the name of an event.
ENDS = {"returned": "return", "yielded": "yield", "raised": "unwind"}


def _spans(trace: Trace) -> Iterator[Placed]:
    for span in trace.spans:
        call = trace.calls[span.call]
        yield span.start, _began(span, call, trace)
        if span.stop:
            end = {"event": ENDS.get(span.ended, "return"), "order": span.stop, "thread": span.thread, "call": call.id}
            yield span.stop, {**end, "value": _value(trace, span.value)}


def _began(span: Span, call: Call, trace: Trace) -> Line:
    head = {"order": span.start, "thread": span.thread, "call": call.id, "parent": span.parent}
    site = _site(trace, span.caller, span.line)
    if span.position:
        return {"event": "resume", **head, "site": site}
    pairs = zip(call.code.arguments, call.arguments, strict=False)
    arguments = [{"name": _cut(name), "value": _value(trace, number)} for name, number in pairs]
    line = {"event": "call", **head, **_function(call.code), "site": site, "arguments": arguments}
    return {**line, "lines": list(trace.lines[call.id])} if call.id in trace.lines else line


def _function(code: Code) -> Line:
    names = {"lane": _cut(code.lane), "function": _cut(code.qualname), "file": _cut(code.file.facts.relative)}
    return {**names, "line": code.first}


def _site(trace: Trace, caller: int, line: int) -> Line | None:
    code = trace.codes.get(caller)
    return {"function": _cut(code.qualname), "file": _cut(code.file.facts.relative), "line": line} if code else None


def _starts(trace: Trace) -> Iterator[Placed]:
    for start in trace.starts:
        yield start.order, _start(start, trace)


def _start(start: Start, trace: Trace) -> Line:
    head = {"event": "start", "order": start.order, "thread": start.thread, "call": start.call}
    return {**head, "child": start.child, "site": _site(trace, start.caller, start.line)}


def _raised(trace: Trace) -> Iterator[Placed]:
    for order, call, line, value in trace.raised:
        head = {"event": "raise", "order": order, "thread": trace.calls[call].thread, "call": call, "line": line}
        yield order, {**head, "value": _value(trace, value)}


# -- bytes ---------------------------------------------------------------------------------------------------------


def _wires(trace: Trace) -> Iterator[Placed]:
    """Each wire event, and behind it the fields that begin in its bytes."""
    behind = {wire: lines for stream in streams(Sockets(trace)) for wire, lines in _fields(stream)}
    for wire in trace.wires:
        yield wire.ended, _wire(wire, trace)
        for line in behind.get(wire.id, ()):
            yield wire.ended, line


def _wire(wire: Wire, trace: Trace) -> Line:
    head = {"event": "wire", "order": wire.ended, "began": wire.began, "thread": wire.thread, "call": wire.call}
    what = {"wire": wire.id, "op": _cut(wire.op), "connection": wire.connection, "direction": wire.direction}
    ends = {"size": wire.size, "value": _value(trace, wire.value), "error": _value(trace, wire.error)}
    return {**head, **what, **ends, "detail": _cut(wire.detail), "site": _site(trace, wire.code, wire.line)}


def _fields(stream: Stream) -> Iterator[tuple[int, list[Line]]]:
    """For each wire event of one direction: the fields that begin in it, outer ones before inner ones."""
    fields = list(_flat(stream.fields, 0, 0))
    position = 0
    for piece in stream.pieces:
        wire, lines = piece.wire, []
        head = {"event": "field", "order": wire.ended, "wire": wire.id, "connection": wire.connection}
        while position < len(fields) and fields[position][0] < piece.stop:
            lines.append({**head, "direction": wire.direction, **fields[position][1]})
            position += 1
        yield wire.id, lines


def _flat(fields: tuple[Field, ...], level: int, at: int) -> Iterator[tuple[int, Line]]:
    """Every field with where it begins in its direction's bytes; one of a derived buffer begins where that does."""
    for field in fields:
        begin = max(at, field.start) if field.buffer == "wire" else at
        line = {"level": level, "buffer": field.buffer, "start": field.start, "stop": field.stop, "name": field.name}
        line.update({"value": field.value, "section": field.section})
        if field.bits is not None:
            line["bits"] = list(field.bits)
        yield begin, line
        yield from _flat(field.children, level + 1, begin)


def _value(trace: Trace, number: int) -> Line | None:
    """A value as far as it is kept: `text` or `hex`, or neither where only its type is known."""
    value = trace.value(number)
    if value is None:
        return None
    shown: Line = {"id": value.id, "object": value.object, "type": _cut(value.type), "size": value.size}
    if value.data is None:
        return {**shown, "cut": value.cut}
    data = value.data[:KEPT]
    shown["cut"] = value.cut or len(value.data) > KEPT
    return {**shown, **({"text": whole(data)} if isinstance(data, str) else {"hex": data.hex()})}


def _cut(text: str) -> str:
    return whole(text[:KEPT])
