"""Run one combination of floors in a process of its own, and let every script talk to it at the same time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from tracer.scenarios.client import Peer

from .scripts import SCRIPTS
from .stack import Stack

SERVE = Path(__file__).with_name("serve.py")
BOOTSTRAP = SERVE.parents[2] / "tracer" / "recording" / "bootstrap.py"
LIMIT = 180.0  # seconds until a run that hangs is killed
UNANSWERED = "0.4"  # seconds: the scripts never answer our close frame; do not wait long for what will not come
PRINTED = 9  # lines that the programs print when all scripts have been played


@dataclass(frozen=True)
class Run:
    """What came of it: lines `printed` by the programs, `errors` said on stderr.

    `received` and `ports` are, for each connection of a script, its bytes and the client's port; `resets` are the
    scripts that had a connection end in a RST.
    """

    built: dict[str, Any]
    received: dict[str, list[bytes]]
    ports: dict[str, list[int]]
    resets: list[str]
    printed: list[str]
    errors: str
    code: int


class Known(Peer):
    """A peer that remembers its port, and whether it was reset."""

    reset = False

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self.port: int = self._socket.getsockname()[1]

    def _more(self, awaited: str, at_end: bool = False) -> bool:
        try:
            return super()._more(awaited, at_end)
        except ConnectionResetError:
            self.reset = True
            raise


def converse(script: str, port: int) -> list[Known]:
    peers: list[Known] = []

    def connect() -> Peer:
        peers.append(Known("127.0.0.1", port))
        return peers[-1]

    SCRIPTS[script](connect)
    return peers


def run(stack: Stack, trace: Path | None = None) -> Run:
    """Serve `stack`, recorded into `trace` if that is given, and play all scripts. Raises ScriptError."""
    program = [str(SERVE), *astuple(stack), UNANSWERED]
    command = [sys.executable, *program]
    if trace is not None:
        config = {"trace": str(trace), "scope": ["program"], "program": str(SERVE.parent), "settle": 10}
        command = [sys.executable, str(BOOTSTRAP), json.dumps(config), *program]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        environment = {**os.environ, "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, encoding="utf-8", env=environment)
        watchdog = threading.Timer(LIMIT, process.kill)
        watchdog.start()
        try:
            assert process.stdout is not None
            first, second = process.stdout.readline(), process.stdout.readline()
            if not second.startswith("http://"):
                process.kill()
                errors.seek(0)
                raise AssertionError(f"{stack} does not serve: {first}{second}{errors.read()}")
            port = int(second.rpartition(":")[2].rstrip("/\n"))
            with ThreadPoolExecutor(len(SCRIPTS) + 1) as pool:
                # the views may end after their clients have seen the end: wait for their last words
                words = pool.submit(lambda: [process.stdout.readline() for _ in range(PRINTED)])
                peers = dict(zip(SCRIPTS, pool.map(lambda name: converse(name, port), SCRIPTS), strict=True))
                printed = words.result()
            process.send_signal(signal.SIGINT)
            printed += process.stdout.readlines()
            code = process.wait()
        finally:
            watchdog.cancel()
            process.kill()
            process.wait()
        errors.seek(0)
        said = errors.read()
    received = {name: [peer.received for peer in talked] for name, talked in peers.items()}
    ports = {name: [peer.port for peer in talked] for name, talked in peers.items()}
    resets = [name for name, talked in peers.items() if any(peer.reset for peer in talked)]
    return Run(json.loads(first), received, ports, resets, [line.rstrip() for line in printed], said, code)
