"""A process of a submission behind a wall, watched; and the place that hands such processes out.

The student's stdout and stderr are pipes of their own, read within bounds; what is graded comes from the socket, or
from the lines of a shim, and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import threading
import time
from pathlib import Path

from ..coursework.capture import Capture
from ..coursework.listening import POLL, Listening
from ..coursework.place import MAX_LINE, SOON, Ending, Output, PlaceError, Server, Shim, SubmissionFailed
from ..coursework.submission import Submission
from .limits import Limits
from .wall import Start, Wall
from .watch import Watch

_LOOK = 0.05  # seconds between two looks at what is used
_BEGIN = 30.0  # seconds for bwrap and Python to come as far as the student's command
_ENVIRONMENT = {
    "HOME": "/tmp", "TMPDIR": "/tmp", "LANG": "C.UTF-8", "USER": "student", "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1", "PYTHONNOUSERSITE": "1",
}  # fmt: skip


class Box:
    """One process with all that it starts. Raises `PlaceError` if the wall cannot be built."""

    def __init__(self, wall: Wall, place: SandboxPlace, command: tuple[str, ...], port: int, shim: bool) -> None:
        self.port, self._command, self._why, self._said = port, command, "", b""
        environment = {**_ENVIRONMENT, **place.environment, **({"PORT": str(port)} if port else {})}
        nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        printed, print_to = os.pipe()
        self._status, status = os.pipe()
        answers, answer_to = os.pipe() if shim else (-1, -1)
        questions, ask_to = os.pipe() if shim else (-1, -1)
        start = Start(
            place.words(command), environment, port, questions if shim else nothing, answer_to if shim else print_to,
            print_to, status,
        )  # fmt: skip
        try:
            self._started = wall.start(start)
        except OSError as error:
            for one in (printed, self._status, answers, ask_to):
                if one >= 0:
                    os.close(one)
            raise PlaceError(f"the sandbox could not be started: {error.strerror or error}") from None
        finally:
            for one in (nothing, print_to, status, answer_to, questions):
                if one >= 0:
                    os.close(one)
        self.answers, self.questions = answers, ask_to
        self._capture = Capture(os.fdopen(printed, "rb"))
        self._over = threading.Event()
        self._watch = Watch(
            place.limits, self._started.pids, lambda: self._capture.total, self._started.folders, place.left
        )
        self._watcher = threading.Thread(target=self._look, daemon=True)
        self._watcher.start()
        self._begun(place.left())

    def _begun(self, left: float) -> None:
        """Wait until the inside has become the command."""
        said = _first(self._status, min(_BEGIN, max(left, 1.0)))
        if said[:1] != b"+":
            self.stop()
            why = said[1:].decode(errors="replace") or self.output().text.strip()[-300:] or "it did not begin in time"
            raise PlaceError(f"the sandbox could not be set up: {why}")
        self._said = said[1:]

    def _look(self) -> None:
        while not self._over.wait(_LOOK):
            try:
                why = self._watch.over()
            except Exception as error:  # without its watch nothing may run
                why = f"it could not be watched ({type(error).__name__})"
            if why:
                self._why = why
                self._started.kill()
                return
            if self._started.process.poll() is not None:
                return

    def output(self) -> Output:
        """What it printed so far."""
        return self._capture.output()

    def ending(self) -> Ending | None:
        """How it ended; None while it runs."""
        code = self._started.process.poll()
        if code is None:
            return None
        self._capture.join(0.5)
        ending = self._started.ending(code)
        why = self._why
        if (
            not why
            and ending.signal in ("SIGXCPU", "SIGKILL")
            and self._watch.processor >= self._watch.limits.processor - 1
        ):
            why = self._watch.slow()
        if not why and code == 127 and self._missing:
            why = f"the command {' '.join(self._command)!r} cannot be started: {self._missing}"
        return Ending(ending.code, ending.signal, why)

    def soon(self) -> Ending | None:
        """How it ended, if it is about to: its sockets are closed a moment before it is gone."""
        deadline = time.monotonic() + SOON
        while (ending := self.ending()) is None and time.monotonic() < deadline:
            time.sleep(POLL)
        return ending

    @property
    def _missing(self) -> str:
        """Why there is no such command: what the inside wrote after "+", or nothing."""
        if self._status < 0:
            return ""
        self._said += _first(self._status, 0.0)
        return self._said[1:].decode(errors="replace") if self._said[:1] == b"?" else ""

    def stop(self) -> None:
        """End it with all that it started."""
        self._over.set()
        self._started.kill()
        if threading.current_thread() is not self._watcher:
            self._watcher.join()
        self._capture.join(1.0)
        for name in ("questions", "answers", "_status"):
            if (number := getattr(self, name)) >= 0:
                setattr(self, name, -1)
                os.close(number)


def _first(pipe: int, timeout: float) -> bytes:
    """What the pipe holds as soon as it holds something."""
    with selectors.DefaultSelector() as ready:
        ready.register(pipe, selectors.EVENT_READ)
        return os.read(pipe, 1024) if ready.select(timeout) else b""


class BoxServer(Box, Listening):
    """A server behind the wall."""

    def __init__(self, wall: Wall, place: SandboxPlace, command: tuple[str, ...], port: int) -> None:
        self._own = wall.own
        super().__init__(wall, place, command, port, shim=False)

    def mine(self) -> bool:
        """Where others share the network, one of them may have been faster."""
        return self._own(self.port)


class BoxShim(Box):
    """A shim behind the wall: a line in, a line out, within a time and a length."""

    _rest = b""

    def ask(self, line: bytes, timeout: float) -> bytes:
        """The answer to `line`. Raises `SubmissionFailed`."""
        deadline = time.monotonic() + timeout
        self._put(line + b"\n", deadline)
        while b"\n" not in self._rest:
            if len(self._rest) > MAX_LINE:
                raise SubmissionFailed(f"the answer is longer than {MAX_LINE} bytes", None, self.output())
            if (left := deadline - time.monotonic()) <= 0:
                raise SubmissionFailed(f"no answer within {timeout:g} seconds", self.ending(), self.output())
            with selectors.DefaultSelector() as ready:
                ready.register(self.answers, selectors.EVENT_READ)
                if not ready.select(left):
                    continue
            if not (more := os.read(self.answers, 1 << 16)):
                self._ended()
            self._rest += more
        answer, _, self._rest = self._rest.partition(b"\n")
        return answer.rstrip(b"\r")

    def _put(self, data: bytes, deadline: float) -> None:
        os.set_blocking(self.questions, False)
        while data:
            try:
                data = data[os.write(self.questions, data) :]
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise SubmissionFailed("it does not read its stdin", self.ending(), self.output()) from None
                time.sleep(POLL)
            except OSError:
                self._ended()

    def _ended(self) -> None:
        ending = self.soon()
        sentence = f"it {ending}" if ending else "it has closed its stdout"
        raise SubmissionFailed(f"{sentence}, without an answer", ending, self.output())


class SandboxPlace:
    """The place behind a wall, for one submission."""

    def __init__(self, wall: Wall, limits: Limits, program: Path, environment: dict[str, str] | None = None) -> None:
        self.wall, self.limits, self.program = wall, limits, program
        self.environment = environment or {}
        self.tier = wall.tier
        self._until = time.monotonic() + limits.wall
        self._running: list[Box] = []

    def left(self) -> float:
        """Seconds that the submission has left."""
        return self._until - time.monotonic()

    def words(self, command: tuple[str, ...]) -> tuple[str, ...]:
        """The command with the sandbox's own Python for `python` and `python3`."""
        return (str(self.program), *command[1:]) if command[0] in ("python", "python3") else command

    def server(self, submission: Submission, timeout: float) -> Server:
        """Start the submission's server. Raises `SubmissionFailed`, `PlaceError`."""
        self._in_time()
        server = BoxServer(self.wall, self, submission.server, self.wall.port())
        self._running.append(server)
        server.listen(timeout)
        return server

    def shim(self, submission: Submission) -> Shim:
        """Start the submission's shim. Raises `SubmissionFailed`, `PlaceError`."""
        self._in_time()
        if not submission.functions:
            raise PlaceError("this submission has no functions")
        shim = BoxShim(self.wall, self, submission.functions, 0, shim=True)
        self._running.append(shim)
        return shim

    def _in_time(self) -> None:
        if self.left() <= 0:
            raise SubmissionFailed(f"the whole submission took longer than {self.limits.wall:g} seconds")

    def close(self) -> None:
        """Stop everything that still runs."""
        for box in self._running:
            with contextlib.suppress(ProcessLookupError):
                box.stop()
        self._running.clear()
