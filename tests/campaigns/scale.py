"""Record 10 thousand and 10 million calls, and 200 threads at once: what a call costs, what memory and disk it takes,
and how long the first page of the trace takes to open.

Prints the counts, and of what is wanted whether it holds. Exit codes: 0 measured and all holds, 1 something does not.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from helpers_recording import PROGRAMS, environment  # noqa: E402
from helpers_recording import command as command_of  # noqa: E402

from campaigns.pythons import with_engines  # noqa: E402 (only now can it be found)

PROGRAM = PROGRAMS / "many_calls.py"
FEW, MANY, THREADS = 10_000, 10_000_000, 200
#: Bytes of memory, seconds until the first page is there, bytes a call on disk, and by how much the cost of a call may
#: differ between few and many.
MEMORY, FIRST_PAGE, ON_DISK, GROWTH = 200_000_000, 1.0, 80.0, 1.25


def record(python: str, engine: str, trace: Path, calls: int, threads: int, scope: str = "program") -> dict[str, Any]:
    """Run the program, recorded by `engine` ('' for not at all); what it says, and the size of the trace."""
    config = {"engine": engine, "values": False, "scope": [scope]}
    words = command_of(PROGRAM, trace if engine else None, str(calls), str(threads), **(config if engine else {}))
    done = subprocess.run([python, *words[1:]], capture_output=True, text=True, env=environment(), check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return {**told, "size": trace.stat().st_size if engine else 0}


def opening(trace: Path, *words: str) -> float:
    """Seconds until a command has shown its first lines."""
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "unmagic", *words, str(trace)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        took = time.perf_counter() - began
        process.kill()
    return took


def verdict(what: str, measured: float, wanted: float, unit: str) -> bool:
    good = measured <= wanted
    print(f"    {what}: {measured:,.2f} {unit}, wanted at most {wanted:,.2f}: {'yes' if good else 'NO'}", flush=True)
    return good


def one(python: str, engine: str, calls: int, folder: Path) -> bool:
    """All that is measured of one engine."""
    few = [record(python, engine, folder / "few.trace", FEW, 1)["all"] for _ in range(5)]
    many = record(python, engine, folder / "many.trace", calls, 1)
    print(f"  {engine}: {sorted(few)[2] * 1e9:,.0f} ns a call of {FEW:,}; {many['all'] * 1e9:,.0f} ns of {calls:,}")
    good = verdict("a call of the last tenth over one of the first", many["last"] / many["first"], GROWTH, "times")
    good &= verdict("memory at its most", many["memory"] / 1e6, MEMORY / 1e6, "MB")
    good &= verdict("on disk", many["size"] / calls, ON_DISK, "bytes a call")
    for command in ("scope", "show", "journeys"):
        took = opening(folder / "many.trace", command)
        good &= verdict(f"first lines of `unmagic {command}`", took, FIRST_PAGE, "s")
    crowd = record(python, engine, folder / "crowd.trace", calls // 10, THREADS)
    print(f"    {THREADS} threads at once: {crowd['all'] * 1e9:,.0f} ns a call", flush=True)
    good &= verdict("memory at its most, with so many", crowd["memory"] / 1e6, MEMORY / 1e6, "MB")
    return good


def nothing_in_scope(python: str, folder: Path, calls: int) -> bool:
    """What recording costs a program of which nothing is recorded, under monitoring."""
    ratios = []
    for _ in range(5):
        untraced = record(python, "", folder / "none.trace", calls // 10, 1)["all"]
        traced = record(python, "monitoring", folder / "none.trace", calls // 10, 1, "nothing_at_all")["all"]
        ratios.append(traced / untraced)
    return verdict("nothing in scope under monitoring", sorted(ratios)[2], 1.05, "times untraced")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=MANY, metavar="N", help=f"instead of {MANY:,}")
    arguments = parser.parse_args()
    good = True
    with TemporaryDirectory(prefix="unmagic-") as folder:
        for python, engines in with_engines().items():
            print(subprocess.check_output([python, "-V"], text=True).strip(), flush=True)
            for engine in engines:
                good &= one(python, engine, arguments.calls, Path(folder))
            if "monitoring" in engines:
                good &= nothing_in_scope(python, Path(folder), arguments.calls)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
