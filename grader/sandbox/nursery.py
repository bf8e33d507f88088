"""A process that has loaded all that a supervisor needs, and forks one for each hand-in: to start Python and import the
grader costs more than to grade.

On its socket it is sent a message for each hand-in: the assignment's folder, and with it two files, a socket that is to
be the supervisor's stdin and stdout, and what is to be its stderr. It answers on that socket, with a handle by which
the supervisor can be ended. It ends when its own socket is closed, that is with whoever asked, and its supervisors too.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import sys
from pathlib import Path
from types import FrameType

from ..coursework.assignment import AssignmentError
from ..coursework.assignment import load as load_assignment
from ..coursework.stagefile import tests
from .call import BORN
from .supervise import main as supervise

_LONGEST = 1 << 14  # bytes of a message


def main() -> None:
    """Fork until the socket, which is our stdin, is closed."""
    asked = socket.socket(fileno=os.dup(0))
    signal.signal(signal.SIGCHLD, _collect)
    gc.collect()
    gc.freeze()  # what is here already is shared, and a collection in a child would copy it
    while True:
        message, files, _, _ = socket.recv_fds(asked, _LONGEST, 2)
        if not message or len(files) != 2:
            return
        _load(Path(os.fsdecode(message)))
        _fork(asked, *files)
        for each in files:
            os.close(each)


def _fork(asked: socket.socket, talk: int, complain: int) -> None:
    child = os.fork()
    if child == 0:
        try:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setsid()
            asked.close()
            os.dup2(talk, 0)
            os.dup2(talk, 1)
            os.dup2(complain, 2)
            os.close(talk)
            os.close(complain)
            supervise()
            sys.stderr.flush()
        finally:
            os._exit(0)
    handle = os.pidfd_open(child)
    try:
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(talk)) as sock:
            socket.send_fds(sock, [BORN], [handle])
    finally:
        os.close(handle)


def _load(folder: Path) -> None:
    """Have the assignment and its tests in memory, for all that are forked from here; what is wrong with it, each of
    them says for itself."""
    with contextlib.suppress(AssignmentError):
        assignment = load_assignment(folder)
        for stage in assignment.stages:
            tests(assignment, stage)


def _collect(number: int, frame: FrameType | None) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
