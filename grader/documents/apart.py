"""Readers in a process apart: one that has its parsers loaded and forks for each file, which may then use so much time
and memory and no more.

In: a path. Out: what `answer` made of it, as JSON. `python -m grader.documents.apart` is the process: it takes paths as
lines of JSON on standard input, and answers each with a length (8 bytes) and as many bytes. It ends with whoever asked.
"""

from __future__ import annotations

import atexit
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from .limits import ANSWER, MEMORY, SECONDS

Answer = Callable[[Path], dict[str, Any]]
HEAD = 8


class Apart:
    """The process, begun when it is first asked, and again when it has died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def ask(self, path: Path) -> dict[str, Any] | None:
        """What the process answers; None where the file took it more time or memory than it may."""
        process = self._running()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps(str(path.absolute())).encode() + b"\n")
            process.stdin.flush()
            size = int.from_bytes(_exactly(process.stdout, HEAD), "big")
            answer = json.loads(_exactly(process.stdout, size)) if size else None
        except (OSError, ValueError, EOFError):
            self.end()
            return None
        return answer if isinstance(answer, dict) else None

    def end(self) -> None:
        """End the process, if it is this one's own."""
        if self._process is not None and self._owner == os.getpid():
            self._process.kill()
            self._process.communicate()
        self._process = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
            self.end()
            self._owner = os.getpid()
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, cwd=Path(__file__).parents[2],
            )  # fmt: skip
            atexit.register(self.end)
        return self._process


def _exactly(file: IO[bytes], size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise EOFError
    return data


# In the process --------------------------------------------------------------------------------------------


def serve(answer: Answer) -> None:
    """Answer each path of standard input, one after the other."""
    for line in sys.stdin.buffer:
        data = _forked(answer, Path(json.loads(line)))
        sys.stdout.buffer.write(len(data).to_bytes(HEAD, "big") + data)
        sys.stdout.buffer.flush()


def _forked(answer: Answer, path: Path) -> bytes:
    """What a child of this process answers; nothing where it was stopped."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(ours)
            _bounded()
            with os.fdopen(theirs, "wb") as file:
                file.write(json.dumps(answer(path)).encode())
        finally:
            os._exit(0)
    os.close(theirs)
    try:
        return _all(ours, time.monotonic() + SECONDS)
    finally:
        os.close(ours)
        os.kill(child, signal.SIGKILL)  # it is waited for only now, so its number is still its own
        os.waitpid(child, 0)


def _all(pipe: int, until: float) -> bytes:
    """All that comes through a pipe; nothing where it takes too long, or is too much."""
    data = bytearray()
    while True:
        left = until - time.monotonic()
        if left <= 0 or len(data) > ANSWER or not select.select([pipe], [], [], left)[0]:
            return b""
        piece = os.read(pipe, 1 << 16)
        if not piece:
            return bytes(data)
        data += piece


def _bounded() -> None:
    """No more memory than this, no more processor time, no file written."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


if __name__ == "__main__":
    from .read import answer

    serve(answer)
