"""Platforms as tests see them: what is packed for one, a program that only notes how it was called, a script's run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import click
from helpers_class import ROOT

PLATFORMS = ROOT / "coursework" / "platforms"
#: What a student may leave for a grader that stands in the wrong folder: each says that it was run.
TRAPS = {
    f"{name}.py": b"open('/tmp/unmagic-trap', 'w').write(__name__)\nraise SystemExit(0)\n"
    for name in ("click", "grader", "jinja2", "pip", "rich", "sitecustomize", "tarfile", "unmagic")
}
TRAP = Path("/tmp/unmagic-trap")


def noting(folder: Path, *names: str) -> Path:
    """Programs that only note their words in calls.txt: a test changes nothing of the machine."""
    folder.mkdir(exist_ok=True)
    for name in names:
        path = folder / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> "$(dirname "$0")/calls.txt"\n', encoding="utf-8")
        path.chmod(0o755)
    return folder


def environment(before: Path | None = None, **more: str) -> dict[str, str]:
    """That of a machine whose `python3` and `python` have what unmagic imports, and not unmagic itself."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {"PATH": f"{before}:{path}" if before else path, "HOME": "/nowhere", "LANG": "C.UTF-8", **more}


def base() -> Path:
    """The folder of the Python that the tests' own virtual environment stands on."""
    return Path(getattr(sys, "_base_executable", sys.executable)).parent


def run(words: list[str | Path], cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """As a platform runs its script: all output in one stream, as it comes."""
    return subprocess.run(
        words, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=120, check=False,
    )  # fmt: skip


def machine(autograder: Path, stubs: Path) -> list[str]:
    """A container as Gradescope's: root, no bubblewrap in it, own processes and network, /autograder; the words that
    run something in it."""
    bwrap = shutil.which("bwrap") or "bwrap"
    words = [bwrap, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--die-with-parent", "--tmpfs", "/"]
    for path in sorted(Path("/").iterdir()):
        if path.is_symlink():
            words += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir() and path.name not in ("dev", "proc", "tmp", "run", "autograder"):
            words += ["--ro-bind", str(path), str(path)]
    words += ["--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--chmod", "1777", "/tmp", "--tmpfs", "/run"]
    words += ["--bind", str(autograder), "/autograder", "--bind", str(stubs), "/stubs"]
    words += ["--ro-bind", str(Path(click.__file__).parents[1]), "/packages/site-packages"]
    words += ["--ro-bind", "/dev/null", os.path.realpath(bwrap)]
    return words
