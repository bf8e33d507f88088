"""Coroutines that take turns on one thread: each value leads to the connection that it came by, or goes out by."""

from __future__ import annotations

from pathlib import Path

import pytest
from elsewhere import clients
from elsewhere.edges import unrelated
from elsewhere.recording import Script, record
from helpers_recording import ENGINES

from tracer.reading.flow import Flow
from tracer.reading.journeys import Journey, journeys
from tracer.reading.trace import Trace


def played(program: str, folder: Path, script: Script, *options: str) -> tuple[Journey, ...]:
    """The journeys of one program that two clients talk to; every edge is what it says."""
    path = folder / "a.trace"
    record(program, path, [script], *options)
    with Trace.open(path) as trace:
        flow = Flow(trace)
        assert unrelated(flow) == []
        return journeys(flow)


def ways(found: tuple[Journey, ...], value: str | bytes) -> list[tuple[str, list[tuple[int, int]]]]:
    """Of each journey of a value: its direction, and (connection, bytes) of what it was on the wire."""
    first = min((s.wire.connection for j in found for s in j.wires), default=0)
    return [
        (j.direction, [(s.wire.connection - first, s.stop - s.start) for s in j.wires])
        for j in found
        if j.node.value.data == value
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_frames_that_are_cut(tmp_path: Path, engine: str) -> None:
    found = played("websockets_asyncio", tmp_path, clients.frames_in_turn, engine)
    one, other = ([(n, cut - 6), (n, len(clients.CUT) - cut)] for n, cut in enumerate(clients.CUTS))
    assert ways(found, "this is cut in the middle") == [
        ("in", one), ("out", [(0, 25)]), ("in", other), ("out", [(1, 25)]),
    ]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_one_value_goes_two_ways_at_once(tmp_path: Path, engine: str) -> None:
    """Passed to one connection, then to the other, before either could send it."""
    found = played("websockets_shared", tmp_path, clients.told_to_both, engine)
    assert ways(found, "for all of you") == [("in", [(0, 14)]), ("out", [(0, 14)]), ("out", [(1, 14)])]


def test_lines_of_streams_that_are_recorded(tmp_path: Path) -> None:
    found = played("asyncio_streams", tmp_path, clients.lines_in_turn, "auto", "--scope", "asyncio.streams",
                   "--scope", "program")  # fmt: skip
    assert ways(found, b"the same for each\n") == [("in", [(0, 18)]), ("in", [(1, 18)])]
    assert ways(found, b"you said the same for each\n") == [("out", [(0, 27)]), ("out", [(1, 27)])]
    assert ways(found, b"this is cut in the middle\n") == [("in", [(0, 12), (0, 14)]), ("in", [(1, 15), (1, 11)])]


def test_equal_lines_of_streams_that_are_not_recorded(tmp_path: Path) -> None:
    """Nobody saw who took what was read: the order tells, and of what is equal it is said that it is a guess."""
    found = played("asyncio_streams", tmp_path, clients.lines_in_turn, "auto", "--scope", "program")
    assert ways(found, b"the same for each\n") == [("in", [(0, 18)]), ("in", [(1, 18)])]
    assert all(any(e.ambiguous for e in j.edges) for j in found if j.node.value.data == b"the same for each\n")
    assert ways(found, b"this is cut in the middle\n") == [("in", [(0, 12), (0, 14)]), ("in", [(1, 15), (1, 11)])]
