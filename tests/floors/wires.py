"""What a recording saw of each connection: which thread accepted it, read which bytes, and wrote which.

The threads of a connection are told apart by what they do: `request` is the one that read the request's first bytes,
and runs the view; `reader` is any other. Never compared: how the bytes were cut, and the order of two threads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tracer.reading.trace import Trace, Wire

from . import frames
from .play import Run, run
from .scripts import SCRIPTS as SCRIPTS
from .stack import OURS, REAL, Stack


@dataclass
class Connection:
    """One connection: bytes by thread."""

    accepted_by: str = ""
    read: dict[str, bytes] = field(default_factory=dict)
    wrote: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Recorded:
    run: Run
    by_port: dict[int, Connection]

    def connections(self, script: str) -> list[Connection]:
        """The connections of one script, in its order."""
        return [self.by_port[port] for port in self.run.ports[script]]


def record(stack: Stack, path: Path) -> Recorded:
    """Play all scripts with `stack` recorded into `path`."""
    played = run(stack, path)
    assert played.code == 0, played.errors
    with Trace.open(path) as trace:
        assert trace.meta["complete"] == "1" and "faults" not in trace.meta
        return Recorded(played, read_connections(trace))


def read_connections(trace: Trace) -> dict[int, Connection]:
    """Every accepted connection by its client's port."""
    accepted = {wire.detail: trace.threads[wire.thread] for wire in trace.wires if wire.op == "accept"}
    wires: dict[int, list[Wire]] = {}
    for wire in trace.wires:
        if wire.direction and wire.detail != "MSG_PEEK":
            wires.setdefault(wire.connection, []).append(wire)
    found = {}
    for number, row in trace.connections.items():
        if f"connection {number}" in accepted:
            made = one_connection(trace, wires[number], accepted[f"connection {number}"])
            found[int(row.peer.rpartition(":")[2])] = made
    return found


def one_connection(trace: Trace, wires: list[Wire], accepted_by: str) -> Connection:
    made = Connection(accepted_by)
    request = next(wire.thread for wire in wires if wire.direction == "in")
    for wire in wires:
        if not wire.error:
            side = made.read if wire.direction == "in" else made.wrote
            role = "request" if wire.thread == request else "reader"
            value = trace.value(wire.value)
            assert value is not None and isinstance(value.data, bytes) and not value.cut
            side[role] = side.get(role, b"") + value.data
    return made


def check_written(script: str, number: int, real: dict[str, bytes], ours: dict[str, bytes]) -> None:
    """Thread by thread the same, but for what frames.py says of the original's server and protocol floors."""
    if script in ("tcp", "http_headers") or (script, number) == ("rejected", 0):
        assert set(real) == set(ours) == {"request"}, "an HTTP response is written by the thread of the request"
        return
    assert ours["request"].startswith(frames.HEAD) and real["request"].startswith(frames.HEAD)
    theirs, responses = frames.without_response(real["request"][len(frames.HEAD) :])
    assert theirs == ours["request"][len(frames.HEAD) :], (script, number)
    assert responses in ([], [b"200"])
    spoken = {stack: wrote.get("reader", b"") for stack, wrote in ((REAL, real), (OURS, ours))}
    if (script, number) in frames.ANSWERS:  # the reader answers a close frame, or what is no frame, in its own words
        answers = {stack: frames.answer(stack, script, number) for stack in spoken}
        assert spoken[OURS].endswith(answers[OURS])
        spoken = {stack: said.removesuffix(answers[stack]) for stack, said in spoken.items()}  # the original's: if any
    assert spoken[REAL] == spoken[OURS], (script, number)
