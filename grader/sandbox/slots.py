"""A number for each submission that is graded at the same time on this machine: its own user, its own ports.

Held by a lock on a file, so that it is free again when its process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MOST = 400
FIRST_USER = 60100  # of those that no distribution gives to people; within 16 bits, as containers have it
_FIRST_PORT, _PORTS = 20000, 30  # below those that the kernel gives out


@dataclass(frozen=True)
class Slot:
    """A number, held as long as `lock` is open."""

    number: int
    lock: int

    @property
    def user(self) -> int:
        """A user and a group that nothing else on this machine is."""
        return FIRST_USER + self.number

    @property
    def ports(self) -> range:
        """Ports of 127.0.0.1 that no other submission is given."""
        return range(_FIRST_PORT + self.number * _PORTS, _FIRST_PORT + (self.number + 1) * _PORTS)


def _known(user: int) -> bool:
    """Whether somebody on this machine has that number."""
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def abandoned() -> Iterator[int]:
    """Users of slots that were taken once and that nobody holds now: what runs as one of them was left behind. Each is
    held until the next is asked for, so that nobody takes it meanwhile and loses what he has just started."""
    folder = Path(tempfile.gettempdir(), f"unmagic-slots-{os.getuid()}")
    for path in sorted(folder.glob("*")):
        user = FIRST_USER + int(path.name)
        lock = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _known(user):
                yield user
        except BlockingIOError:
            continue
        finally:
            os.close(lock)


def take() -> Slot:
    """A free one. Raises OSError if there is none, or if somebody else's folder lies where the locks belong."""
    folder = Path(tempfile.gettempdir(), f"unmagic-slots-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    told = folder.lstat()
    if told.st_uid != os.getuid() or not stat.S_ISDIR(told.st_mode) or told.st_mode & 0o077:
        raise PermissionError(1, "this folder is somebody else's", str(folder))
    for number in range(MOST):
        if _known(FIRST_USER + number):
            continue
        lock = os.open(folder / str(number), os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            continue
        return Slot(number, lock)
    raise BlockingIOError(11, f"{MOST} submissions are graded at this moment")
