"""Asks a supervisor of its own for each job: forked by a process that is ready for it (nursery.py), which is started
with the first job of this process, and again if it was killed."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time

from .call import BORN, words

_MOST_ANSWER = 64 << 20  # bytes
_FORKED = 60.0  # seconds until there is a supervisor


class SupervisorDied(Exception):
    """It ended without an answer; the message says how."""


class _Nursery:
    """The process that forks, as it is seen from here. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._environment: dict[str, str] = {}  # that it was started with

    def fork(self, folder: str, talk: int, complain: int) -> None:
        """Have a supervisor with these files. Raises OSError."""
        with self._lock:
            for again in (True, False):
                try:
                    socket.send_fds(self._running(), [os.fsencode(folder)], [talk, complain])
                    return
                except OSError:
                    self._end()
                    if not again:
                        raise

    def _running(self) -> socket.socket:
        if self._environment != os.environ:  # a supervisor has ours
            self._end()
        if self._socket is None:
            self._environment = dict(os.environ)
            self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._process = subprocess.Popen(
                    words("nursery"), stdin=theirs.fileno(), stdout=subprocess.DEVNULL, cwd="/", start_new_session=True
                )
        return self._socket

    def _end(self) -> None:
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._socket = self._process = None


_nursery = _Nursery()


def ask(job: bytes, folder: str, seconds: float) -> bytes:
    """What a supervisor says to `job`, for the assignment in `folder`. Raises `SupervisorDied`, OSError, and after so
    many seconds TimeoutError."""
    ours, theirs = socket.socketpair()
    with ours, tempfile.TemporaryFile() as complaints:
        with theirs:
            _nursery.fork(folder, theirs.fileno(), complaints.fileno())
        ours.settimeout(_FORKED)
        born, handles, _, _ = socket.recv_fds(ours, len(BORN), 1)
        if not born or not handles:
            raise SupervisorDied("it could not be started")
        try:
            told = _conversation(ours, job, time.monotonic() + seconds)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handles[0], signal.SIGKILL)  # what it has started ends with it
            raise
        finally:
            os.close(handles[0])
        if not told or len(told) > _MOST_ANSWER:
            complaints.seek(0)
            last = complaints.read()[-4096:].decode(errors="replace").strip().splitlines()[-1:]
            raise SupervisorDied(last[0][:300] if last else "it said nothing")
        return told


def _conversation(sock: socket.socket, job: bytes, deadline: float) -> bytes:
    def left() -> float:
        if (seconds := deadline - time.monotonic()) <= 0:
            raise TimeoutError
        return seconds

    told = bytearray()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may answer without reading all
        sock.settimeout(left())
        sock.sendall(job)
        sock.shutdown(socket.SHUT_WR)
    with contextlib.suppress(ConnectionResetError):
        while len(told) <= _MOST_ANSWER:
            sock.settimeout(left())
            if not (more := sock.recv(1 << 20)):
                break
            told += more
    return bytes(told)
