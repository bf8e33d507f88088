"""What a server is in every place: a process of the submission that listens on its port, and can be connected to."""

from __future__ import annotations

import socket
import time
from typing import Protocol

from .place import Ending, Running, SubmissionFailed
from .sockets import listens

POLL = 0.004  # seconds between two looks whether it listens, or has ended


class Listening(Running, Protocol):
    """The common half of a place's server; the other half is the process."""

    port: int

    def mine(self) -> bool:
        """Whether it is this process that listens on the port, where something does."""
        return True

    def soon(self) -> Ending | None:
        """How it ended, if it is about to: its sockets are closed a moment before it is gone."""

    def listen(self, timeout: float) -> None:
        """Wait until it listens; otherwise it is stopped. Raises `SubmissionFailed`."""
        deadline = time.monotonic() + timeout
        while not (listens(self.port) and self.mine()):
            if (ending := self.ending()) is not None:
                self.stop()
                raise SubmissionFailed(f"the server {ending}, before it listened on $PORT", ending, self.output())
            if time.monotonic() > deadline:
                self.stop()
                sentence = f"nothing listened on 127.0.0.1, port $PORT ({self.port}), within {timeout:g} seconds"
                raise SubmissionFailed(sentence, None, self.output())
            time.sleep(POLL)

    def connect(self, timeout: float) -> socket.socket:
        """A new connection. Raises `SubmissionFailed`."""
        try:
            sock = socket.create_connection(("127.0.0.1", self.port), timeout)
        except OSError as error:
            ending = self.soon()
            how = f"the server {ending}" if ending else f"no connection: {error.strerror or error}"
            raise SubmissionFailed(how, ending, self.output()) from None
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock
