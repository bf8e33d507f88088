"""Run a program of some stack, under `unmagic run` or plainly, while a real client of that stack talks to it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elsewhere.edges import octets, unrelated
from helpers_recording import ROOT, environment, interruptible

from report.view.make import Source, make
from report.view.messages import bytes_of
from report.view.model import View
from tracer.reading.fields import Field, dissect, uncovered
from tracer.reading.flow import Flow
from tracer.reading.journeys import Journey, journeys
from tracer.reading.trace import Trace

PROGRAMS = Path(__file__).parent / "programs"
#: Seconds until a program that hangs is killed.
LIMIT = 120.0
#: Where a program tells its port: a URL, as most servers print it.
SAID = re.compile(r"https?://(?:127\.0\.0\.1|localhost):(\d+)")
#: What a client does, given the port; what it got is compared.
Client = Callable[[int], Any]


@contextmanager
def serving(command: list[str], *, terminate: bool = False) -> Iterator[tuple[int, list[str]]]:
    """The port of a server that runs meanwhile, and what it prints; stopped by SIGINT, as a terminal does, which gives
    it to all processes; or asked to by SIGTERM, as a service is."""
    process = subprocess.Popen(
        command, env=environment(PYTHONUNBUFFERED="1", PYTHONPATH=str(ROOT)), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=interruptible, start_new_session=True,
    )  # fmt: skip
    watchdog = threading.Timer(LIMIT, os.killpg, [process.pid, signal.SIGKILL])
    watchdog.start()
    said: list[str] = []
    try:
        port = _port(process, said)
        rest = threading.Thread(target=lambda: said.extend(process.stdout or ()))
        rest.start()
        yield port, said
        if terminate:
            process.terminate()
        else:
            os.killpg(process.pid, signal.SIGINT)
        rest.join()
        assert process.wait() in (0, 130, -signal.SIGINT), "".join(said)
        assert "Traceback" not in "".join(said), "".join(said)
    finally:
        watchdog.cancel()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _port(process: subprocess.Popen[str], said: list[str]) -> int:
    for line in process.stdout or ():
        said.append(line)
        if found := SAID.search(line):
            return int(found[1])
    raise AssertionError("".join(said))


@dataclass(frozen=True)
class Played:
    """A trace of a stack, followed, and what the client got; with and without us."""

    flow: Flow
    found: tuple[Journey, ...]
    got: Any
    got_plainly: Any

    @property
    def trace(self) -> Trace:
        return self.flow.trace

    def journey(self, direction: str, value: str | bytes) -> Journey:
        """The first journey of a value in a direction."""
        fitting = [j for j in self.found if j.direction == direction and j.node.value.data == value]
        assert fitting, [(j.direction, j.node.value.data) for j in self.found]
        return fitting[0]

    def wire(self, journey: Journey) -> list[bytes]:
        """The bytes of a journey's stretches."""
        return [bytes_of(self.trace, s.wire)[s.start : s.stop] for s in journey.wires]

    def names(self, journey: Journey) -> list[str]:
        """The threads and tasks that it was on, by name, without numbers."""
        return [re.sub(r"\d+", "N", self.trace.threads[thread]) for thread in journey.threads]

    def view(self) -> View:
        return make("stack", [Source("stack", "", self.trace, frozenset())], flow=lambda _: self.flow)


def play(program: str, folder: Path, client: Client, *arguments: str, engine: str = "auto") -> Played:
    """Run programs/PROGRAM.py with `arguments`, traced and untraced, the same client at each."""
    path, file = folder / f"{program}.trace", str(PROGRAMS / f"{program}.py")
    with serving([sys.executable, file, *arguments]) as (port, _):
        plainly = client(port)
    run = [sys.executable, "-m", "unmagic", "run", "-o", str(path), "--engine", engine]
    with serving([*run, file, *arguments]) as (port, _):
        got = client(port)
    flow = Flow(Trace.open(path))
    return Played(flow, journeys(flow), got, plainly)


def streams(trace: Trace) -> Iterator[tuple[int, str, bytes, tuple[Field, ...]]]:
    """(connection, in or out, the bytes, their fields), of each connection over which anything went."""
    for number in sorted({wire.connection for wire in trace.wires if wire.direction}):
        mine = [wire for wire in trace.wires if wire.connection == number and wire.direction]
        data = {d: b"".join(bytes_of(trace, w) for w in mine if w.direction == d) for d in ("in", "out")}
        read = dissect(data["in"], data["out"], "client" if trace.connections[number].role == "client" else "server")
        yield number, "in", data["in"], read.received
        yield number, "out", data["out"], read.sent


def holds(played: Played) -> None:
    """What is asked of every stack: the same answers as without us, every byte in a field, no edge between what has
    nothing to do with each other, and pages whose innermost lane is the program."""
    assert played.got == played.got_plainly
    assert played.trace.meta.get("faults") is None and "complete" in played.trace.meta
    for connection, direction, data, fields in streams(played.trace):
        assert uncovered(fields, len(data)) == [], (connection, direction)
    assert unrelated(played.flow) == []
    view = played.view()
    assert view.lanes[0].name == "socket" and view.lanes[-1].name == "app", [lane.name for lane in view.lanes]
    lanes_nest(played.trace)


def lanes_nest(trace: Trace) -> None:
    """On each thread, task and greenlet, what begins inside a call ends inside it."""
    for thread in trace.threads:
        stops: list[int] = []
        for span in (span for span in trace.spans if span.thread == thread):
            while stops and stops[-1] and stops[-1] < span.start:
                stops.pop()
            assert not stops or not stops[-1] or (span.stop and span.stop <= stops[-1]), (thread, span)
            stops.append(span.stop)


def whole(data: str | bytes | None) -> bytes:
    return octets(data)
