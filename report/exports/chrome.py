"""Chrome's trace events, as JSON: opens in Perfetto (ui.perfetto.dev) and in chrome://tracing.

The format: "Trace Event Format", docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU. Its times are
microseconds; here one microsecond is one event in the trace's order, for durations under a tracer are no durations.
Journeys, and starts of threads, are flow events ("s", "t", "f"): arrows between slices.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tracer.reading.journeys import Journey
from tracer.reading.legs import Leg, legs
from tracer.reading.trace import Span, Trace, Wire

from ..text import Scrub
from .asked import Asked, Exported, ExportError
from .slices import Active, Slice, slices
from .text import as_json, function, plain, said, where

AXIS = "one microsecond is one event: order, not time"
Event = dict[str, Any]
Slices = dict[int, list[Slice]]
#: Beside an event's own position, on the side where its slice is; positions are whole numbers.
HALF = 0.5


def chrome(asked: Asked) -> Exported:
    """The whole run, with the arrows of `asked.journeys`."""
    trace = asked.trace
    found, scrub = slices(trace), Scrub(trace)
    active = Active(found)
    if not found:
        raise ExportError(f"{trace.path} has no calls and no bytes to show")
    events = list(_names(trace, found))
    events += (_slice(one, thread, trace, scrub) for thread, mine in found.items() for one in mine)
    events += _raised(trace, scrub)
    events += _starts(trace, found, active)
    for journey in asked.journeys:
        events += _journey(journey, trace, active, scrub)
    about = {"axis": AXIS, "recorder": trace.meta.get("recorder", ""), "python": trace.meta.get("python", "")}
    about["complete"] = trace.meta.get("complete", "0")
    lines = ",\n".join(as_json(event) for event in events)
    head = f'{{"displayTimeUnit": "ms", "otherData": {as_json(about)}, "traceEvents": [\n'
    return Exported(f"{head}{lines}\n]}}\n".encode("ascii"))


def _event(phase: str, name: str, thread: int, **more: Any) -> Event:
    return {"ph": phase, "name": name, "pid": 1, "tid": thread, **more}


def _names(trace: Trace, found: Slices) -> Iterator[Event]:
    yield _event("M", "process_name", 0, args={"name": f"unmagic ({AXIS})"})
    for thread in found:
        name = plain(trace.threads.get(thread, ""))
        yield _event("M", "thread_name", thread, args={"name": f"thread {thread}: {name}"})
        yield _event("M", "thread_sort_index", thread, args={"sort_index": thread})


def _slice(one: Slice, thread: int, trace: Trace, scrub: Scrub) -> Event:
    item = one.item
    name, lane, args = _wire(item, trace, scrub) if isinstance(item, Wire) else _span(item, trace, scrub)
    return _event("X", name, thread, cat=lane, ts=one.begin, dur=one.end - one.begin, args=args)


def _span(span: Span, trace: Trace, scrub: Scrub) -> tuple[str, str, Event]:
    call = trace.calls[span.call]
    args: Event = {"call": call.id, "defined": where(call.code, call.code.first), "ended": span.ended}
    args.update(_site(trace, span.caller, span.line))
    pairs = zip(call.code.arguments, call.arguments, strict=False) if span.position == 0 else ()
    args.update({f"argument {plain(name)}": said(trace.value(value), scrub) for name, value in pairs})
    if span.value:
        args["value"] = said(trace.value(span.value), scrub)
    return function(call.code), plain(call.code.lane) or "none", args


def _wire(wire: Wire, trace: Trace, scrub: Scrub) -> tuple[str, str, Event]:
    args: Event = {"wire event": wire.id, "connection": wire.connection, "size": wire.size}
    args.update(_site(trace, wire.code, wire.line))
    for key, number in (("bytes", wire.value), ("error", wire.error)):
        if number:
            args[key] = said(trace.value(number), scrub)
    return plain(wire.op), "socket", args


def _site(trace: Trace, caller: int, line: int) -> Event:
    code = trace.codes.get(caller)
    return {"called from": where(code, line)} if code is not None and code.lane else {}


def _raised(trace: Trace, scrub: Scrub) -> Iterator[Event]:
    for order, call, line, value in trace.raised:
        args = {"call": call, "line": line}
        what = said(trace.value(value), scrub)
        yield _event("i", f"raises {what}", trace.calls[call].thread, cat="raised", s="t", ts=order, args=args)


# -- arrows --------------------------------------------------------------------------------------------------------


def _starts(trace: Trace, found: Slices, active: Active) -> Iterator[Event]:
    """From where a thread was started to the first that it did."""
    for start in trace.starts:
        if start.child in found and active(start.thread, start.order):
            flow = {"cat": "thread", "id": f"thread {start.child}"}
            yield _event("s", "starts a thread", start.thread, ts=start.order, **flow)
            first = found[start.child][0].begin + HALF
            yield _event("f", "starts a thread", start.child, ts=first, bp="e", **flow)


def _journey(journey: Journey, trace: Trace, active: Active, scrub: Scrub) -> Iterator[Event]:
    """From leg to leg, over all threads."""
    places = [(leg.sighting.thread, _beside(leg)) for leg in legs(journey, trace)]
    places = [place for place in dict.fromkeys(places) if active(*place)]
    name = f"journey {journey.id}, {journey.direction}: {said(journey.node.value, scrub)}"
    for number, (thread, at) in enumerate(places if len(places) > 1 else []):
        phase = "s" if number == 0 else "f" if number == len(places) - 1 else "t"
        yield _event(phase, name, thread, cat="journey", id=f"journey {journey.id}", ts=at, bp="e")


def _beside(leg: Leg) -> float:
    """Inside the slice of the call or wire event that had the value: an argument is seen where it begins, all else
    where it ends."""
    return leg.sighting.order + (HALF if leg.sighting.role == "argument" else -HALF)
