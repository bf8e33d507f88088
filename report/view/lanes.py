"""Lanes: which column a function belongs to, in which order the columns stand, and which colour each has.

The order is that of the onion, as found in the trace: the socket, then each library in the order in which the threads
that read from a socket meet it, from their first read on, the program last. Names stand in one table, lanes.toml.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tracer.reading.trace import Code, Trace, Wire

from .model import Lane

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SOCKET, PYTHON, PROGRAM = "socket", "python", "app"
HUES = 8

#: The calls of each thread; the first read from a socket of each that reads.
Calls = dict[int, list[int]]
Reads = dict[int, Wire]


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
    """The lanes of several traces in one order: as the bytes that arrive meet them, then as the other threads do, then
    as the rest does: what a program imports first, or leaves to be cleared up at the end, says nothing."""
    met: dict[str, None] = {}
    ran = [(trace, _calls(trace), _first_reads(trace)) for trace in traces]
    for way in (_from_a_read, _of_others, _of_the_rest):
        for trace, calls, reads in ran:
            for call in way(trace, calls, reads):
                met.setdefault(lane_of(trace.calls[call].code))
    programs = {lane_of(c) for t in traces for c in t.codes.values() if c.file.facts.kind == "program" and c.recorded}
    rest = [name for name in met if name not in programs and name != PYTHON]
    return (SOCKET, PYTHON, *rest, *sorted(programs & met.keys() - {PYTHON}))


def _from_a_read(trace: Trace, calls: Calls, reads: Reads) -> Iterator[int]:
    """Of each thread that reads from a socket: the calls around its first read, from the inside, then all from there to
    the last bytes that it moved."""
    last = {trace.carrier(wire.thread): wire.ended for wire in trace.wires if wire.direction}
    for carrier, read in reads.items():
        call = read.call
        while call in trace.calls:
            yield call
            call = trace.calls[call].first.parent
        mine = calls.get(carrier, ())
        yield from (one for one in mine if read.began < trace.calls[one].first.start < last[carrier])


def _of_others(trace: Trace, calls: Calls, reads: Reads) -> Iterator[int]:
    for carrier in sorted(calls.keys() - reads.keys()):
        yield from calls[carrier]


def _of_the_rest(trace: Trace, calls: Calls, reads: Reads) -> Iterator[int]:
    for carrier in reads:
        yield from calls.get(carrier, ())


def _first_reads(trace: Trace) -> Reads:
    """By thread, those with the lowest numbers first; an event loop's tasks are of the thread that runs them."""
    found: dict[int, Wire] = {}
    for wire in trace.wires:
        if wire.direction == "in":
            found.setdefault(trace.carrier(wire.thread), wire)
    return dict(sorted(found.items()))


def _calls(trace: Trace) -> Calls:
    """By thread, in their order there."""
    found: dict[int, list[int]] = {}
    for call in sorted(trace.calls.values(), key=lambda call: call.first.start):
        found.setdefault(trace.carrier(call.thread), []).append(call.id)
    return found


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
