"""The servers that are judged, each a process of its own.

In: a command line of Python. Out: a `Served`: its address, and what it costs in threads, memory and processor time.
`Fleet` starts each command once and shares it. It leaves out which server is judged: that is conftest.py's.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest

from .peer import Peer, websocket

ROOT = Path(__file__).resolve().parents[2]
START = 90.0  # seconds until a server must have printed its URL


@dataclass
class Served:
    """A server's process, its address, and what it costs."""

    command: list[str]
    process: subprocess.Popen[str]
    stderr: IO[bytes]
    address: tuple[str, int] = ("", 0)
    lines: list[str] = field(default_factory=list)

    def open(self, path: str = "/echo", **how: object) -> Peer:
        """A WebSocket to it, its handshake done."""
        return websocket(self.address, path, **how)

    def url(self, path: str = "/echo", scheme: str = "ws") -> str:
        return f"{scheme}://{self.address[0]}:{self.address[1]}{path}"

    def errors(self) -> str:
        self.stderr.seek(0)
        return self.stderr.read().decode(errors="replace")

    def threads(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def memory(self, what: str = "VmRSS") -> int:
        """Resident bytes now (VmRSS) or at the highest (VmHWM)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+) kB", status).group(1)) * 1024  # type: ignore[union-attr]

    def cpu(self) -> float:
        """Seconds of processor time used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)


def start(command: list[str]) -> Served:
    """Start it and wait for the URL on its stdout; a server that prints none is the test's failure."""
    stderr = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the server)
    env = {name: value for name, value in os.environ.items() if not name.startswith("WERKZEUG_")}
    process = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=stderr, text=True
    )
    served = Served(command, process, stderr)
    ready = threading.Event()

    def drain() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            served.lines.append(line)
            if not ready.is_set() and (found := re.search(r"http://([\w.]+):(\d+)/", line)):
                served.address = (found[1], int(found[2]))
                ready.set()
        ready.set()

    threading.Thread(target=drain, daemon=True).start()
    ready.wait(START)
    if not served.address[1]:
        served.stop()
        pytest.fail(f"{' '.join(command)} printed no http://HOST:PORT/ in {START} s: {served.lines} {served.errors()}")
    return served


class Fleet:
    """Servers by command, each started at its first use."""

    def __init__(self) -> None:
        self.running: dict[tuple[str, ...], Served] = {}

    def get(self, *command: str, fresh: bool = False) -> Served:
        key = (*command, str(len(self.running))) if fresh else command
        if key not in self.running:
            self.running[key] = start(list(command))
        return self.running[key]

    def stop(self) -> None:
        for served in self.running.values():
            served.stop()


Starter = Callable[..., Served]


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Ask another process again and again, for it has no event to wait for; true as soon as it is."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
