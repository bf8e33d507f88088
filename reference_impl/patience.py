"""How long to wait for a peer: as long as it takes some of what was written, and a while longer.

In: a socket, and what to wait for. Out: whether it came. A time limit alone would cut off a slow peer with megabytes in
front of it; without one, a dead peer would keep its thread for ever. The kernel knows which of the two it is: it counts
the bytes that the peer has not confirmed.

    >>> here, there = socket.socketpair()
    >>> shut(there, socket.SHUT_WR)
    >>> linger(here, 1.0)                                                # the peer is done, and so are we
    >>> there.recv(1)
    b''
    >>> here.close(), there.close()
    (None, None)

Follows https://github.com/miguelgrinberg/simple-websocket/blob/d44409d9a76278c3d8ad6dbbcaeb40277f0b8d42/src/simple_websocket/ws.py#L106-L122
for what to do at the end, and does it otherwise: the original closes the socket at once.
Leaves out: systems that do not tell how much is on its way; there, each wait has its plain time limit.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
from collections.abc import Callable
from time import monotonic

TICK = 0.1  # seconds between two looks at how much the peer has taken


def shut(sock: socket.socket, how: int) -> None:
    """`shutdown`, of a socket that may be shut already."""
    with contextlib.suppress(OSError):
        sock.shutdown(how)


def in_flight(sock: socket.socket) -> int:
    """How many of the bytes that were written the peer has not confirmed yet; 0 where the system cannot tell."""
    try:
        import fcntl
        import termios

        return int.from_bytes(fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4)), sys.byteorder)
    except (ImportError, OSError, ValueError):  # no such call, or the socket is closed
        return 0


def patiently(sock: socket.socket, wait: Callable[[float], bool], timeout: float) -> bool:
    """Call `wait(seconds)` until it is true; False if the peer takes nothing of what was written for `timeout` seconds.

    A slow peer with megabytes in front of it is not a dead one.
    """
    deadline, before = monotonic() + timeout, -1
    while not wait(min(TICK, timeout)):
        now = in_flight(sock)
        if before not in (-1, now):
            deadline = monotonic() + timeout
        elif monotonic() >= deadline:
            return False
        before = now
    return True


def send_patiently(sock: socket.socket, data: bytes, timeout: float) -> None:
    """`sendall` with a limit. Not by `settimeout`, which would fail the `recv` that another thread is about to call."""

    def limit(seconds: float) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, int(seconds * 1e6)))

    def send(seconds: float) -> bool:
        nonlocal data
        with contextlib.suppress(BlockingIOError):  # the time is up
            data = data[sock.send(data) :]
        return not data

    limit(TICK)
    if not patiently(sock, send, timeout):
        raise TimeoutError("the peer does not read")
    limit(0)


def linger(sock: socket.socket, timeout: float) -> None:
    """Say that we are done, and read what is still on its way until the peer is done, too: FIN and not RST."""

    def ended(seconds: float) -> bool:
        sock.settimeout(seconds)
        try:
            return not sock.recv(65536)
        except TimeoutError:
            return False

    with contextlib.suppress(OSError, ValueError):
        sock.shutdown(socket.SHUT_WR)
        patiently(sock, ended, timeout)
