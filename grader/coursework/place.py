"""Where a submission runs: a place starts its processes, hands out sockets to them, and says how they ended.

In: a `Submission`. Out: a `Server` to connect to, a `Shim` to ask. A place is on one side of a wall and the submission
on the other: plain.py has no wall at all (a student's own machine), the sandbox has one. Whoever grades cannot tell the
two apart but by `tier`.

Two errors, and they are not the same. `SubmissionFailed`: the submission's own doing (its command is missing, it never
listened, it ended); that fails a test. `PlaceError`: the place itself broke; that is *not graded*, and never 0.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Protocol

from .submission import Submission


class PlaceError(Exception):
    """The grader's own fault: nothing is known about the submission. The message is one sentence."""


@dataclass(frozen=True)
class Ending:
    """How a process ended: with an exit code, or by a signal (its name, as SIGKILL).

    `why` says which limit ended it, as half a sentence ("it used more than 512 MB of memory"); empty if none did.
    """

    code: int | None = None
    signal: str = ""
    why: str = ""

    def __str__(self) -> str:
        how = f"ended by {self.signal}" if self.signal else f"ended with exit code {self.code}"
        return f"{how}: {self.why}" if self.why else how


@dataclass(frozen=True)
class Output:
    """What a process printed: at most so much of its beginning and end; `cut` is how many bytes between are missing."""

    text: str = ""
    cut: int = 0


class SubmissionFailed(Exception):
    """A process of the submission did not do what it must; the message is one sentence, for the student."""

    def __init__(self, sentence: str, ending: Ending | None = None, output: Output | None = None) -> None:
        super().__init__(sentence)
        self.ending, self.output = ending, output or Output()


class Crowded(SubmissionFailed):
    """It has more threads than it may have: those of connections that are over still run."""


class Running(Protocol):
    """A process of the submission, and whatever it has started itself."""

    def output(self) -> Output:
        """What it printed so far on stdout and stderr; of a shim, on stderr."""

    def ending(self) -> Ending | None:
        """How it ended; None while it runs. The place's own `stop` counts as running until then."""

    def stop(self) -> None:
        """End it and all of its processes, and wait until they are gone. May be called twice."""


class Server(Running, Protocol):
    """A process that listens on its port."""

    def connect(self, timeout: float) -> socket.socket:
        """A new TCP connection to it (TCP_NODELAY), within `timeout` seconds. Raises `SubmissionFailed`."""


class Shim(Running, Protocol):
    """A process that answers one line on stdin with one line on stdout."""

    def ask(self, line: bytes, timeout: float) -> bytes:
        """The answer to `line`, both without the newline, at most `MAX_LINE` bytes, within `timeout` seconds.

        Raises `SubmissionFailed` if none came, if it was too long, or if the process has ended.
        """


#: Processes and threads that a submission may have at a time, wherever it runs.
TASKS = 40
#: Seconds that a process which has closed its sockets or its stdout is given to end.
SOON = 0.5
#: The longest line that a shim may answer with, in bytes.
MAX_LINE = 1 << 20


class Place(Protocol):
    """Runs one submission; several processes of it may run at a time."""

    #: What keeps the submission in: recorded in every outcome. "none" for plain.py.
    tier: str

    def server(self, submission: Submission, timeout: float) -> Server:
        """Start `submission.server` in its folder, with PORT in the environment; return as soon as something listens on
        127.0.0.1 there. Nothing has been connected to it by then.

        Raises `SubmissionFailed` if it ends before, or does not listen within `timeout` seconds.
        """

    def shim(self, submission: Submission) -> Shim:
        """Start `submission.functions` in its folder. Raises `SubmissionFailed`."""

    def close(self) -> None:
        """Stop everything that still runs. May be called twice."""
