"""The place without a wall: the submission runs as whoever starts it, on 127.0.0.1. For a student's own machine.

Each process is the leader of a session of its own, and the whole of it is killed at the end.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence

from .capture import Capture
from .listening import Listening
from .place import MAX_LINE, SOON, TASKS, Crowded, Ending, Output, PlaceError, Server, Shim, SubmissionFailed
from .sockets import free_port
from .submission import Submission


class _Process:
    """A process of the submission, in a session of its own."""

    def __init__(self, command: Sequence[str], submission: Submission, extra: dict[str, str], shim: bool) -> None:
        words = [sys.executable if command[0] in ("python", "python3") else command[0], *command[1:]]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", **extra}
        try:
            self.process = subprocess.Popen(
                words, cwd=submission.folder, env=environment, start_new_session=True,
                stdin=subprocess.PIPE if shim else subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE if shim else subprocess.STDOUT,
            )  # fmt: skip
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise SubmissionFailed(f"the command {' '.join(command)!r} cannot be started: {why}") from None
        printed = self.process.stderr if shim else self.process.stdout
        assert printed is not None
        self._capture = Capture(printed)

    def output(self) -> Output:
        return self._capture.output()

    def ending(self) -> Ending | None:
        code = self.process.poll()
        if code is None:
            return None
        self._capture.join(0.5)  # what it printed last, unless a child of its holds the pipe
        return Ending(code) if code >= 0 else Ending(None, _signal_name(-code))

    def soon(self) -> Ending | None:
        """How it ended, if it is about to: its sockets are closed a moment before it is gone."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(SOON)
        return self.ending()

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._capture.join(0.5)
        if self.process.stdin:
            with contextlib.suppress(OSError):
                self.process.stdin.close()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class PlainServer(_Process, Listening):
    """A server on a free port of 127.0.0.1."""

    def __init__(self, submission: Submission, timeout: float) -> None:
        self.port = free_port()
        super().__init__(submission.server, submission, {"PORT": str(self.port)}, shim=False)
        self.listen(timeout)

    def connect(self, timeout: float) -> socket.socket:
        """A new connection. Raises `SubmissionFailed`; `Crowded` for what the sandbox would not let it have."""
        if (count := _threads(self.process.pid)) > TASKS:
            sentence = f"it has {count} threads where {TASKS} are allowed: those of connections that are over still run"
            raise Crowded(sentence, None, self.output())
        return super().connect(timeout)


def _threads(pid: int) -> int:
    """How many threads a process has; 0 where the system does not say."""
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return 0


class PlainShim(_Process):
    """A shim, whose answers are read on a thread of their own."""

    def __init__(self, submission: Submission) -> None:
        super().__init__(submission.functions, submission, {}, shim=True)
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        answers = self.process.stdout
        assert answers is not None
        with answers:
            while line := answers.readline(MAX_LINE + 2):
                self._lines.put(line)
        self._lines.put(b"")

    def ask(self, line: bytes, timeout: float) -> bytes:
        questions = self.process.stdin
        assert questions is not None
        try:
            questions.write(line + b"\n")
            questions.flush()
            answer = self._lines.get(timeout=timeout)
        except (OSError, ValueError):
            answer = b""
        except queue.Empty:
            raise SubmissionFailed(f"no answer within {timeout:g} seconds", None, self.output()) from None
        if not answer.endswith(b"\n"):
            if len(answer) > MAX_LINE:
                raise SubmissionFailed(f"the answer is longer than {MAX_LINE} bytes", None, self.output())
            ending = self.soon()
            sentence = f"it {ending}" if ending else "it has closed its stdout"
            raise SubmissionFailed(f"{sentence}, without an answer", ending, self.output())
        return answer.rstrip(b"\r\n")


class PlainPlace:
    """Runs a submission as what it is: a program of yours."""

    tier = "none"

    def __init__(self) -> None:
        self._running: list[_Process] = []

    def server(self, submission: Submission, timeout: float) -> Server:
        server = PlainServer(submission, timeout)
        self._running.append(server)
        return server

    def shim(self, submission: Submission) -> Shim:
        if not submission.functions:
            raise PlaceError("this submission has no functions")
        shim = PlainShim(submission)
        self._running.append(shim)
        return shim

    def close(self) -> None:
        for process in self._running:
            process.stop()
        self._running.clear()
