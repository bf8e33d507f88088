"""Hand-ins of the tiny assignment (tests/sandbox/tiny), right and wrong ones, for tests of what grades them."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from grader.coursework.assignment import load
from grader.coursework.starter import made
from unmagic.cli import main

ROOT = Path(__file__).parent.parent
TINY = ROOT / "tests" / "sandbox" / "tiny"
#: By a name, what a hand-in's points have to be: nothing, one stage, all.
POINTS = {"starter": 0, "half": 5, "whole": 9}


def work(kind: str = "whole", **changed: str) -> dict[str, bytes]:
    """The files of a hand-in: `starter`, `half` (the first stage) or `whole`; `changed` ones
    instead, by name, with dots written as double underscores."""
    tiny = load(TINY)
    files = made(tiny, {"starter": (), "half": tiny.stages[:1], "whole": tiny.stages}[kind])
    return {**files, **{name.replace("__", "."): text.encode() for name, text in changed.items()}}


def lay(folder: Path, files: Mapping[str, bytes]) -> Path:
    """The files in a folder."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def tar(path: Path, files: Mapping[str, bytes], mode: str = "w") -> Path:
    """The files in a tar archive."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


@dataclass(frozen=True)
class Told:
    """What a command said, and how it ended."""

    returncode: int
    stdout: str
    stderr: str


def unmagic(*words: object, timeout: float = 120, **environment: str) -> Told:
    """The command, in this process; in one of its own if its environment is to be another."""
    if not environment:
        done = CliRunner().invoke(main, [str(word) for word in words])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Told(done.exit_code, done.stdout, done.stderr)
    process = subprocess.run(
        [sys.executable, "-m", "unmagic", *map(str, words)], cwd=ROOT, env={**os.environ, **environment},
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    return Told(process.returncode, process.stdout, process.stderr)


def results(folder: Path) -> list[dict[str, Any]]:
    """The lines of a class's results."""
    found = []
    for path in sorted(folder.glob("results*.jsonl")):
        found += [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return found


def points(line: Mapping[str, Any]) -> Any:
    """Of one line."""
    return line["outcome"]["points"]
