"""How long it takes to build all journeys of a trace: of 100, 1,000 and 10,000 echo round trips of the real stack.

The stack is recorded once for each, with a client in another process (`benchmarks/real_stack.py`, `client.py`). Then
the trace is opened and followed in a process of its own, again and again, the sizes in turn: opening (which makes the
tables of a fresh trace), the flow of values, and the journeys in it. What is printed is the median of the repeats, and
all of them; the growth is the time over the time of the size before.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from .client import TEXT, Client, Message
from .servers import ROOT

ROUNDS = (100, 1_000, 10_000)
REPEATS = 3
#: Seconds until a server that hangs is killed.
LIMIT = 900.0
#: Seconds that 1,000 round trips may take.
WANTED = 10.0
STAGES = ("open", "flow", "journeys")


def record(rounds: int, trace: Path, clients: int = 1) -> None:
    """Echo `rounds` messages, each another, over `clients` connections. Raises RuntimeError if the server fails."""
    command = [sys.executable, "-m", "unmagic", "run", "-o", str(trace), str(ROOT / "benchmarks" / "real_stack.py")]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        preexec_fn=_interruptible, start_new_session=True,
    ) as process:  # fmt: skip
        watchdog = threading.Timer(LIMIT, os.killpg, [process.pid, signal.SIGKILL])
        watchdog.start()
        try:
            assert process.stdout is not None
            found = next((m for line in process.stdout if (m := re.search(r"http://[\d.]+:(\d+)/", line))), None)
            if found is None:
                raise RuntimeError(f"{' '.join(command)} does not serve")
            with ExitStack() as stack:
                connected = [stack.enter_context(Client(int(found[1]))) for _ in range(clients)]
                for number in range(rounds):
                    message = Message(TEXT, f"message number {number}".encode())
                    client = connected[number % clients]
                    client.send(message)
                    client.expect(message)
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
            process.communicate()
        finally:
            watchdog.cancel()
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def _interruptible() -> None:
    """Whoever runs in the background may have been told to ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def build(trace: str) -> None:
    """Open and follow one trace; print the seconds of each stage, how many journeys there are, and the peak memory."""
    from tracer.reading.flow import Flow
    from tracer.reading.journeys import answers, journeys
    from tracer.reading.trace import Trace

    times = [time.perf_counter()]
    with Trace.open(trace) as opened:
        times.append(time.perf_counter())
        flow = Flow(opened)
        times.append(time.perf_counter())
        count = len(journeys(flow)) + len(answers(flow))
        times.append(time.perf_counter())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(*(f"{after - before:.3f}" for before, after in pairwise(times)), count, peak)


def measure(trace: Path) -> list[float]:
    """What `build` prints, of a copy whose tables nobody has made."""
    copy = trace.with_suffix(".copy")
    shutil.copyfile(trace, copy)
    command = [sys.executable, "-c", f"from benchmarks.journeys import build; build({str(copy)!r})"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the trace of {trace.stem} round trips could not be followed")
    return [float(word) for word in done.stdout.split()]


def line(rounds: int, measured: list[list[float]], before: float) -> str:
    """One size's row: the stages, the whole, its spread, its growth."""
    stages = [median(one[i] for one in measured) for i in range(len(STAGES))]
    totals = sorted(sum(one[: len(STAGES)]) for one in measured)
    count, peak = measured[0][len(STAGES) :]
    growth = f"{median(totals) / before:6.1f}" if before else "      "
    verdict = f"  wanted under {WANTED:.0f}: {'yes' if median(totals) < WANTED else 'NO'}" if rounds == 1_000 else ""
    spread = ", ".join(f"{total:.2f}" for total in totals)
    parts = "".join(f"{stage:9.2f}" for stage in stages)
    return f"{rounds:8,}{count:10,.0f}{parts}{median(totals):9.2f}{growth}{peak:8,.0f}  ({spread}){verdict}"


def main(sizes: tuple[int, ...] = ROUNDS) -> int:
    """Print the table. Exit codes as of the other benchmarks: 0 measured, 1 something failed."""
    print("seconds to build all journeys, median of repeats; growth over the size before; peak memory in MiB")
    print(f"{'rounds':>8}{'journeys':>10}{''.join(f'{stage:>9}' for stage in STAGES)}{'all':>9}growth  memory")
    with TemporaryDirectory() as folder:
        try:
            traces = {rounds: Path(folder) / f"{rounds}.trace" for rounds in sizes}
            for rounds, trace in traces.items():
                record(rounds, trace)
            measured: dict[int, list[list[float]]] = {rounds: [] for rounds in sizes}
            for _ in range(REPEATS):
                for rounds, trace in traces.items():
                    measured[rounds].append(measure(trace))
        except (OSError, RuntimeError) as error:
            print(f"not measured: {error}", file=sys.stderr)
            return 1
    before = 0.0
    for rounds in sizes:
        print(line(rounds, measured[rounds], before), flush=True)
        before = median(sum(one[: len(STAGES)]) for one in measured[rounds])
    return 0
