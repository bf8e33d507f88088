"""The two servers that are compared, each a process of its own with `/echo`, and what they take of memory."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = {
    "ours": ["-m", "reference_impl", "--port", "0"],
    "real": ["-m", "benchmarks.real_stack"],
}


@dataclass(frozen=True)
class Server:
    name: str
    pid: int
    port: int

    def memory(self) -> int:
        """Resident bytes now."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        return int(found[1]) * 1024


@contextmanager
def serving(name: str) -> Iterator[Server]:
    """A server that is stopped at the end. Raises RuntimeError if it does not start."""
    command = [sys.executable, *COMMANDS[name]]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://[\d.]+:(\d+)/", process.stdout.readline())
            if not found:
                raise RuntimeError(f"{' '.join(command)} does not serve")
            yield Server(name, process.pid, int(found[1]))
        finally:
            process.kill()
