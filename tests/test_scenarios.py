"""The scenarios answer as they do unrecorded, byte for byte, and give the same calls under both engines."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers_marks import elsewhere
from helpers_recording import ENGINES, MONITORING, consistent, moved, outline

from tracer.reading.trace import Trace
from tracer.scenarios import SCENARIOS, Played, PlayError, play

pytest.importorskip("flask_sock", reason="the scenarios play on Flask-Sock")

FEW = ("sock", "receive", "close")
NAMES = [*FEW, *elsewhere(*(name for name in SCENARIOS if name not in FEW))]
SCRIPTED = [name for name in FEW if SCENARIOS[name].script]
SCRIPTED += elsewhere(*(name for name, scenario in SCENARIOS.items() if scenario.script and name not in FEW))

#: After these, the HTTP response and the close frame come from two threads, either first.
RACES = {"close", "rejected"}
RESPONSE = re.compile(rb"HTTP/1\.1 200 OK\r\n(?:[^\r\n]+\r\n)*\r\n")


def timeless(data: bytes) -> bytes:
    """Without the time of day."""
    return re.sub(rb"(?m)^Date: [^\r\n]+", b"Date: -", data)


def writers(name: str, data: bytes) -> tuple[bytes, bytes]:
    """What the WebSocket's thread wrote, and what the HTTP server wrote, each in order (where they race)."""
    data = timeless(data)
    if name not in RACES:
        return data, b""
    return RESPONSE.sub(b"", data), b"".join(RESPONSE.findall(data))


@pytest.fixture(scope="module")
def plain() -> Callable[[str], Played]:
    """A scenario, played unrecorded, once."""
    kept: dict[str, Played] = {}

    def get(name: str) -> Played:
        if name not in kept:
            kept[name] = play(name)
        return kept[name]

    return get


@pytest.fixture(scope="module")
def taped(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], tuple[Played, Path]]:
    """A scenario, played recorded, once with each engine; with the bytes that its client sent."""
    kept: dict[tuple[str, str], tuple[Played, Path]] = {}

    def get(name: str, engine: str) -> tuple[Played, Path]:
        if (name, engine) not in kept:
            path = tmp_path_factory.mktemp(name) / f"{engine}.trace"
            kept[name, engine] = play(name, path, engine=engine), path
        return kept[name, engine]

    return get


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", NAMES)
def test_the_recorded_run_answers_the_same(plain, taped, name, engine):
    expected, (played, _) = plain(name), taped(name, engine)
    assert len(played.received) == len(expected.received)
    for got, want in zip(played.received, expected.received, strict=True):
        assert writers(name, got) == writers(name, want)
    assert played.output == expected.output
    assert played.returncode == expected.returncode == 0


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", SCRIPTED)
def test_the_wire_events_are_what_the_client_saw(taped, name, engine):
    played, path = taped(name, engine)
    with Trace.open(path) as trace:
        consistent(trace)
        assert trace.meta["complete"] == "1" and "faults" not in trace.meta
        served = [n for n, c in sorted(trace.connections.items()) if c.role == "server"]
        assert len(served) == len(played.received)
        for n, sent, received in zip(served, sent_by_client(name, played), played.received, strict=True):
            assert moved(trace, n, "in") == sent
            if name in RACES:
                assert merges(written_by_thread(trace, n), received), (moved(trace, n, "out"), received)
            else:
                assert moved(trace, n, "out") == received


def written_by_thread(trace: Trace, connection: int) -> list[list[bytes]]:
    """What each thread wrote to a connection, write by write. Two that write at the same time each learn that they
    have written when the kernel has long decided which came first, so a trace does not know that order."""
    threads: dict[int, list[bytes]] = {}
    for wire in trace.wires:
        if wire.connection == connection and wire.direction == "out":
            value = trace.value(wire.value)
            assert value is not None and isinstance(value.data, bytes)
            threads.setdefault(wire.thread, []).append(value.data)
    return list(threads.values())


def merges(threads: list[list[bytes]], whole: bytes) -> bool:
    """Whether `whole` is all of the writes and nothing else, those of each thread in their order."""
    if not any(threads):
        return not whole
    return any(
        writes
        and whole.startswith(writes[0])
        and merges([*threads[:n], writes[1:], *threads[n + 1 :]], whole[len(writes[0]) :])
        for n, writes in enumerate(threads)
    )


class Tape:
    """Plays the client's part of a script again, against what the server answered, and keeps what it sends."""

    def __init__(self, received: bytes) -> None:
        self.received, self.sent, self.at = received, b"", 0

    def send(self, data: bytes) -> None:
        self.sent += data

    def read(self, count: int) -> bytes:
        self.at += count
        return self.received[self.at - count : self.at]

    def read_until(self, end: bytes) -> bytes:
        start, self.at = self.at, self.received.index(end, self.at) + len(end)
        return self.received[start : self.at]

    def read_frame(self) -> bytes:
        from tracer.scenarios.client import Peer

        return Peer.read_frame(self)  # type: ignore[arg-type]

    def read_to_end(self) -> bytes:
        return b""

    def end(self) -> None:
        pass

    def __enter__(self) -> Tape:
        return self

    def __exit__(self, *error: object) -> None:
        pass


def sent_by_client(name: str, played: Played) -> list[bytes]:
    tapes = [Tape(received) for received in played.received]
    left = iter(tapes)
    script: Any = SCENARIOS[name].script
    script(lambda: next(left))
    return [tape.sent for tape in tapes]


@pytest.mark.skipif(not MONITORING, reason="sys.monitoring came with 3.12")
@pytest.mark.parametrize("name", NAMES)
def test_the_same_calls_under_both_engines(taped, name):
    """Per thread; what only depends on the moment (a clock, a port, which thread was faster) is left out. So is what
    the server does twice a second while it waits."""
    outlines = []
    for engine in ENGINES:
        with Trace.open(taped(name, engine)[1]) as trace:
            rows = [row for row in outline(trace) if row[2] != "BaseServer.service_actions"]
            outlines.append([(r[0], r[1], r[2], r[3], len(r[4]), tuple(e for e, _ in r[5])) for r in rows])
    threads = [sorted({row[0] for row in rows}) for rows in outlines]
    assert threads[0] == threads[1]
    if name in RACES:
        outlines = [[row for row in rows if "process_request" not in row[0]] for rows in outlines]
    for role in threads[0]:
        first, second = ([row for row in rows if row[0] == role] for rows in outlines)
        assert first == second, role


def test_an_unknown_scenario_is_one_sentence():
    with pytest.raises(PlayError, match="choose one of"):
        play("tea")
