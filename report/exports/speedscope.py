"""speedscope's own file format: one flame chart for each thread, for speedscope.app.

The format: https://www.speedscope.app/file-format-schema.json, "evented" profiles. The unit is "none" and the axis is
the trace's order of events, for durations under a tracer are no durations; each profile's name says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tracer.reading.trace import Code, Trace, Wire

from .asked import Asked, Exported, ExportError
from .slices import Slice, slices
from .text import as_json, function, plain

SCHEMA = "https://www.speedscope.app/file-format-schema.json"
AXIS = "width is events, not time"


class _Frames:
    """The functions and the socket's methods, each once, by their place in the list."""

    def __init__(self) -> None:
        self.list: list[dict[str, Any]] = []
        self._places: dict[object, int] = {}

    def place(self, one: Slice, trace: Trace) -> int:
        """Where the frame of a slice stands; made where it is new."""
        item = one.item
        key = item.op if isinstance(item, Wire) else trace.calls[item.call].code.id
        if key not in self._places:
            self._places[key] = len(self.list)
            self.list.append(_socket(item) if isinstance(item, Wire) else _function(trace.calls[item.call].code))
        return self._places[key]


def _socket(wire: Wire) -> dict[str, Any]:
    return {"name": f"socket {plain(wire.op)}"}


def _function(code: Code) -> dict[str, Any]:
    name = f"{function(code)} ({plain(code.lane)})" if code.lane else function(code)
    return {"name": name, "file": plain(code.file.facts.relative), "line": code.first}


def speedscope(asked: Asked) -> Exported:
    """The whole run."""
    trace, frames = asked.trace, _Frames()
    found = slices(trace)
    if not found:
        raise ExportError(f"{trace.path} has no calls and no bytes to show")
    profiles = [_profile(thread, mine, trace, frames) for thread, mine in found.items()]
    name = f"{plain(trace.path.name)} ({AXIS})"
    whole = {"$schema": SCHEMA, "name": name, "exporter": "unmagic", "activeProfileIndex": 0}
    whole.update({"shared": {"frames": frames.list}, "profiles": profiles})
    return Exported(as_json(whole).encode("ascii") + b"\n")


def _profile(thread: int, mine: Sequence[Slice], trace: Trace, frames: _Frames) -> dict[str, Any]:
    name = f"thread {thread}: {plain(trace.threads.get(thread, ''))} ({AXIS})"
    span = {"startValue": mine[0].begin, "endValue": max(one.end for one in mine)}
    return {"type": "evented", "name": name, "unit": "none", **span, "events": list(_events(mine, trace, frames))}


def _events(mine: Sequence[Slice], trace: Trace, frames: _Frames) -> Iterator[dict[str, Any]]:
    """Each slice opened and closed, inner ones before outer ones."""
    stack: list[tuple[int, int]] = []
    for one in mine:
        while stack and stack[-1][0] <= one.begin:
            end, frame = stack.pop()
            yield {"type": "C", "frame": frame, "at": end}
        place = frames.place(one, trace)
        stack.append((one.end, place))
        yield {"type": "O", "frame": place, "at": one.begin}
    for end, frame in reversed(stack):
        yield {"type": "C", "frame": frame, "at": end}
