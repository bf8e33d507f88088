"""What the kernel knows of the other side's socket: does one listen on a port, and has it read what we sent?

Asked without connecting, since a student's first server may take one connection only; and for one socket, since the
kernel's whole table takes milliseconds to read. Linux is asked by netlink (sock_diag(7)); elsewhere we have to guess.

Bytes that are sent one after the other may arrive as one piece: whether a server copes with pieces would then be tried
only now and then, and two gradings could differ. So the next piece is sent when the one before has been read.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
import time

#: Seconds to wait for a server that does not read (it may be right: nobody has asked it to).
PATIENCE = 0.25

_SOCK_DIAG, _BY_FAMILY, _ERROR, _REQUEST = 4, 20, 2, 1
_LISTEN = 10
_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_ASKED = struct.Struct("=BBBBI")  # family, protocol, extensions, nothing, states
_ID = struct.Struct("!HH4s12x4s12xIQ")  # ports and addresses of both ends, interface, cookie
_FOUND = struct.Struct("=BBBB48xII")  # family, state, timer, retransmissions; expires, unread bytes
_HERE = socket.inet_aton("127.0.0.1")


class _Unknown(Exception):
    """The kernel cannot be asked."""


def _ask(port: int, other: int) -> tuple[int, int] | None:
    """(state, unread bytes) of the socket on 127.0.0.1, `port`, whose peer is `other`, or that listens for it; None if
    there is none. Raises `_Unknown`."""
    if not hasattr(socket, "AF_NETLINK"):
        raise _Unknown
    body = _ASKED.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF)
    body += _ID.pack(port, other, _HERE, _HERE, 0, (1 << 64) - 1)
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
            kernel.settimeout(1)
            kernel.send(_HEADER.pack(_HEADER.size + len(body), _BY_FAMILY, _REQUEST, 1, 0) + body)
            answer = kernel.recv(8192)
    except OSError:
        raise _Unknown from None
    _, kind, _, _, _ = _HEADER.unpack_from(answer)
    if kind == _ERROR:
        if -struct.unpack_from("=i", answer, _HEADER.size)[0] == errno.ENOENT:
            return None
        raise _Unknown
    _, state, _, _, _, unread = _FOUND.unpack_from(answer, _HEADER.size)
    return state, unread


def listens(port: int) -> bool:
    """Whether a socket of this network namespace listens on 127.0.0.1, `port`."""
    try:
        found = _ask(port, 0)
        return found is not None and found[0] == _LISTEN
    except _Unknown:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return True
        return False


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def wait_until_read(sock: socket.socket) -> None:
    """Return when the other end of `sock`, on this machine, has nothing unread; or after `PATIENCE` seconds."""
    ours, theirs = sock.getsockname()[1], sock.getpeername()[1]
    deadline = time.monotonic() + PATIENCE
    try:
        while (found := _ask(theirs, ours)) and found[0] != _LISTEN and found[1] and time.monotonic() < deadline:
            time.sleep(0.0003)
    except _Unknown:
        time.sleep(0.01)  # a piece of its own in all likelihood
