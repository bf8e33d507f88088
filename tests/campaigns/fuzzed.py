"""Record generated programs (generated.py) with each engine: they do the same as untraced, and the engines record the
same calls. Prints the counts, and of a program that shows a difference its seed: `--first SEED --count 1` runs that.

Runs under this Python, and once more under every other one from 3.12 on. Exit codes: 0 all held, 1 something did not.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from helpers_recording import ENGINES, consistent, from_source, outline, recorded  # noqa: E402

from campaigns.generated import program  # noqa: E402 (only now can it be found)
from campaigns.pythons import with_engines  # noqa: E402

FUEL = 60


@dataclass(frozen=True)
class Held:
    """One program: how many calls it made, and what did not hold."""

    calls: int
    problems: tuple[str, ...]


def once(run: Any, fuel: int) -> tuple[Any, str]:
    """What it says it did, and what it printed. Nothing is collected meanwhile: when that is depends on all that is
    allocated, and a generator that is dropped with a cycle does things then."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a coroutine that nobody awaited, as the chance would have it
        gc.disable()
        try:
            said = run(fuel)
        finally:
            gc.enable()
    return said, out.getvalue()


def collect() -> None:
    """Drop what the run before has left, and what that leaves: a generator in it may go on for a while."""
    while gc.collect():
        pass


def try_seed(seed: int, folder: Path) -> Held:
    """Run the program of this seed untraced, and recorded with each engine."""
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None  # no fuel in a generator that is being dropped
    try:
        source, fuel = program(seed), 1 + seed % FUEL
        collect()
        plain = once(from_source(source, folder).run, fuel)
        outlines, problems = [], []
        for engine in ENGINES:
            module = from_source(source, folder)
            collect()
            done = recorded(folder / "run.trace", once, module.run, fuel, program=str(folder), engine=engine)
            if done.error or done.result != plain:
                problems.append(f"{engine}: it did not do the same as untraced ({done.error!r})")
            with done.trace() as trace:
                consistent(trace)
                outlines.append([row for row in outline(trace) if row[2] != "once"])
        if outlines[0] != outlines[-1]:
            problems.append(f"the engines differ: {difference(*outlines)}")
        return Held(len(outlines[0]), tuple(problems))
    finally:
        sys.unraisablehook = hook


def difference(one: list[Any], other: list[Any]) -> str:
    """The first place at which two lists of calls differ."""
    for a, b in zip(one, other, strict=False):
        if a != b:
            return f"{a} and {b}"
    return f"{len(one)} and {len(other)} calls"


def campaign(first: int, count: int) -> bool:
    """So many seeds under this Python; prints what did not hold. True where all did."""
    began, calls, bad = time.monotonic(), 0, 0
    with TemporaryDirectory(prefix="unmagic-") as name:
        for seed in range(first, first + count):
            try:
                held = try_seed(seed, Path(name))
            except AssertionError as error:
                held = Held(0, (f"the trace does not fit together: {error}",))
            calls += held.calls
            bad += bool(held.problems)
            for problem in held.problems:
                print(f"  PROBLEM with seed {seed}: {problem}", flush=True)
    version = ".".join(map(str, sys.version_info[:3]))
    print(
        f"Python {version}, {' and '.join(ENGINES)}: {count:,} programs, {calls:,} calls, {bad} of them not the same",
        end="",
    )
    print(f" ({time.monotonic() - began:.0f} s)", flush=True)
    return not bad


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, metavar="N", help="programs (1000)")
    parser.add_argument("--first", type=int, default=1, metavar="SEED", help="the first seed (1)")
    parser.add_argument("--here", action="store_true", help="under this Python alone")
    arguments = parser.parse_args()
    right = campaign(arguments.first, arguments.count)
    if not arguments.here:
        for python in with_engines():
            if python != sys.executable:
                command = [python, __file__, "--here", "--first", str(arguments.first), "--count", str(arguments.count)]
                right = subprocess.run(command, cwd=ROOT, check=False).returncode == 0 and right
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
