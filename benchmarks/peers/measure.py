"""All servers alive together, one client that takes them in turn, block by block: so that all share the machine's good
and bad moments, and each block has its untraced neighbour.

The client is this process, never recorded. The processor time is the whole server process's, its recorder's own threads
included. How many round trips make a block depends on how slow the recorder is; a block is some tenths of a second.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ..client import BINARY, TEXT, Client, Message, different
from ..recording import Recorded
from .environment import ROOT, prepared
from .recorders import APPMAP, KINDS

SIZES = {"64 bytes": different(TEXT, 64), "64 KiB": different(BINARY, 1 << 16)}
#: Seconds that a block takes, and how many round trips it has at least and at most.
BLOCK, LEAST, MOST = 0.2, 5, 400


@dataclass
class Measured:
    """One server: its process, what each block took (seconds a round trip), and what its recorder left in the end."""

    title: str
    process: subprocess.Popen[str]
    served: Recorded
    count: int = LEAST
    messages: int = 0
    #: Why it answers no longer, '' as long as it does.
    broken: str = ""
    left: dict[str, int | None] = field(default_factory=dict)

    def block(self, messages: Sequence[Message]) -> None:
        """One block; a server that does not answer any more is left alone from then on."""
        if self.broken:
            return
        try:
            self.served.block(messages, self.count)
        except (OSError, RuntimeError) as error:
            self.broken = f"stopped answering after {self.messages} messages: {error}"
            self.process.kill()
        self.messages += self.count

    def warm(self, messages: Sequence[Message]) -> None:
        """Both sides warm; then it is known how many round trips a block can have."""
        for _ in range(3):
            self.block(messages)
        if not self.broken:
            self.count = max(LEAST, min(MOST, int(BLOCK / max(1e-5, self.served.waited[-1]))))
        self.served.processor.clear()
        self.served.waited.clear()

    def end(self) -> None:
        """Have the recorder write what it has, and say how much that is."""
        told, _ = self.process.communicate()  # it hears that its input has ended
        self.left = json.loads(told.splitlines()[-1]) if told.strip() else {}


def _line(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline().strip()


@contextmanager
def serving(title: str, python: Path, folder: Path) -> Iterator[Measured]:
    """A server with one recorder. Raises RuntimeError if it does not start."""
    folder.mkdir()
    (folder.parent / "appmap.yml").write_text(APPMAP, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "APPMAP", "KOLO"))}
    variables = {**kept, **KINDS[title].variables, "PYTHONPATH": str(ROOT)}
    command = [str(python), "-m", "benchmarks.peers.server", title, str(folder)]
    with subprocess.Popen(
        command, cwd=folder.parent, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=(folder.parent / f"{folder.name}.txt").open("w"), text=True,
    ) as process:  # fmt: skip
        try:
            port = _line(process.stdout)
            if not port.isdigit():
                said = (folder.parent / f"{folder.name}.txt").read_text().strip().splitlines() or ["it said nothing"]
                raise RuntimeError(f"the server with {title} does not start: {said[-1]}")
            with Client(int(port)) as client:
                yield Measured(title, process, Recorded(title, process.pid, client))
        finally:
            process.kill()


def measured(titles: list[str], pythons: dict[str, Path], size: str, blocks: int) -> list[Measured]:
    """Every recorder of `titles` with messages of one size, `blocks` times in turn; a peer that does not start is left
    out. Raises RuntimeError where one of ours does not."""
    messages = SIZES[size]
    with tempfile.TemporaryDirectory(prefix="unmagic-") as name, ExitStack() as stack:
        servers = []
        for number, title in enumerate(titles):
            try:
                servers.append(stack.enter_context(serving(title, pythons[title], Path(name) / str(number))))
            except RuntimeError as error:
                if not KINDS[title].distribution:
                    raise
                print(f"left out: {error}", file=sys.stderr)
        for server in servers:
            server.warm(messages)
        for _ in range(blocks):
            for server in servers:
                server.block(messages)
        for server in servers:
            server.end()
        return servers


def environments(python: str, minor: int, titles: list[str]) -> dict[str, Path]:
    """The interpreter for each recorder. Raises `CannotInstall`."""
    by_distribution = {name: prepared(python, minor, name) for name in {KINDS[title].distribution for title in titles}}
    return {title: by_distribution[KINDS[title].distribution] for title in titles}
