"""Lanes: which column a function belongs to, in which order the columns stand, and which colour each has.

The order is that of the onion, as found in the trace: the socket, then each library in the order in which the threads
that read from a socket meet it, the program last. Names stand in one table, lanes.toml.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tracer.reading.trace import Code, Trace

from .model import Lane

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SOCKET, PYTHON, PROGRAM = "socket", "python", "app"
HUES = 8


@cache
def table() -> dict[str, Any]:
    """The table of lanes."""
    with Path(__file__).with_name("lanes.toml").open("rb") as file:
        return tomllib.load(file)


def lane_of(code: Code) -> str:
    """The name of a function's column: the standard library's modules share one; a package that is a whole stack has
    one for each module."""
    if code.file.facts.kind == "stdlib":
        return PYTHON
    floors = table()["floor"].get(code.lane) or table()["floor"].get(code.file.module.partition(".")[0])
    if floors:
        module = code.file.module.partition(".")[2].partition(".")[0]
        return f"{code.file.module.partition('.')[0]}.{module}" if module else code.lane
    return code.lane or PYTHON


def order(traces: Sequence[Trace]) -> tuple[str, ...]:
    """The lanes of several traces in one order: as the bytes that arrive meet them, then as the other threads do."""
    met: dict[str, None] = {}
    for reading in (True, False):
        for trace in traces:
            for call in _calls(trace, reading):
                met.setdefault(lane_of(trace.calls[call].code))
    programs = {lane_of(c) for t in traces for c in t.codes.values() if c.file.facts.kind == "program" and c.recorded}
    rest = [name for name in met if name not in programs and name != PYTHON]
    return (SOCKET, PYTHON, *rest, *sorted(programs & met.keys() - {PYTHON}))


def _calls(trace: Trace, reading: bool) -> Iterator[int]:
    """The calls of the threads that read from a socket, thread by thread; or those of all others."""
    readers = {wire.thread for wire in trace.wires if wire.direction == "in"}
    by_thread: dict[int, list[int]] = {}
    for call in trace.calls.values():
        if (call.thread in readers) == reading:
            by_thread.setdefault(call.thread, []).append(call.id)
    for thread in sorted(by_thread):
        yield from by_thread[thread]


def lanes(names: Iterable[str]) -> tuple[Lane, ...]:
    """The columns with their colours and floors."""
    known, said = table()["hue"], table()["said"]
    names = tuple(names)
    taken = {known[name] for name in names if name in known}
    free = [hue for hue in range(2, HUES) if hue not in taken]
    made = []
    for name in names:
        package, _, module = name.partition(".")
        floor = table()["floor"].get(package, {}).get(module, name)
        hue = known.get(name) or known.get(floor) or (0 if name == PYTHON else free.pop(0) if free else 0)
        made.append(Lane(name, hue, floor, said.get(name, "")))
    return tuple(made)
