"""What recording costs the traced program: processor time and round trips of the real stack's echo, as ratios.

Several servers are alive together, untraced, recorded without values, and recorded with them, by each engine that this
Python has; one client takes them in turn, block by block, so that all share the machine's good and bad moments. They
are started anew several times: where things lie in memory makes one process faster than another. The processor time is
the whole process's, the recorder's own thread included. (Durations under a tracer are none of the program's own; a
ratio says what one would wait for.)
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, sleep

from .client import BINARY, TEXT, Client, Message, different

ROOT = Path(__file__).resolve().parent.parent
#: (title, messages, round trips in a block)
SIZES = (("64 bytes", different(TEXT, 64), 400), ("64 KiB", different(BINARY, 1 << 16), 30))
STARTS, BLOCKS = 4, 5
WARM = 60
#: Seconds for the recorder to write what a block has left.
SETTLE = 0.3
#: What recording with values may cost, in terms of recording without.
WANTED = 1.7


@dataclass
class Recorded:
    """One server: how it is recorded, its process, a client, and what each block took, in seconds a round trip."""

    title: str
    pid: int
    client: Client
    processor: list[float] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)

    def block(self, messages: Sequence[Message], count: int) -> None:
        """One block of round trips, measured."""
        before, began = _processor(self.pid), perf_counter()
        self.client.echoes(messages, count)
        self.waited.append((perf_counter() - began) / count)
        sleep(SETTLE)
        self.processor.append((_processor(self.pid) - before) / count)


def _processor(pid: int) -> float:
    """Seconds of processor time that a process has used, over all its threads that live."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


@contextmanager
def serving(title: str, engine: str, values: bool, folder: Path) -> Iterator[Recorded]:
    """A server that is recorded by `engine` ('' for none). Raises RuntimeError if it does not start."""
    command = [sys.executable, "-m", "benchmarks.recorded", str(folder / f"{title}.trace"), engine, str(int(values))]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        if not port:
            raise RuntimeError(f"{' '.join(command)} does not serve")
        with Client(int(port)) as client:
            yield Recorded(title, process.pid, client)
        process.kill()


def kinds() -> list[tuple[str, str, bool]]:
    """(title, engine, values) of what is measured, what all others are compared with first."""
    engines = ["settrace", *(["monitoring"] if hasattr(sys, "monitoring") else [])]
    of = [(f"{engine}, {what}", engine, what == "values") for engine in engines for what in ("calls", "values")]
    return [("untraced", "", False), *of]


def line(title: str, of: list[float], base: list[float]) -> str:
    """One row: the median, and its ratio to the same blocks of `base`, with the middle half of it."""
    ratios = [a / b for a, b in zip(of, base, strict=True)]
    low, _, high = quantiles(ratios, n=4)
    return f"{title:22} {median(of) * 1e6:9.1f} us  {median(ratios):5.2f}  (middle half {low:.2f} to {high:.2f})"


def main() -> int:
    """Measure and print. Exit codes: 0 measured, 1 a server failed."""
    print(
        f"Python {sys.version.split()[0]}, {os.cpu_count()} processors; {STARTS} starts, {BLOCKS} blocks each, in turn"
    )
    try:
        for title, messages, count in SIZES:
            starts = [_measured(messages, count) for _ in range(STARTS)]
            _print(title, [_together(of) for of in zip(*starts, strict=True)])
    except (OSError, RuntimeError) as error:
        print(f"not measured: {error}", file=sys.stderr)
        return 1
    return 0


def _measured(messages: Sequence[Message], count: int) -> list[Recorded]:
    """Servers that were started for it, and have ended."""
    with tempfile.TemporaryDirectory(prefix="unmagic-") as folder, ExitStack() as stack:
        servers = [stack.enter_context(serving(*kind, Path(folder))) for kind in kinds()]
        for server in servers:
            server.block(messages, WARM)
            server.processor.clear()
            server.waited.clear()
        for _ in range(BLOCKS):
            for server in servers:
                server.block(messages, count)
    return servers


def _together(servers: Sequence[Recorded]) -> Recorded:
    """What was measured of servers that were recorded in the same way."""
    processor, waited = ([t for one in servers for t in getattr(one, of)] for of in ("processor", "waited"))
    return replace(servers[0], processor=processor, waited=waited)


def _print(title: str, servers: list[Recorded]) -> None:
    for what, of in (("processor time", "processor"), ("round trip", "waited")):
        print(f"\n{title}, {what}, and its ratio to untraced")
        for server in servers:
            print("  " + line(server.title, getattr(server, of), getattr(servers[0], of)))
    print(f"\n{title}, recording with values in terms of recording without, processor time (wanted: at most {WANTED})")
    for without, with_values in zip(servers[1::2], servers[2::2], strict=True):
        print("  " + line(with_values.title, with_values.processor, without.processor))


if __name__ == "__main__":
    sys.exit(main())
