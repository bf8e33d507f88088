"""What the tests of journeys share: a whole stack recorded while a scripted client talks to it, and its edges told.

The programs are the scenarios' own, unchanged, on the real stack or on `reference_impl` (floors/serve.py), or a
program of a test's. Everything is told by content, function and offsets, never by numbers that differ from run to run.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
from dataclasses import astuple
from pathlib import Path

from conformance.peer import MASK, masked
from floors.stack import OURS, REAL, Stack
from helpers_recording import BOOTSTRAP, PROGRAMS, ROOT, environment, interruptible

from tracer.reading.flow import Edge, Flow
from tracer.reading.journeys import Journey, Stretch
from tracer.scenarios.client import Peer
from tracer.scenarios.play import APPS
from tracer.scenarios.scripts import SCOPE, Script

__all__ = ["APPS", "OURS", "REAL", "Stack"]
SERVE = Path(__file__).parent / "floors" / "serve.py"
#: Seconds until a program that hangs is killed.
LIMIT = 180.0
#: (kind, how, first byte, byte after the last, the call where the new value was first seen)
Told = tuple[str, str, int, int, str]
#: (direction, the value, its stretches on the wire, its edges in order)
Way = tuple[str, "str | bytes", list[tuple[str, int, int]], list[Told]]


def record(command: list[str], trace: Path, scripts: list[Script], program: Path, engine: str = "auto") -> None:
    """Run `command`, recorded, until it says its URL; play the scripts one after the other; stop it by SIGINT."""
    config = {
        "trace": str(trace), "engine": engine, "scope": [*SCOPE, "reference_impl"], "lines": [],
        "program": str(program), "settle": 10,
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, str(BOOTSTRAP), json.dumps(config), *command],
        env=environment(PYTHONUNBUFFERED="1", PYTHONPATH=str(ROOT)),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        preexec_fn=interruptible,
    )  # fmt: skip
    watchdog = threading.Timer(LIMIT, process.kill)
    watchdog.start()
    said: list[str] = []
    try:
        assert process.stdout is not None
        port = 0
        for line in process.stdout:
            said.append(line)
            if found := re.search(r"http://[\d.]+:(\d+)", line):
                port = int(found[1])
                break
        assert port, "".join(said)
        rest = threading.Thread(target=lambda: said.extend(process.stdout or ()))
        rest.start()
        for script in scripts:
            script(lambda: Peer("127.0.0.1", port))
        process.send_signal(signal.SIGINT)
        rest.join()
        assert process.wait() in (0, 130), "".join(said)
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()


def record_stack(stack: Stack, trace: Path, scripts: list[Script], engine: str = "auto") -> None:
    """The scenarios' programs on `stack`, all in one process."""
    record([str(SERVE), *astuple(stack), "0.4"], trace, scripts, APPS, engine)


def told_edge(flow: Flow, edge: Edge) -> Told:
    call = flow.trace.calls.get(edge.call)
    name = call.code.qualname if call else ""
    return edge.kind, edge.relation.how, edge.relation.start, edge.relation.stop, name


def told(flow: Flow, journey: Journey) -> Way:
    """One journey; whether `send` or `sendall` wrote is the same here."""
    value = journey.node.value.data
    assert value is not None
    stretches = [(s.wire.op.replace("sendall", "send"), s.start, s.stop) for s in journey.wires]
    return journey.direction, value, stretches, [told_edge(flow, edge) for edge in journey.edges]


def octets(flow: Flow, stretch: Stretch) -> bytes:
    value = flow.trace.value(stretch.wire.value)
    assert value is not None and isinstance(value.data, bytes)
    return value.data[stretch.start : stretch.stop]


def unmasked(flow: Flow, journey: Journey) -> bytes:
    """The bytes on the wire, in order, unmasked with the key of the examples."""
    data = b"".join(octets(flow, s) for s in journey.wires)
    return masked(data, MASK)


def faults(flow: Flow) -> list[str]:
    """Every edge that is not true by its content, told."""
    edges = [edge for found in flow.into.values() for edge in found]
    return [repr((edge, flow.nodes[edge.source].octets[:60])) for edge in edges if not true(flow, edge)]


def true(flow: Flow, edge: Edge) -> bool:
    """Whether the contents of an edge's ends are what it says of them, as far as they are kept."""
    source, target = flow.nodes[edge.source], flow.nodes[edge.target]
    a, b, how = source.octets, target.octets, edge.relation
    if source.value.cut or target.value.cut:
        a, b = a[: min(len(a), len(b))], b[: min(len(a), len(b))]
        return how.how != "copy" or a == b
    if how.how == "slice":
        return a[how.start : how.stop] == b
    if how.how == "joined":
        return b[how.start : how.stop] == a[how.at : how.at + how.stop - how.start]
    if how.how in ("copy", "encoded", "decoded"):
        return a == b or (a.decode("latin-1") == target.value.data or source.value.data == b.decode("latin-1"))
    if how.how == "unmasked":
        key = masked(a[:4], b[:4])
        return len(a) < 4 or masked(a, key) == b
    return len(a) > 0 and len(b) > 0


def record_whole(name: str, trace: Path, scripts: list[Script], engine: str = "auto") -> None:
    """programs/whole/real.py or ours.py."""
    record([str(PROGRAMS / "whole" / f"{name}.py")], trace, scripts, PROGRAMS / "whole", engine)
