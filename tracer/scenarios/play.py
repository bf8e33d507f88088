"""Play a scenario: start its program in a process of its own (recorded or not), run the script, stop it.

The program is run unchanged, as a user would start it; its address is read from the line that Werkzeug prints,
and it is stopped as a user would stop it, by SIGINT.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from .client import Peer, ScriptError
from .scripts import EVERY, Scenario

APPS = Path(__file__).parent / "apps"
BOOTSTRAP = Path(__file__).parent.parent / "recording" / "bootstrap.py"
_ADDRESS = re.compile(r"Running on http://([\d.]+):(\d+)")


class PlayError(Exception):
    """A scenario could not be played; the message is one sentence for the user."""


@dataclass(frozen=True)
class Played:
    """What came of it: the bytes that each connection of the client received, in order, and the program's output."""

    scenario: str
    received: tuple[bytes, ...]
    output: str
    returncode: int


def play(
    name: str,
    trace: Path | None = None,
    *,
    engine: str = "auto",
    python: str = sys.executable,
    values: bool = True,
    lines: bool = True,
    timeout: float = 60.0,
    leaves: bool = False,
) -> Played:
    """Play the scenario called `name` once, recorded into `trace` (not at all where that is None). With `leaves` the
    client ends a connection that the server says it closes, which older servers wait for.

    Raises `PlayError` if there is no such scenario, the program fails, or it answers otherwise than scripted.
    """
    if name not in EVERY:
        raise PlayError(f"there is no scenario {name!r}: choose one of {', '.join(EVERY)}")
    scenario = EVERY[name]
    app = APPS / scenario.app
    command = [python, str(app)]
    if trace is not None:
        command = [python, str(BOOTSTRAP), json.dumps(_config(scenario, trace, engine, values, lines)), str(app)]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE, text=True, errors="replace",
            env=_environment(), preexec_fn=_interruptible,
        )  # fmt: skip
        watchdog = threading.Timer(timeout, process.kill)
        watchdog.start()
        try:
            return _converse(scenario, process, output, leaves)
        except ScriptError as error:
            raise PlayError(f"scenario {name}: {error}") from None
        finally:
            watchdog.cancel()
            process.kill()
            process.wait()
            if process.stderr:
                process.stderr.close()


def _converse(scenario: Scenario, process: subprocess.Popen[str], output: object, leaves: bool) -> Played:
    assert process.stderr is not None
    said: list[str] = []
    peers: list[Peer] = []
    if scenario.script is None:
        said += process.stderr.readlines()
    else:
        host, port = _address(scenario, process, said)
        rest = threading.Thread(target=lambda: said.extend(process.stderr or ()))
        rest.start()

        def connect() -> Peer:
            peers.append(Peer(host, port, leaves=leaves))
            return peers[-1]

        try:
            scenario.script(connect)
        except OSError as error:
            raise ScriptError(f"the connection failed: {error}") from None
        finally:
            process.send_signal(signal.SIGINT)
            rest.join()
    code = process.wait()
    if code != 0:
        raise PlayError(f"scenario {scenario.name}: the program ended with {code}: {_last(said)}")
    output.seek(0)  # type: ignore[attr-defined]
    text: str = output.read()  # type: ignore[attr-defined]
    return Played(scenario.name, tuple(p.received for p in peers), text, code)


def _address(scenario: Scenario, process: subprocess.Popen[str], said: list[str]) -> tuple[str, int]:
    for line in process.stderr or ():
        said.append(line)
        found = _ADDRESS.search(line)
        if found:
            return found[1], int(found[2])
    process.wait()
    raise PlayError(f"scenario {scenario.name}: the program ended before it listened: {_last(said)}")


def _last(said: list[str]) -> str:
    lines = [line.strip() for line in said if line.strip()]
    return lines[-1] if lines else "it said nothing"


def _config(scenario: Scenario, trace: Path, engine: str, values: bool, lines: bool) -> dict[str, object]:
    lanes = ("app", *scenario.scope[1:]) if lines else ()
    return {
        "trace": str(trace),
        "engine": engine,
        "scope": list(scenario.scope),
        "lines": [lane for lane in lanes if ":" not in lane],
        "values": values,
        "program": str(APPS),
        "settle": 10,
        "thorough": True,
        "about": {"scenario": scenario.name},
    }


def _environment() -> dict[str, str]:
    """Ours, without what would make two runs differ, or Flask behave otherwise than by default."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FLASK_", "WERKZEUG_", "PYTHONHASHSEED"))}
    return {**kept, "PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def _interruptible() -> None:
    """A shell that starts us in the background lets children ignore SIGINT; the program must hear it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
