"""Grade the same hand-ins again and again while the machine is busy: each has to get the same verdict every time.

    make verdicts                               4 hand-ins, 100 times each, with four processes that spin
    python tests/campaigns/verdicts.py 20       20 times

A verdict is the status, the points, and each test's outcome. Exit codes: 0 all the same, 1 not so.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from helpers_coursework import write_mutant, write_solution, written_mutants

from grader.cohort.supervised import Settings, grade, packed
from grader.coursework import assignment as assignments
from grader.coursework.starter import write
from grader.sandbox.tiers import best

SPINNING, AT_ONCE = 4, 3
MUTANTS = ("lengths", "ping_close")  # a mutant of each of these stages


def verdict(name: str, content: bytes, settings: Settings) -> tuple[object, ...]:
    """All of an outcome that has to be the same each time."""
    made = grade(name, content, settings)
    outcome = made.outcome
    if outcome.not_graded:
        return made.status, outcome.not_graded
    return made.status, outcome.points, tuple((test.id, test.status) for test in outcome.tests)


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    assignment = assignments.load()
    there = Path(tempfile.mkdtemp(prefix="unmagic-verdicts-"))
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(SPINNING)]
    different = 0
    try:
        write_solution(there / "whole", assignment)
        write(assignment, there / "starter")
        for stage in MUTANTS:
            mutant = next(one for one in written_mutants() if one.stage == stage)
            write_mutant(there / stage, assignment, mutant)
        settings = Settings(str(assignments.OURS), best(), "verdicts")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for folder in sorted(there.iterdir()):
                content = packed(folder)
                run = [pool.submit(verdict, folder.name, content, settings) for _ in range(times)]
                found = Counter(one.result() for one in run)
                different += len(found) > 1 or next(iter(found))[0] != "graded"
                print(f"{folder.name}: {sorted(found.values(), reverse=True)} of {times}", flush=True)
                (usual, _), *others = found.most_common()
                for other, count in others:
                    print(f"  {count} times otherwise: {_difference(usual, other)}", flush=True)
    finally:
        for process in busy:
            process.kill()
            process.wait()
        shutil.rmtree(there, ignore_errors=True)
    print("the same verdict each time" if not different else f"{different} hand-ins had different verdicts")
    sys.exit(bool(different))


def _difference(usual: tuple[object, ...], other: tuple[object, ...]) -> object:
    if len(usual) < 3 or len(other) < 3:
        return other
    return [one for one in other[2] if one not in usual[2]]  # type: ignore[operator, attr-defined]


if __name__ == "__main__":
    main()
