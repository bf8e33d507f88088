"""What the tests of `unmagic run` share: a command and the same without us, to its end or as long as it serves."""

from __future__ import annotations

import os
import queue
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from helpers_command import INVOKED, in_process
from helpers_recording import ROOT, interruptible

from tracer.reading.trace import Trace

#: Longer than anything here takes: what waits so long, fails.
PATIENCE = 60.0
SCRIPTS = Path(sys.executable).parent


@dataclass(frozen=True)
class Done:
    """What one command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def ours(self) -> list[str]:
        """What `unmagic run` itself said."""
        return [line.removeprefix("unmagic: ") for line in self.err.splitlines() if line.startswith("unmagic: ")]

    @property
    def theirs(self) -> str:
        """What the program said on standard error."""
        return "".join(line for line in self.err.splitlines(True) if not line.startswith("unmagic: "))


def environment(**more: str) -> dict[str, str]:
    """Ours, without what changes how Python starts, what a program does, or which interpreter is active."""
    away = ("PYTHON", "FLASK_", "WERKZEUG_", "COVERAGE", "VIRTUAL_ENV")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(away)}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", "COLUMNS": "200", **more}


#: `unmagic` of this checkout, whatever the folder: as `python -m unmagic`, but nothing is added to the program's path.
UNMAGIC = (
    sys.executable,
    "-c",
    f"import sys; sys.path[0] = {str(ROOT)!r}; sys.argv[0] = {INVOKED!r}; from unmagic.cli import main; main()",
)


def done(command: list[str], cwd: Path, stdin: str = "", env: dict[str, str] | None = None) -> Done:
    ran = subprocess.run(
        command, cwd=cwd, env=env or environment(), input=stdin, capture_output=True, text=True,
        timeout=PATIENCE, preexec_fn=interruptible,
    )  # fmt: skip
    return Done(ran.returncode, ran.stdout, ran.stderr)


def unmagic(*words: str | Path, cwd: Path, stdin: str = "", env: dict[str, str] | None = None) -> Done:
    """One command of `unmagic`, to its end, without another Python for the command itself."""
    return Done(*in_process(list(map(str, words)), cwd, env or environment(), stdin))


def compared(*words: str, cwd: Path, python: str = sys.executable, stdin: str = "", env: dict[str, str] | None = None,
             options: tuple[str, ...] = ()) -> Done:  # fmt: skip
    """`python WORDS` and `unmagic run WORDS`: the same output, the same errors, the same exit code. The second one."""
    alone = done([python, *words], cwd, stdin, env)
    recorded = unmagic("run", "--python", python, *options, *words, cwd=cwd, stdin=stdin, env=env)
    assert (recorded.out, recorded.theirs) == (alone.out, alone.err)
    assert recorded.code == (alone.code if alone.code >= 0 else 128 - alone.code)
    return recorded


class Running:
    """A command that serves, in a session of its own, and what it says on both streams, line by line."""

    def __init__(self, command: list[str], cwd: Path, env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            command, cwd=cwd, env=env or environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True, preexec_fn=interruptible,
        )  # fmt: skip
        self.said: list[str] = []
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self._lines.put(line.rstrip("\n"))

    def until(self, pattern: str) -> re.Match[str]:
        """Wait for a line in which `pattern` is found; fails where it does not come."""
        while True:
            try:
                line = self._lines.get(timeout=PATIENCE)
            except queue.Empty:
                raise AssertionError("\n".join([f"{pattern!r} was never said:", *self.said])) from None
            self.said.append(line)
            if found := re.search(pattern, line):
                return found

    def interrupt(self) -> None:
        """What Ctrl-C in a terminal does."""
        os.killpg(self.process.pid, signal.SIGINT)

    def end(self) -> int:
        """Wait for its end; the exit code. All that was said is in `said` then."""
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        while not self._lines.empty():
            self.said.append(self._lines.get())
        return code

    @property
    def ours(self) -> list[str]:
        """What `unmagic run` itself said."""
        return [line.removeprefix("unmagic: ") for line in self.said if line.startswith("unmagic: ")]


@contextmanager
def running(command: list[str], cwd: Path, env: dict[str, str] | None = None) -> Iterator[Running]:
    """`command`, killed with all that it started where the block leaves it running."""
    one = Running(command, cwd, env)
    try:
        yield one
    finally:
        with suppress(ProcessLookupError):
            os.killpg(one.process.pid, signal.SIGKILL)
        one.process.wait()


def get(port: int, path: str = "/") -> str:
    """The body of a page."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
        body: bytes = answer.read()
        return body.decode()


def traces(folder: Path) -> list[str]:
    """The names of the traces in a folder; and of whatever lies beside them."""
    return sorted(path.name for path in folder.iterdir() if ".trace" in path.name)


def called(trace: Path) -> list[str]:
    """The names of the program's own functions that ran, in order."""
    with Trace.open(trace) as opened:
        return [call.code.qualname for call in opened.calls.values() if call.code.lane == "app"]


def written(trace: Path, function: str) -> None:
    """Wait until a trace that still grows has events of `function`."""
    deadline, query = time.monotonic() + PATIENCE, "select 1 from code where qualname = ? and recorded"
    while time.monotonic() < deadline:
        # until it is there, with its tables
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(f"{trace.as_uri()}?mode=ro", uri=True)) as db:
            if db.execute(query, (function,)).fetchone():
                return
        time.sleep(0.01)
    raise AssertionError(f"{function} is not written to {trace}")


def meta(trace: Path) -> dict[str, str]:
    with Trace.open(trace) as opened:
        return dict(opened.meta)


Check = Callable[[Path], object]
