"""Tiers B and C: where there is no bubblewrap, Landlock and seccomp around the process, run as another user (B) or, if
we cannot become one, as ourselves (C).

Without a network of its own the process may listen on its port and do nothing else: it cannot connect anywhere. In tier
C it shares a user with whoever grades, so it is no place for a class.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..coursework.place import Ending, PlaceError
from ..coursework.sockets import listens
from . import seccomp, slots
from .bubblewrap import by_code
from .interpreter import SETTINGS, SHOWN, Interpreter, allowed
from .job import Job
from .limits import Limits
from .slots import FIRST_USER, Slot
from .wall import Start, inside
from .watch import descendants

_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_PATIENCE = 5.0


@dataclass
class UserStarted:
    """A running process. `user`: who runs nothing else on this machine; None in tier C."""

    process: subprocess.Popen[bytes]
    user: int | None
    scratch: Path
    others: set[int]  # processes that the supervisor itself started and that are not this one

    def pids(self) -> list[int]:
        """Those below it, and orphans, which have become the supervisor's children."""
        orphans = [pid for pid in _children() if pid not in self.others and pid != self.process.pid]
        return [pid for root in (self.process.pid, *orphans) for pid in descendants(root)]

    def folders(self) -> list[Path]:
        return [self.scratch]

    def kill(self) -> None:
        """End them until none is left: stopped first, so that none has children meanwhile."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            pids = [pid for pid in self.pids() if pid != self.process.pid or self.process.poll() is None]
            for number in (signal.SIGSTOP, signal.SIGKILL):
                for pid in pids:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)
            if self.user is not None:
                everybody(self.user)
            for pid in pids:
                if pid != self.process.pid:
                    with contextlib.suppress(ChildProcessError):
                        os.waitpid(pid, os.WNOHANG)
            if self.process.poll() is not None and not pids:
                return
            time.sleep(0.005)

    def ending(self, code: int) -> Ending:
        return by_code(code) if code < 0 else Ending(code)


def everybody(user: int) -> None:
    """Kill every process of a user, those too that no list shows in time."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(OSError):
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            if os.getresuid() == (user, user, user) and user >= FIRST_USER:  # never anybody else's
                os.kill(-1, signal.SIGKILL)
        os._exit(0)
    os.waitpid(child, 0)


def _children() -> list[int]:
    found = []
    for thread in os.listdir("/proc/self/task"):
        with contextlib.suppress(OSError), open(f"/proc/self/task/{thread}/children", encoding="ascii") as file:
            found += [int(pid) for pid in file.read().split()]
    return found


@dataclass
class OtherUser:
    """Starts a submission's processes as the user of a slot (`tier` B), or as ourselves (C)."""

    job: Job
    limits: Limits
    interpreter: Interpreter
    left_out: list[Path]
    slot: Slot
    tier: str
    _started: list[UserStarted] = field(default_factory=list)
    _ports: Iterator[int] | None = None

    def port(self) -> int:
        """The next of the slot's ports that nobody has. Raises `PlaceError`."""
        self._ports = self._ports or iter(self.slot.ports)
        for port in self._ports:
            if not listens(port):
                return port
        raise PlaceError("no port is left for another server of this submission")

    def own(self, port: int) -> bool:
        """In tier B by the user, as the kernel tells it; another submission may have been faster to take the port."""
        return self.tier == "C" or self.slot.user in _listeners(port)

    def start(self, start: Start) -> UserStarted:
        rlimits = self.limits.rlimits()
        if self.tier == "C":  # the kernel counts all that this user runs
            del rlimits["RLIMIT_NPROC"]
        scratch = str(self.job.scratch)
        environment = {**start.environment, "HOME": scratch, "TMPDIR": scratch, "PATH": self._path()}
        walls = {
            "rules": self._rules(start.port),
            "filter": seccomp.program(network=False, same_user=self.tier == "C").hex(),
        }
        others = {one.process.pid for one in self._started if one.process.poll() is None}
        words = inside(str(self.job.inside), start, rlimits, environment, json.dumps(walls))
        process = subprocess.Popen(
            [str(self.interpreter.program), *words], env={}, cwd=self.job.submission,
            stdin=start.stdin, stdout=start.stdout, stderr=start.stderr,
            pass_fds=(start.status,), start_new_session=True, **self._who(),
        )  # fmt: skip
        started = UserStarted(process, None if self.tier == "C" else self.slot.user, self.job.scratch, others)
        for one in self._started:
            one.others.add(process.pid)
        self._started.append(started)
        return started

    def _who(self) -> dict[str, Any]:
        return {} if self.tier == "C" else {"user": self.slot.user, "group": self.slot.user, "extra_groups": []}

    def _path(self) -> str:
        return ":".join(dict.fromkeys((str(self.interpreter.program.parent), "/usr/local/bin", "/usr/bin", "/bin")))

    def _rules(self, port: int) -> dict[str, Any]:
        """What it may read, list, write to, and listen on."""
        roots = dict.fromkeys(Path(os.path.realpath(path)) for path in (*SHOWN, self.interpreter.prefix))
        read = [str(path) for root in roots if root.is_dir() for path in allowed(root, self.left_out)]
        read += [*SETTINGS, str(self.job.submission), str(self.job.inside)]
        read += [f"/etc/{name}" for name in ("passwd", "group", "hosts", "nsswitch.conf")]
        return {
            "read": read, "list": [str(root) for root in roots], "write": [str(self.job.scratch), *_DEVICES],
            "port": port,
        }  # fmt: skip


def _listeners(port: int) -> set[int]:
    """Whose sockets listen on a port of this machine."""
    found = set()
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError), open(f"/proc/net/{name}", encoding="ascii") as file:
            for row in file:
                fields = row.split()
                if len(fields) > 7 and fields[1].endswith(f":{port:04X}") and fields[3] == "0A":
                    found.add(int(fields[7]))
    return found


def can_be_another() -> str:
    """Why we cannot run something as another user; empty if we can."""
    if sys.platform != "linux":
        return "this is no Linux"
    if os.geteuid() != 0:
        return "only root can run a program as another user"
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(OSError):
            os.setgroups([])
            os.setresgid(60099, 60099, 60099)
            os.setresuid(60099, 60099, 60099)
            code = 0
        os._exit(code)
    return "" if os.waitpid(child, 0)[1] == 0 else "this machine does not let root become another user"


def clear_abandoned() -> None:
    """End what supervisors of tier B that were killed have left running."""
    if os.geteuid() == 0:
        for user in slots.abandoned():
            everybody(user)
