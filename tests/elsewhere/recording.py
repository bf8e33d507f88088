"""Run a program of another stack under `unmagic run` while a client with fixed bytes talks to it over a socket."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from helpers_recording import ROOT, environment, interruptible

from tracer.scenarios.client import Peer

PROGRAMS = Path(__file__).parent / "programs"
#: Seconds until a program that hangs is killed.
LIMIT = 180.0
#: What a client does with one connection.
Script = Callable[[Peer], None]
#: Where a program tells its port: a URL, as most servers print it.
SAID = re.compile(r"https?://127\.0\.0\.1:(\d+)")


def record(name: str, trace: Path, scripts: Iterable[Script], engine: str = "auto", *options: str) -> str:
    """Run programs/NAME.py into `trace`; play each script on a connection of its own, one after the other; stop the
    program by SIGINT, as a terminal does. Returns what it printed."""
    run = [sys.executable, "-m", "unmagic", "run", "-o", str(trace), "--engine", engine, *options]
    process = subprocess.Popen(
        [*run, str(PROGRAMS / f"{name}.py")], env=environment(PYTHONUNBUFFERED="1", PYTHONPATH=str(ROOT)),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        preexec_fn=interruptible, start_new_session=True,
    )  # fmt: skip
    watchdog = threading.Timer(LIMIT, _kill, [process])
    watchdog.start()
    said: list[str] = []
    try:
        port = _port(process, said)
        rest = threading.Thread(target=lambda: said.extend(process.stdout or ()))
        rest.start()
        for script in scripts:
            with Peer("127.0.0.1", port) as peer:
                script(peer)
        os.killpg(process.pid, signal.SIGINT)
        rest.join()
        assert process.wait() in (0, 130), "".join(said)
    finally:
        watchdog.cancel()
        _kill(process)
        process.wait()
    return "".join(said)


def _port(process: subprocess.Popen[str], said: list[str]) -> int:
    for line in process.stdout or ():
        said.append(line)
        if found := SAID.search(line):
            return int(found[1])
    raise AssertionError("".join(said))


def _kill(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
