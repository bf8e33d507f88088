"""Grade mutants of reference_impl that nobody chose: made by cosmic-ray's operators in every function that students
write. At least 95 of 100 that are not equivalent must be caught; survivors are listed.

    make mutants-generated
    python tests/campaigns/mutants_generated.py --module frames      those of one module
    python tests/campaigns/mutants_generated.py --sample 40          some of them, chosen by their own text

cosmic-ray has the operators; what runs a mutant is our own grader, since a test here is a conversation with a process
and not a test runner. Where an operator has many replacements for one place, two of them are taken: most of the others
are the same TypeError. Mutants that change nothing that anybody may rely on are in equivalent.toml, with a reason.

Exit codes: 0 enough are caught, 1 too few, or a reason for what is not there.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import parso
from cosmic_ray.ast import ast_nodes
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names
from helpers_coursework import PATIENCE, folder, tomllib, write_solution

from grader.coursework import assignment as assignments
from grader.coursework import submission
from grader.coursework.assignment import Assignment
from grader.coursework.emptied import lines_of
from grader.coursework.grade import grade
from grader.coursework.outcome import Tested
from grader.coursework.plain import PlainPlace

ENOUGH = 0.95
EACH = 2  # replacements for one place
EQUIVALENT = Path(__file__).parent.parent / "coursework" / "equivalent.toml"


@dataclass(frozen=True)
class Generated:
    """One change of one module."""

    module: str
    stage: str  # of the function that it is in
    change: str  # "old line -> new line"
    source: str

    @property
    def key(self) -> str:
        return f"{self.module}: {self.change}"


class Caught(Exception):
    """A test has failed: nothing more has to be run."""


def generated(assignment: Assignment) -> Iterator[Generated]:
    """Every mutant, in a fixed order."""
    spans: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for stage in assignment.stages:
        for function in stage.functions:
            module, _, name = function.partition(".")
            text = (assignment.source / f"{module}.py").read_text(encoding="utf-8")
            spans[module].append((*lines_of(text, name), stage.id))
    for module, its_spans in sorted(spans.items()):
        text = (assignment.source / f"{module}.py").read_text(encoding="utf-8")
        yield from _of_module(module, text, its_spans)


def _of_module(module: str, text: str, spans: list[tuple[int, int, str]]) -> Iterator[Generated]:
    places: dict[tuple[str, tuple[int, int]], list[tuple[str, int, str]]] = defaultdict(list)
    for name in sorted(operator_names()):
        if "Variable" in name:  # they want to be told which variables
            continue
        operator, occurrence = get_operator(name)(), -1
        for node in ast_nodes(parso.parse(text)):
            for start, _ in operator.mutation_positions(node):
                occurrence += 1
                stage = next((stage for first, last, stage in spans if first <= start[0] <= last), "")
                if stage:
                    places[name.partition("_")[0], start].append((name, occurrence, stage))
    seen = set()
    for (_, start), ways in places.items():
        for name, occurrence, stage in sorted(ways, key=lambda way: _chance(f"{start} {way[0]}"))[:EACH]:
            try:
                source = mutate_code(text, get_operator(name)(), occurrence) or text
            except AttributeError:  # ExceptionReplacer knows no dotted names
                continue
            change = _change(text, source)
            if change and change not in seen:
                seen.add(change)
                yield Generated(module, stage, change, source)


def _change(old: str, new: str) -> str:
    lines = [line for line in difflib.ndiff(old.splitlines(), new.splitlines()) if line[:2] in ("- ", "+ ")]
    before = " / ".join(line[2:].strip() for line in lines if line[0] == "-")
    after = " / ".join(line[2:].strip() for line in lines if line[0] == "+")
    return f"{before} -> {after}" if before != after else ""


def _chance(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def caught(mutant: Generated, assignment: Assignment) -> str:
    """The test that caught it, or an empty string."""

    def stop(tested: Tested) -> None:
        if tested.status == "failed":
            raise Caught(f"{tested.id}: {tested.hint}")

    place = PlainPlace()
    try:
        with folder() as made:
            work = submission.load(write_solution(made / "work", assignment, {mutant.module: mutant.source}))
            outcome = grade(work, assignment, place, patience=PATIENCE, on_test=stop, show_hidden=True)
    except Caught as test:
        return str(test)
    finally:
        place.close()
    assert not outcome.not_graded, f"{mutant.key}: {outcome.not_graded}"
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--module", help="only mutants of this one")
    parser.add_argument("--sample", type=int, metavar="N", help="so many of them")
    parser.add_argument("--jobs", type=int, default=max(os.cpu_count() or 1, 2))
    options = parser.parse_args()
    assignment = assignments.load()
    every = list(generated(assignment))
    reasons = {
        said["mutant"]: said["reason"] for said in tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["equivalent"]
    }
    stale = sorted(set(reasons) - {mutant.key for mutant in every})
    chosen = [m for m in every if m.key not in reasons and options.module in (None, m.module)]
    if options.sample:
        chosen = sorted(chosen, key=lambda mutant: _chance(mutant.key))[: options.sample]
    survivors = []
    with ThreadPoolExecutor(options.jobs) as pool:
        results = zip(chosen, pool.map(lambda mutant: caught(mutant, assignment), chosen), strict=True)
        for number, (mutant, test) in enumerate(results, 1):
            print(f"{number}/{len(chosen)} {mutant.key}  {test or 'SURVIVED'}", flush=True)
            if not test:
                survivors.append(mutant)
    print(f"\n{len(every)} generated, {len(reasons)} of them equivalent")
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} caught, {1 - len(survivors) / max(len(chosen), 1):.1%}")
    for mutant in survivors:
        print(f"survived, in {mutant.stage}: {mutant.key}")
    for key in stale:
        print(f"equivalent.toml has a reason for what is not generated: {key}")
    sys.exit(len(survivors) > (1 - ENOUGH) * len(chosen) or bool(stale))


if __name__ == "__main__":
    main()
