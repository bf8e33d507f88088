"""What the tests of the wiretap share: record a program that talks, and judge by the other end.

The judge is always the other end: a raw peer outside the recording, which keeps what it sent and got. The fixture is
imported `as` its own name, and then holds for every test of the file.
"""

from __future__ import annotations

import hashlib
import os
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers_recording import Done, consistent, moved, recorded

from tracer.reading.trace import Trace

PAYLOAD = bytes(range(256)) * 40  # 10,240 bytes, every value of a byte
LARGE = hashlib.sha256(b"seed").digest() * 20_000  # 640,000 bytes: more than a socket's buffer


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Outside(threading.Thread):
    """The other end, in a thread of its own that calls nothing which is tapped (a file descriptor, not a socket)."""

    def __init__(self, end: socket.socket, sends: bytes = b"") -> None:
        super().__init__(daemon=True)
        self.descriptor = end.detach()
        os.set_blocking(self.descriptor, False)
        self.left = self.sent = sends
        self.got = b""
        self.ended = ""

    def run(self) -> None:
        try:
            while True:
                readable, writable, _ = select.select([self.descriptor], [self.descriptor] if self.left else [], [], 10)
                if writable:
                    self.left = self.left[os.write(self.descriptor, self.left[:50_000]) :]
                if readable:
                    data = os.read(self.descriptor, 1 << 16)
                    self.got += data
                    if not data:
                        return
                if not readable and not writable:
                    self.ended = "nothing came for 10 seconds"
                    return
        except ConnectionError as error:
            self.ended = type(error).__name__
        finally:
            os.close(self.descriptor)


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected TCP sockets."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        one_end = socket.create_connection(server.getsockname(), 10)
        other_end, _ = server.accept()
    for end in (one_end, other_end):
        end.settimeout(10)
    return one_end, other_end


def pair(kind: str) -> tuple[socket.socket, socket.socket]:
    return tcp_pair() if kind == "tcp" else socket.socketpair()


def talk(
    path: Path, program: Callable[[socket.socket], Any], sends: bytes = b"", kind: str = "unix"
) -> tuple[Done, Outside]:
    """Record `program(ours)`, whose other end sends `sends`; then close and let the other end read all."""
    ours, theirs = pair(kind)
    ours.settimeout(10)
    outside = Outside(theirs, sends)
    outside.start()
    try:
        done = recorded(path, program, ours, wire=True)
    finally:
        ours.close()
        outside.join(10)
    assert outside.ended in ("", "ConnectionResetError", "BrokenPipeError")
    if done.error is not None:
        raise done.error
    return done, outside


def the_connection(trace: Trace) -> int:
    """The number of the only connection on which bytes moved."""
    (number,) = {w.connection for w in trace.wires if w.size}
    return number


def check(done: Done, outside: Outside, read: bytes | None = None) -> Trace:
    """What was recorded is what the other end sent and got."""
    trace = done.trace()
    consistent(trace)
    number = the_connection(trace)
    assert sha(moved(trace, number, "out")) == sha(outside.got)
    expected = outside.sent if read is None else read
    assert sha(moved(trace, number, "in")) == sha(expected)
    return trace


def ops(trace: Trace) -> list[str]:
    return [w.op for w in trace.wires if w.size]


def take_all(read: Callable[[], bytes], size: int = len(PAYLOAD)) -> bytes:
    got = b""
    while len(got) < size:
        data = read()
        assert data
        got += data
    return got


def _recv_into(s: socket.socket) -> bytes:
    buffer = bytearray(1000)

    def read() -> bytes:
        return bytes(buffer[: s.recv_into(buffer)])

    return take_all(read)


def outcome(function: Callable[[], Any]) -> tuple[Any, ...]:
    """What a call gives or raises, comparably."""
    try:
        return ("gave", function())
    except BaseException as error:
        context = (type(error.__cause__), type(error.__context__), error.__suppress_context__)
        return ("raised", type(error), error.args, getattr(error, "errno", None), str(error), context)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """After each test here: the classes are as they were."""
    before = [list(vars(c).items()) for c in (socket.socket, ssl.SSLSocket, socket.SocketIO)]
    yield
    after = [list(vars(c).items()) for c in (socket.socket, ssl.SSLSocket, socket.SocketIO)]
    assert after == before
