"""How much a submission may use: one frozen value, in bytes and seconds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..coursework.place import TASKS

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Of all processes of one server or shim together, but where it says otherwise."""

    memory: int = 512 * MIB  # bytes that are really used
    address_space: int = 2048 * MIB  # bytes of each process: a runtime that reserves much uses little of it
    processes: int = TASKS  # processes and threads
    processor: int = 20  # seconds of processor time
    files: int = 128  # open files of each process
    file_size: int = 16 * MIB  # bytes of each file that is written
    space: int = 32 * MIB  # bytes of everything that is written to files
    entries: int = 4000  # files and folders that are made
    output: int = 16 * MIB  # bytes printed, of which the beginning and the end are kept
    wall: float = 300.0  # seconds, of the submission as a whole

    def rlimits(self) -> dict[str, int]:
        """What the kernel holds for each process, by the names of the `resource` module."""
        return {
            "RLIMIT_AS": self.address_space, "RLIMIT_NPROC": self.processes, "RLIMIT_CPU": self.processor,
            "RLIMIT_NOFILE": self.files, "RLIMIT_FSIZE": self.file_size, "RLIMIT_CORE": 0, "RLIMIT_MSGQUEUE": 0,
            "RLIMIT_MEMLOCK": 64 << 10, "RLIMIT_NICE": 0, "RLIMIT_RTPRIO": 0, "RLIMIT_SIGPENDING": 256,
        }  # fmt: skip

    def data(self) -> dict[str, Any]:
        """Plain JSON types; `Limits(**data)` is the way back."""
        return asdict(self)
