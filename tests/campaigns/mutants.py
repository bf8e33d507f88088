"""Grade every written mutant (tests/coursework/mutants.toml): is it caught in its stage, does its hint name the fault?

    make mutants                        all of them, with counts
    python tests/campaigns/mutants.py little-endian     those with this in their names

Exit codes: 0 all are caught in their stages, and hints name at least 5 faults of 6; 1 not so.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from helpers_coursework import Mutant, graded_mutant, hint_of, written_mutants

NAMED = 5 / 6  # of the hints


def tried(mutant: Mutant) -> tuple[Mutant, bool, str, str]:
    """The mutant, whether it was caught in its stage, what was earned instead, and the hint."""
    outcome = graded_mutant(mutant)
    if outcome.not_graded:
        return mutant, False, f"not graded: {outcome.not_graded}", ""
    lost = [stage.id for stage in outcome.stages if not stage.earned]
    return mutant, lost == [mutant.stage], f"lost {', '.join(lost) or 'nothing'}", hint_of(outcome, mutant.stage)


def main() -> None:
    wanted = sys.argv[1:] or [""]
    chosen = [mutant for mutant in written_mutants() if any(word in mutant.name for word in wanted)]
    caught = named = 0
    with ThreadPoolExecutor(max(os.cpu_count() or 1, 2)) as pool:
        for mutant, well, lost, hint in pool.map(tried, chosen):
            right = well and mutant.hint.lower() in hint.lower()
            caught, named = caught + well, named + right
            mark = "ok  " if right else "HINT" if well else "LOST"
            print(f"{mark} {mutant.stage:12} {mutant.name}: {hint if well else lost}", flush=True)
    print(f"{caught} of {len(chosen)} caught in their stages; {named} hints name the fault")
    sys.exit(caught < len(chosen) or named < NAMED * len(chosen))


if __name__ == "__main__":
    main()
