"""What stands between a submission's process and the machine: how it is started, which processes are its own, how it
ends.

bubblewrap.py and user.py are the two ways; box.py is what both have in common.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..coursework.place import Ending


@dataclass(frozen=True)
class Start:
    """What is to be started: `command` with `environment`; `port` is 0 for a shim. `status` is the file on which the
    inside says how far it came."""

    command: tuple[str, ...]
    environment: dict[str, str]
    port: int
    stdin: int
    stdout: int
    stderr: int
    status: int


def inside(
    script: str, start: Start, rlimits: dict[str, int], environment: dict[str, str], walls: str = ""
) -> tuple[str, ...]:
    """What a Python is given that is to run inside.py, which becomes the command."""
    limits = ",".join(f"{name}={most}" for name, most in rlimits.items())
    variables = (f"{name}={value}" for name, value in environment.items())
    return "-I", "-S", "-B", script, str(start.status), limits, walls, *variables, "--", *start.command


class Started(Protocol):
    """A started process, with whatever it starts itself."""

    process: subprocess.Popen[bytes]

    def pids(self) -> list[int]:
        """All of them that are there now."""

    def folders(self) -> list[Path]:
        """Where they can write, as paths that can be looked at from here."""

    def kill(self) -> None:
        """End them all, and wait until they are gone."""

    def ending(self, code: int) -> Ending:
        """How the command ended, by the exit code of `process`."""


class Wall(Protocol):
    """A way to start a submission's processes."""

    tier: str

    def port(self) -> int:
        """A port for the next server. Raises `PlaceError`."""

    def own(self, port: int) -> bool:
        """Whether it is the submission that listens on `port`, where something does."""

    def start(self, start: Start) -> Started:
        """Raises OSError."""
