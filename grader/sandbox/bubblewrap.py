"""Tier A: bubblewrap. The process sees programs, libraries and its own files, has a small folder in memory to write to,
and a network with nobody in it but the client that grades it.

Run from the supervisor, which stands in the private network already. What is set here and why:
the environment of bwrap itself is empty (its process 1 shows it to the inside); folders in memory have sizes (each may
take half of the machine's otherwise) and the rest is read-only; limits are set on the inside (inside.py), in the user
namespace whose processes they count; no socket is passed in (one made outside would lead outside); no capabilities, no
new user namespaces, no system call of `syscalls.DENIED`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..coursework.place import Ending
from . import seccomp
from .interpreter import SETTINGS, SHOWN, Interpreter
from .job import Job
from .limits import Limits
from .wall import Start, inside
from .watch import descendants

HERE = "/submission"  # where the submission lies on the inside
_INSIDE = "/.unmagic/inside.py"
_SHARED = 1 << 20  # bytes of /dev/shm
_PATIENCE = 5.0  # seconds that killed processes have to go


@dataclass
class BubblewrapStarted:
    """A running bwrap. `child` is process 1 of the inside, by its number out here."""

    process: subprocess.Popen[bytes]
    child: int
    told: int  # where bwrap says more, at its end; it has to stay open
    _ends: threading.Lock = field(default_factory=threading.Lock)

    def pids(self) -> list[int]:
        return descendants(self.process.pid)

    def folders(self) -> list[Path]:
        """Seen through the root folder of the inside's process 1."""
        return [Path(f"/proc/{self.child}/root{path}") for path in ("/tmp", "/dev/shm")] if self.child else []

    def kill(self) -> None:
        """Process 1 of a process namespace takes all others with it; bwrap collects it and ends as well. Who watches
        the limits may ask for it while the grader does: one after the other."""
        with self._ends:
            self._kill()

    def _kill(self) -> None:
        if self.child and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.child, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(_PATIENCE)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        deadline = time.monotonic() + _PATIENCE
        while self.child and Path(f"/proc/{self.child}").exists() and time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):  # ours now, if bwrap did not wait for it
                os.waitpid(self.child, os.WNOHANG)
            time.sleep(0.001)
        if self.told >= 0:
            os.close(self.told)
            self.told = -1

    def ending(self, code: int) -> Ending:
        """bwrap ends as its command did: with 128 and the signal's number if that was killed."""
        return by_code(code)


def by_code(code: int) -> Ending:
    """How something ended whose exit code is told as shells do, or is a negative signal."""
    number = -code if code < 0 else code - 128 if 128 < code < 128 + 65 else 0
    try:
        return Ending(None, signal.Signals(number).name) if number else Ending(code)
    except ValueError:
        return Ending(code)


@dataclass
class Bubblewrap:
    """Starts a submission's processes; `user` is whom bwrap runs as, None for who we are already."""

    job: Job
    limits: Limits
    interpreter: Interpreter
    left_out: list[Path]
    user: int | None
    tier: str = "A"
    _ports: Iterator[int] = field(default_factory=lambda: iter(range(8080, 32768)))

    def port(self) -> int:
        """A new one each time: closed connections hold the last one for a while."""
        return next(self._ports)

    def own(self, port: int) -> bool:
        """Nobody else is in this network."""
        return True

    def start(self, start: Start) -> BubblewrapStarted:
        filter_file = _memory_file("filter", seccomp.program(network=True))
        told, tell = os.pipe()
        words = [
            shutil.which("bwrap") or "bwrap", *self._walls(),
            "--seccomp", str(filter_file), "--json-status-fd", str(tell),
            "--", str(self.interpreter.program),
            *inside(_INSIDE, start, self.limits.rlimits(), {**start.environment, "PATH": self._path()}),
        ]  # fmt: skip
        try:
            process = subprocess.Popen(
                words, env={}, cwd="/", stdin=start.stdin, stdout=start.stdout, stderr=start.stderr,
                pass_fds=(filter_file, tell, start.status), start_new_session=True, **self._who(),
            )  # fmt: skip
        finally:
            os.close(filter_file)
            os.close(tell)
        return BubblewrapStarted(process, _child(told), told)

    def _who(self) -> dict[str, Any]:
        return {} if self.user is None else {"user": self.user, "group": self.user, "extra_groups": []}

    def _path(self) -> str:
        own = str(self.interpreter.program.parent)
        return ":".join(dict.fromkeys((own, "/usr/local/bin", "/usr/bin", "/bin")))

    def _walls(self) -> list[str]:
        words = ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
        words += ["--disable-userns", "--uid", "65534", "--gid", "65534", "--hostname", "sandbox", "--cap-drop", "ALL"]
        words += ["--die-with-parent", "--new-session"]
        for path in SHOWN:
            if os.path.islink(path):
                words += ["--symlink", os.readlink(path), path]
            elif os.path.isdir(path):
                words += ["--ro-bind", path, path]
        if not self.interpreter.shown_already:
            words += ["--ro-bind", str(self.interpreter.prefix), str(self.interpreter.prefix)]
        for unseen in self.left_out:
            nothing = self.job.empty if unseen.is_dir() else self.job.nothing
            words += ["--ro-bind", str(nothing), str(unseen)]
        for name in sorted(os.listdir(self.job.etc)):
            words += ["--ro-bind", str(self.job.etc / name), f"/etc/{name}"]
        for setting in SETTINGS:
            words += ["--ro-bind-try", setting, setting]
        words += ["--proc", "/proc", "--dev", "/dev", "--size", str(_SHARED), "--perms", "1777", "--tmpfs", "/dev/shm"]
        words += ["--remount-ro", "/dev", "--size", str(self.limits.space), "--perms", "1777", "--tmpfs", "/tmp"]
        words += ["--ro-bind", str(self.job.inside), _INSIDE, "--ro-bind", str(self.job.submission), HERE]
        return [*words, "--remount-ro", "/", "--chdir", HERE]


def _memory_file(name: str, data: bytes) -> int:
    """A file that is nowhere, to be read from its beginning."""
    made = os.memfd_create(name, 0)
    os.write(made, data)
    os.lseek(made, 0, os.SEEK_SET)
    return made


def _child(told: int) -> int:
    """The number of the inside's process 1, which bwrap tells as soon as there is one; 0 if it never came so far."""
    line = b""
    while not line.endswith(b"\n") and (more := os.read(told, 1)):
        line += more
    try:
        return int(json.loads(line)["child-pid"])
    except (ValueError, KeyError, TypeError):
        return 0
