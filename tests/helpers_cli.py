"""What the tests of the command line share: a command in this process or in one of its own, and what it said.

Bad input gets one sentence on stderr that begins with ``unmagic:``, the exit code 2, and leaves nothing half-written.
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from conftest import ROOT
from helpers_command import in_process

#: Seconds until a command that hangs is killed; to make the pages on a busy machine takes one of them.
LIMIT = 240


@dataclass(frozen=True)
class Done:
    """What one command said and how it ended."""

    code: int
    out: str
    err: str


def environment() -> dict[str, str]:
    """Ours, without what changes how Python starts; `unmagic` is found whatever the folder."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "FLASK_", "WERKZEUG_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", "COLUMNS": "200"}


def hears_ctrl_c() -> None:
    """For a child: hear SIGINT even where we were started in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def unmagic(*words: str | Path, cwd: Path, stdin: str = "") -> Done:
    """One command, without another Python for it."""
    return Done(*in_process(list(map(str, words)), cwd, environment(), stdin))


def alone(*words: str | Path, cwd: Path) -> Done:
    """One command in a process of its own, as a user has it."""
    done = subprocess.run(
        [sys.executable, "-m", "unmagic", *map(str, words)], cwd=cwd, env=environment(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=LIMIT, preexec_fn=hears_ctrl_c,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


def plain(program: Path, *words: str, stdin: str = "") -> Done:
    """The same program without us."""
    env = {k: v for k, v in environment().items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, program.name, *words], cwd=program.parent, env=env, input=stdin,
        capture_output=True, text=True, timeout=LIMIT, preexec_fn=hears_ctrl_c,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


def sentences(done: Done) -> list[str]:
    """What is on stderr but for progress."""
    return [line for line in done.err.splitlines() if not re.match(r"recording \d+/\d+ ", line)]


def one_sentence(done: Done) -> str:
    """The one sentence of a command that refused its input; fails if there is more, less, or a traceback."""
    assert "Traceback" not in done.err + done.out
    told = sentences(done)
    assert len(told) == 1, done.err
    assert re.match(r"unmagic: \S", told[0]), told[0]
    assert done.code == 2
    return told[0]


def tree(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() if p.is_file() else None for p in sorted(folder.rglob("*"))
    }


def own_words(done: Done) -> str:
    """The program's own stderr: without what `unmagic run` adds."""
    return "".join(line for line in done.err.splitlines(keepends=True) if not line.startswith("unmagic: "))


def program(folder: Path, source: str, name: str = "program.py") -> Path:
    (folder / name).write_text(source, encoding="utf-8")
    return folder / name


def _database(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("create table precious (x)")
    db.execute("insert into precious values (42)")
    db.commit()
    db.close()
