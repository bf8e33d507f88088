"""How the outcome of a suite compares with the list of tests that do not apply."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Verdict:
    """`not_applicable` is (test, reason); `problems` are sentences, and there should be none."""

    passed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    not_applicable: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def judge(result: dict[str, Any], listed: dict[str, str]) -> Verdict:
    """`listed` is the reason by test, with its parameters in brackets or, for all of them, without."""
    verdict, used = Verdict(), set()
    for test, outcome in sorted(result["outcomes"].items()):
        entry = test if test in listed else test.partition("[")[0]
        reason = listed.get(entry)
        used.add(entry)
        if reason is not None:
            verdict.not_applicable.append((test, reason))
            if outcome == "passed":
                verdict.problems.append(f"{test} is listed as not applicable, and passes: take it off the list")
        elif outcome == "passed":
            verdict.passed.append(test)
        else:
            verdict.failed.append(test)
            verdict.problems.append(f"{test} {outcome}")
    verdict.problems += [f"{test} is listed, and there is no such test" for test in listed if test not in used]
    verdict.problems += [f"cannot be collected: {name}" for name in result["broken"]]
    verdict.problems += [f"the original was loaded: {path}" for path in result["originals"]]
    if not result["outcomes"]:
        verdict.problems.append("no test was run")
    return verdict
