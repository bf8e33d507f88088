"""A Python with other versions of the stack: a virtual environment of its own for a file of pins, made once.

It lies in the user's cache, named by the pins' content and by this Python's version, so that a changed pin is another
environment. Nothing of ours is installed into it: the recording half is carried in as files when it runs.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from .play import PlayError


def python_for(pins: Path, say: Callable[[str], None] = lambda said: None) -> Path:
    """The interpreter of the environment that `pins` asks for, made first where there is none; `say` is told what takes
    time. Raises `PlayError`."""
    text = _text(pins)
    count = len(re.findall(r"(?m)^\s*[A-Za-z0-9]", text))
    if not count:
        raise PlayError(f"{pins} names no package; a line is such as flask==VERSION")
    home = _home() / f"{pins.stem}-{_digest(pins, text)}"
    python, ready = home / "bin" / "python", home / ".ready"
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        with (home.parent / f".{home.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two at once make it once
            if not ready.exists():
                shutil.rmtree(home, ignore_errors=True)
                say(f"installing what {pins} pins, once: {count} packages into {home}")
                venv.create(home, with_pip=not _reaches_out(), symlinks=True)
                _install(python, pins)
                ready.touch()
    except (OSError, subprocess.CalledProcessError) as error:
        raise PlayError(f"cannot make an environment for {pins}: {error}") from None
    return python


def _text(pins: Path) -> str:
    try:
        return pins.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlayError(f"cannot read the pins {pins}: {getattr(error, 'strerror', '') or error}") from None


def _digest(pins: Path, text: str) -> str:
    """Of everything that decides what is installed: the pins, files that they take in, and this Python."""
    parts = [text, sys.version]
    for name in re.findall(r"(?m)^\s*(?:-c|-r|--constraint|--requirement)[\s=]+(\S+)", text):
        parts.append(_text(pins.parent / name))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _home() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "unmagic" / "pins"


def _reaches_out() -> bool:
    """Whether the pip that is here can install into another environment, which then needs none: half of the time."""
    try:
        first, second = metadata.version("pip").split(".")[:2]
        return (int(first), int(second)) >= (22, 3)
    except (metadata.PackageNotFoundError, ValueError):
        return False


def _install(python: Path, pins: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--python", str(python)] if _reaches_out() else [str(python), "-m", "pip"]
    command = [*pip, "install", "--quiet", "--disable-pip-version-check", "-r", str(pins)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["it gave no reason"]
        raise PlayError(f"cannot install what {pins} pins: {said[-1].removeprefix('ERROR: ')}")
