"""The processes of one submission during its grading: started when somebody asks, kept as long as all goes well."""

from __future__ import annotations

import time

from .place import Ending, Place, Running, Server, Shim, SubmissionFailed
from .staged import Patience
from .submission import Submission

#: How much of what was printed is kept for the outcome, in characters.
PRINTED = 4000
SAYS_WHY = 0.3  # seconds


class Processes:
    """At most one server and one shim at a time."""

    def __init__(self, submission: Submission, place: Place, patience: Patience) -> None:
        self._submission, self._place, self._patience = submission, place, patience
        self._server: Server | None = None
        self._shim: Shim | None = None
        self._never: SubmissionFailed | None = None  # the server cannot start: there is no need to wait again
        self._before: dict[int, str] = {}
        self._printed = ""

    def server(self) -> Server:
        """The server, running. Raises `SubmissionFailed`."""
        if self._never:
            raise self._never
        if self._server is not None and self._server.ending() is not None:
            self._stop_server()
        if self._server is None:
            try:
                self._server = self._place.server(self._submission, self._patience.start)
            except SubmissionFailed as failed:
                self._never = failed
                self._printed = failed.output.text[-PRINTED:] or self._printed
                raise
        return self._server

    def shim(self) -> Shim:
        """The shim, running. Raises `SubmissionFailed`."""
        if not self._submission.functions:
            raise SubmissionFailed('submission.toml has no line functions = ["python3", "functions.py"]')
        if self._shim is None:
            self._shim = self._place.shim(self._submission)
        return self._shim

    def _running(self) -> list[Running]:
        return [process for process in (self._server, self._shim) if process is not None]

    def mark(self) -> None:
        """From here on counts what `since` tells: of a process that is started later, everything."""
        self._before = {id(process): process.output().text for process in self._running()}

    def settle(self) -> None:
        """Who has ended the connection needs a moment to say why, on stderr: only the hint waits for it."""
        deadline, size = time.monotonic() + SAYS_WHY, 0
        while self.ending() is None and time.monotonic() < deadline:
            time.sleep(0.03)
            if size == (size := len(self.since())) and size:
                break

    def since(self, *, shim_alone: bool = False) -> str:
        """What the processes have printed since the mark. Of a question about a function only the shim's counts."""
        asked = [one for one in self._running() if one is self._shim or not shim_alone]
        texts = [(process.output().text, self._before.get(id(process), "")) for process in asked]
        return "".join(text[len(before) :] if text.startswith(before) else text for text, before in texts)

    def ending(self) -> Ending | None:
        """How the server ended, if it did."""
        return self._server.ending() if self._server else None

    def printed(self) -> str:
        """The end of all that was printed."""
        self._keep()
        return self._printed

    def _keep(self) -> None:
        for process in self._running():
            self._printed = (self._printed + process.output().text)[-PRINTED:]

    def _stop_server(self) -> None:
        if self._server is not None:
            self._server.stop()
        self._server = None

    def stop(self) -> None:
        """Stop both; the next who asks gets new ones."""
        self._keep()
        self._stop_server()
        if self._shim is not None:
            self._shim.stop()
        self._shim = None
