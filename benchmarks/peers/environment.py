"""A virtual environment for each peer: the pinned stack and that one recorder, so that none is in another's way.

(AppMap hooks itself into every import of an environment that it is installed in.)
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "peers"
PINS = Path(__file__).with_name("requirements.txt")
STACK = ("flask", "flask-sock", "simple-websocket", "wsproto", "werkzeug", "h11")


class CannotInstall(Exception):
    """An environment could not be made; the message is one sentence."""


def pins(path: Path) -> dict[str, str]:
    """What a file of requirements pins, by name."""
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", path.read_text(encoding="utf-8"), re.MULTILINE))


def prepared(python: str, minor: int, distribution: str) -> Path:
    """The interpreter of an environment with the stack and `distribution` ('' for none but the stack); made if there is
    none. Raises `CannotInstall`."""
    inside = FOLDER / f"python-3.{minor}" / (distribution or "stack") / "bin" / "python"
    stack, peers = pins(ROOT / "requirements.txt"), pins(PINS)
    wanted = [f"{name}=={stack[name]}" for name in STACK]
    if distribution:
        wanted.append(f"{distribution}=={peers[distribution]}")
    commands = [] if inside.exists() else [[python, "-m", "venv", str(inside.parents[1])]]
    commands.append([str(inside), "-m", "pip", "install", "-q", "--disable-pip-version-check", *wanted])
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["no word of why"])[-1]
            raise CannotInstall(f"{distribution or 'the stack'} cannot be installed for Python 3.{minor}: {said}")
    return inside
