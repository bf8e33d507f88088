"""The client of the tests: one TCP connection, all of it kept, with a total time limit and a cap on what it takes.

It is made of bytes: it answers no ping by itself, and sends nothing that a test did not ask for. Bytes that came are
counted before the way in which the connection ended is looked at: a server that answers and then closes with unread
bytes sends a reset after a complete answer, and that answer counts.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Sequence
from itertools import pairwise
from types import TracebackType
from typing import Any

from .exchange import End, Exchange, Kind, Wrong
from .sockets import wait_until_read
from .wire import Sent

CAP = 4 << 20  # bytes that one connection may send us
# For the diagnosis of a wrong answer alone: it is taken to be whole after so many seconds without a byte, or in all, or
# with so many bytes more.
QUIET, SETTLED, ENOUGH = 0.15, 1.0, 1 << 18


class Peer:
    """One connection. `patience`: seconds for each answer; `deadline`: when all must be over (monotonic)."""

    def __init__(self, sock: socket.socket, patience: float, deadline: float) -> None:
        self._sock, self._patience, self._deadline = sock, patience, deadline
        self.sent: list[Sent] = []
        self.came = bytearray()
        self.at = 0  # how much of it has been judged
        self.end = End.OPEN
        self._acts, self._silent_at = 0, -1  # what we did, and after which of it everything was waited for in vain
        self.speaks = Kind.HTTP
        self.facts: dict[str, Any] = {}

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it. May be called twice."""
        self._sock.close()

    # -- out --

    def send(self, data: bytes, what: str, cuts: Sequence[int] = ()) -> None:
        """Send `data`, in a segment of its own from each of the `cuts` on. Whoever does not take it may have answered
        already: that is judged by what came."""
        self.sent.append(Sent(data, what, tuple(cuts)))
        self._acts += 1
        edges = [0, *sorted(set(cuts)), len(data)]
        with contextlib.suppress(OSError):
            for start, stop in pairwise(edges):
                self._sock.settimeout(self._left())
                self._sock.sendall(data[start:stop])
                if stop < len(data):
                    wait_until_read(self._sock)

    def no_more(self) -> None:
        """Say that nothing more will be sent (FIN), and go on reading."""
        self._acts += 1
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """End as a machine does that crashes: by a reset."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.close()

    # -- in --

    def _left(self) -> float:
        return max(min(self._patience, self._deadline - time.monotonic()), 0.001)

    def _until(self) -> float:
        """When to give up: soon, if the whole patience was spent already, and nothing was done since."""
        return time.monotonic() + (QUIET if self._silent_at == self._acts else self._patience)

    def _more(self, until: float) -> bool:
        """Read once; False when there is no more, or not before `until`."""
        if self.end in (End.FIN, End.RST, End.FLOOD):
            return False
        try:
            self._sock.settimeout(max(min(until, self._deadline) - time.monotonic(), 0.001))
            data = self._sock.recv(1 << 16)
        except (TimeoutError, socket.timeout):  # noqa: UP041 (two names until Python 3.10's are one)
            self.end = End.SILENT
            return False
        except OSError:
            self.end = End.RST
            return False
        self.end = End.OPEN if data else End.FIN
        self.came += data
        if len(self.came) > CAP:
            self.end = End.FLOOD
        return self.end is End.OPEN

    def unjudged(self) -> bytes:
        """What came and was not looked at yet."""
        return bytes(self.came[self.at :])

    def read(self, count: int) -> bytes:
        """The next `count` bytes, or fewer if no more come."""
        until = self._until()
        while len(self.came) - self.at < count and self._more(until):
            pass
        return bytes(self.came[self.at : self.at + count])

    def read_until(self, mark: bytes, most: int = 1 << 16) -> bytes:
        """What comes up to `mark` and with it, or all there is."""
        until = self._until()
        while (found := self.came.find(mark, self.at)) < 0 and len(self.came) - self.at < most and self._more(until):
            pass
        return self.unjudged() if found < 0 else bytes(self.came[self.at : found + len(mark)])

    def read_all(self) -> bytes:
        """What comes until the connection ends."""
        until = self._until()
        while self._more(until):
            pass
        if self.end is End.SILENT:
            self._silent_at = self._acts
        return self.unjudged()

    def settle(self) -> None:
        """After something wrong: take what belongs to it, so that it can be told what it is."""
        until, most = time.monotonic() + SETTLED, len(self.came) + ENOUGH
        while time.monotonic() < until and len(self.came) < most and self._more(time.monotonic() + QUIET):
            pass

    # -- judged --

    def exchange(self, kind: Kind, wanted: str, expected: bytes | None, came: bytes | None = None) -> Exchange:
        """What this connection has to say about one expectation. `came`: what was made of the bytes that came; of a
        frame that is its payload."""
        got = self.unjudged() if came is None else came
        if kind is Kind.FRAMES and came is not None:
            kind = Kind.PAYLOAD
        before = bytes(self.came[: self.at])
        return Exchange(kind, tuple(self.sent), wanted, expected, got, self.end, dict(self.facts), before)

    def expect(self, expected: bytes, wanted: str, hint: str = "", kind: Kind | None = None) -> None:
        """The next bytes are exactly these. Raises `Wrong`."""
        until = self._until()
        while expected.startswith(self.unjudged()) and len(self.unjudged()) < len(expected) and self._more(until):
            pass
        if not self.unjudged().startswith(expected):
            self.settle()
            raise Wrong(self.exchange(kind or self.speaks, wanted, expected), hint)
        self.at += len(expected)

    def expect_end(self, wanted: str, hint: str = "") -> None:
        """Nothing more comes, and the server ends the connection. Raises `Wrong`."""
        until = self._until()
        while not self.unjudged() and self._more(until):
            pass
        if self.unjudged() or self.end not in (End.FIN, End.RST):
            self.settle()
            raise Wrong(self.exchange(self.speaks, wanted, b""), hint)
