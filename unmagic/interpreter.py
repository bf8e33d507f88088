"""Which interpreter a program is run with: its own, in its own virtual environment; unmagic may live elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path


def chosen(given: str | None, environment: Mapping[str, str], invoked: str) -> str:
    """The path of the interpreter; `given` is what the user asked for, `invoked` how unmagic itself was called
    (`sys.argv[0]`). In this order:

    - what was asked for;
    - of `python -m unmagic`, that very python;
    - that of the active virtual environment;
    - of `venv/bin/unmagic`, the one beside it: who says so means that environment;
    - what `python` is in the shell, or `python3`.
    """
    if given:
        return given
    if os.path.basename(invoked) == "__main__.py":
        return sys.executable
    active = environment.get("VIRTUAL_ENV")
    if active and (python := _inside(Path(active))):
        return python
    if os.path.dirname(os.path.abspath(invoked)) == os.path.dirname(sys.executable):
        return sys.executable
    path = environment.get("PATH")
    return shutil.which("python", path=path) or shutil.which("python3", path=path) or sys.executable


def _inside(environment: Path) -> str:
    """The interpreter of a virtual environment, '' where there is none (any more)."""
    for place in ("bin/python", "Scripts/python.exe"):
        if os.access(environment / place, os.X_OK):
            return str(environment / place)
    return ""


def scripts(python: str) -> Path:
    """The folder in which the environment of an interpreter has its commands."""
    found = shutil.which(python) or python
    return Path(os.path.abspath(found)).parent
