"""The few calls of the kernel that Python has no function for: namespaces, prctl, a loopback that is up.

Each raises OSError as the calls of `os` do. unshare concerns the calling thread alone: call it before there are others.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import struct
from pathlib import Path

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1

_libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: object) -> int:
    """A function of libc. Raises OSError where it returns a negative number."""
    result: int = getattr(_libc, name)(*arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def prctl(option: int, value: int = 0) -> None:
    """prctl(2). Raises OSError."""
    call("prctl", option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0))


def die_with(parent: int) -> None:
    """Have this process killed when the process `parent`, which started it, ends. Lost when the user changes."""
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before we asked
        os.kill(os.getpid(), signal.SIGKILL)


def closed_to_others() -> None:
    """Nobody of the same user may look into this process (/proc/PID/fd, ptrace)."""
    prctl(_PR_SET_DUMPABLE, 0)


def adopt_orphans() -> None:
    """Orphans among this process's descendants become its children, not those of process 1."""
    prctl(_PR_SET_CHILD_SUBREAPER, 1)


def no_new_privileges() -> None:
    """No program that is started from here gains rights, as a setuid program would."""
    prctl(_PR_SET_NO_NEW_PRIVS, 1)


def loopback_up() -> None:
    """Switch `lo` of this network namespace on: a new one has it, but down. Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, asked))[1]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


def private_namespaces(extra: int | None) -> None:
    """Move this process into user and network namespaces of its own, loopback up.

    It stays who it is, and may become the user and group `extra` as well, if it is root now. Nothing of it can then
    touch what belongs to the host's namespaces: no capability reaches there. Raises OSError.
    """
    me, group = os.getuid(), os.getgid()
    if extra is None:
        call("unshare", CLONE_NEWUSER | CLONE_NEWNET)
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{me} {me} 1", encoding="ascii")
    else:  # two users: only somebody with rights outside may say so, so a child stays there to do it
        _unshare_and_map(f"{me} {me} 1\n{extra} {extra} 1\n", f"{group} {group} 1\n{extra} {extra} 1\n")
    loopback_up()


def _unshare_and_map(users: str, groups: str) -> None:
    ready, go = os.pipe()
    me = os.getpid()
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(OSError):
            os.close(go)
            if os.read(ready, 1) == b"+":
                Path(f"/proc/{me}/uid_map").write_text(users, encoding="ascii")
                Path(f"/proc/{me}/gid_map").write_text(groups, encoding="ascii")
                code = 0
        os._exit(code)
    os.close(ready)
    try:
        call("unshare", CLONE_NEWUSER | CLONE_NEWNET)
        os.write(go, b"+")
    finally:
        os.close(go)
        _, status = os.waitpid(child, 0)
    if status != 0:
        raise PermissionError(1, "the users of a new namespace cannot be set")
