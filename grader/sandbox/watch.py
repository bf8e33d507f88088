"""Looks at the processes of a submission while they run, and says which limit they went over.

The kernel's own limits are for each process; what matters is all of them together: memory that is really used,
processor time, processes, what lies in their folders. Memory that processes share is not theirs by any process's count,
so it is counted by what they have mapped.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from .limits import MIB, Limits

_TICKS = os.sysconf("SC_CLK_TCK")
_OWN = 2  # processes of bubblewrap itself
_BUSY = 2.0  # seconds of processor time, more than an honest server needs; from then on others come first


@dataclass(frozen=True)
class Use:
    """What all processes use together."""

    memory: int = 0  # bytes
    tasks: int = 0
    processor: float = 0.0  # seconds, of ended children too


def descendants(pid: int) -> list[int]:
    """`pid` and every process below it that is there now."""
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        found.append(one)
        try:
            threads = os.listdir(f"/proc/{one}/task")
            for thread in threads:
                with open(f"/proc/{one}/task/{thread}/children", encoding="ascii") as file:
                    waiting += map(int, file.read().split())
        except OSError:
            continue  # it ended meanwhile
    return found


def used(pids: Iterable[int]) -> Use:
    """What these processes use. One that has ended counts no longer."""
    memory, tasks, processor = 0, 0, 0.0
    shared: dict[str, int] = {}
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
            with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
                memory += sum(_kib(line) for line in file if line.startswith(("RssAnon:", "VmSwap:", "VmPTE:")))
            processor += sum(map(int, fields[11:15])) / _TICKS
            tasks += int(fields[17])
            with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as file:
                for line in file:
                    if "/dev/zero" in line:
                        _add_shared(line, shared)
        except (OSError, IndexError):
            continue
    return Use(memory + sum(shared.values()), tasks, processor)


def activity(pids: Iterable[int]) -> list[tuple[int, bytes]]:
    """Changes when one of these processes has run for a tick (10 ms), or has another number of threads: until then
    none has used more than before, and reading what they use costs more than they do."""
    found = []
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
            found.append((pid, b" ".join((*fields[11:15], fields[17]))))
        except (OSError, IndexError):
            continue
    return found


def _give_way(pids: Iterable[int]) -> None:
    """Forty processes that spin must not make another submission late, whose answers have a time."""
    for pid in pids:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, pid, 19)


def _kib(line: str) -> int:
    return int(line.split()[1]) * 1024


def _add_shared(line: str, shared: dict[str, int]) -> None:
    span, _, _, device, number, *_ = line.split()
    first, last = (int(side, 16) for side in span.split("-"))
    name = f"{device} {number} {line.split()[2]}"
    shared[name] = max(shared.get(name, 0), last - first)


@dataclass
class Watch:
    """Asks again and again; `over` says which limit was passed, as half a sentence, or nothing."""

    limits: Limits
    pids: Callable[[], list[int]]
    printed: Callable[[], int]
    folders: Callable[[], list[Path]]
    deadline: Callable[[], float]  # seconds that are left
    processor: float = 0.0
    seen: list[tuple[int, bytes]] = field(default_factory=list)

    def over(self) -> str:
        pids = self.pids()
        if (seen := activity(pids)) != self.seen:
            self.seen = seen
            if why := self._more(pids):
                return why
        if self.printed() > self.limits.output:
            return f"it printed more than {self.limits.output // MIB} MiB"
        if self.deadline() < 0:
            return f"the whole submission took longer than {self.limits.wall:g} seconds"
        return ""

    def _more(self, pids: list[int]) -> str:
        limits, use = self.limits, used(pids)
        self.processor = max(self.processor, use.processor)
        if self.processor > _BUSY:
            _give_way(pids)
        if use.memory > limits.memory:
            return f"it used more than {limits.memory // MIB} MiB of memory"
        if use.tasks > limits.processes + _OWN + 4:
            return f"it had more than {limits.processes} processes and threads"
        if self.processor > limits.processor:
            return self.slow()
        return self._full()

    def slow(self) -> str:
        """What to say of a process that used up its processor time."""
        return f"it used more than {self.limits.processor} seconds of processor time"

    def _full(self) -> str:
        size = entries = 0
        for folder in self.folders():
            try:
                if os.path.ismount(folder):
                    told = os.statvfs(folder)
                    size += (told.f_blocks - told.f_bfree) * told.f_frsize
                    entries += told.f_files - told.f_ffree
                else:
                    more, many = _walk(folder, self.limits.entries)
                    size, entries = size + more, entries + many
            except RecursionError:  # folders in folders in folders
                entries += self.limits.entries + 1
            except OSError:
                continue
        if entries > self.limits.entries:
            return f"it made more than {self.limits.entries} files and folders"
        return f"it wrote more than {self.limits.space // MIB} MiB to files" if size > self.limits.space else ""


def _walk(folder: Path, most: int) -> tuple[int, int]:
    """Bytes and number of what is in a folder, looked at no longer than until there are too many."""
    size = entries = 0
    for top, folders, names in os.walk(folder):
        for name in (*folders, *names):
            entries += 1
            try:
                size += os.lstat(os.path.join(top, name)).st_blocks * 512
            except OSError:
                continue
        if entries > most:
            break
    return size, entries
