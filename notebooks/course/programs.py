"""A program of the reader's own, in a folder of its own: run as `unmagic run` runs it, then looked at by the commands.

In: a file's name and its text. Out: what the commands print. Nothing is recorded in the notebook: the program is
another process, as it would be in a terminal. The folder goes when the kernel does.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tracer.scenarios.client import Peer

from .recording import PATIENCE, folder

_ADDRESS = re.compile(r"Running on http://([\d.]+):(\d+)")
#: Seconds that a program has to begin, and to end when it was told to.
STARTING = 30.0


class Program:
    """A file `name` with this `text`, and what becomes of it."""

    def __init__(self, name: str, text: str) -> None:
        self.folder = folder() / name.partition(".")[0]
        self.folder.mkdir(exist_ok=True)
        self.name = name
        (self.folder / name).write_text(text, encoding="utf-8")

    @contextmanager
    def running(self) -> Iterator[Callable[[], Peer]]:
        """`unmagic run` in the background, until the block is over; then Ctrl-C. Gives `connect`. Raises LookupError
        with what the program said last, if it ends before it listens."""
        process = subprocess.Popen(
            [sys.executable, "-m", "unmagic", "run", self.name], cwd=self.folder, env=_environment(), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=_interruptible,
            start_new_session=True,
        )  # fmt: skip
        try:
            said: list[str] = []
            found = next(filter(None, (_ADDRESS.search(_kept(line, said)) for line in process.stderr or ())), None)
            if found is None:
                raise LookupError(f"{self.name} ended before it listened: {''.join(said[-1:]).strip() or 'no word'}")
            host, port = found[1], int(found[2])
            yield lambda: Peer(host, port, timeout=PATIENCE)
            os.killpg(process.pid, signal.SIGINT)  # a terminal's Ctrl-C goes to the command and to the program
            process.communicate(timeout=STARTING)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    def unmagic(self, *words: str, lines: int | None = None) -> None:
        """Run a command of `unmagic` in the folder, and print what it prints; the first `lines` lines of it."""
        done = subprocess.run(
            [sys.executable, "-m", "unmagic", *words], cwd=self.folder, env=_environment(), capture_output=True,
            text=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        said = (done.stdout + (done.stderr if done.returncode > 1 else "")).splitlines()
        print("\n".join(said[:lines]))
        if lines is not None and len(said) > lines:
            print(f"… and {len(said) - lines:,} more lines")

    def read(self, name: str) -> str:
        """The text of a file that a command has made."""
        return (self.folder / name).read_text(encoding="utf-8")


def _kept(line: str, said: list[str]) -> str:
    said.append(line)
    return line


def _environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FLASK_", "WERKZEUG_", "FORCE_COLOR"))}
    root = str(Path(__file__).parent.parent.parent)
    return {**kept, "NO_COLOR": "1", "COLUMNS": "110", "PYTHONPATH": root, "PYTHONHASHSEED": "0"}


def _interruptible() -> None:
    """A kernel in the background may have been told to ignore Ctrl-C; the program must hear it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
