"""What tests of the coursework share: solutions, written mutants, and a grading of one folder without a wall."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from grader.coursework import assignment as assignments
from grader.coursework import starter, submission
from grader.coursework.assignment import Assignment, Stage
from grader.coursework.grade import grade
from grader.coursework.outcome import Outcome
from grader.coursework.plain import PlainPlace
from grader.coursework.staged import Patience

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MUTANTS = Path(__file__).parent / "coursework" / "mutants.toml"
#: Nobody who answers at all needs so long; who does not is waited for only so long.
PATIENCE = Patience(answer=2.0)


@dataclass(frozen=True)
class Mutant:
    """One fault in one file of the solution."""

    name: str
    stage: str  # where it must be caught
    module: str
    old: str
    new: str
    hint: str  # words that the hint must have

    def of(self, source: str) -> str:
        """The source with the fault. The old text must be there exactly once."""
        assert source.count(self.old) == 1, f"{self.name!r}: {self.old!r} is there {source.count(self.old)} times"
        return source.replace(self.old, self.new)


def written_mutants() -> list[Mutant]:
    """The list in mutants.toml."""
    return [Mutant(**said) for said in tomllib.loads(MUTANTS.read_text(encoding="utf-8"))["mutant"]]


def write_solution(folder: Path, assignment: Assignment, changed: dict[str, str] | None = None) -> Path:
    """A whole solution in a new folder; `changed` has texts of modules that are other than the source's."""
    starter.write(assignment, folder, assignment.stages)
    for module, text in (changed or {}).items():
        (folder / assignment.package / f"{module}.py").write_text(text, encoding="utf-8")
    return folder


def write_mutant(folder: Path, assignment: Assignment, mutant: Mutant) -> Path:
    """The solution with one fault."""
    source = (assignment.source / f"{mutant.module}.py").read_text(encoding="utf-8")
    return write_solution(folder, assignment, {mutant.module: mutant.of(source)})


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    made = Path(tempfile.mkdtemp(prefix="coursework-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def graded(
    work: Path,
    assignment: Assignment,
    stages: Iterable[Stage] | None = None,
    patience: Patience = PATIENCE,
    key: str = "",
) -> Outcome:
    """The work, graded without a wall, hidden tests told like the others."""
    place = PlainPlace()
    try:
        found = submission.load(work)
        return grade(found, assignment, place, stages=stages, patience=patience, show_hidden=True, key=key)
    finally:
        place.close()


def graded_mutant(mutant: Mutant, assignment: Assignment | None = None) -> Outcome:
    """A written mutant, graded on the stage in which it must be caught, and its ground."""
    assignment = assignment or assignments.load()
    with folder() as made:
        work = write_mutant(made / "work", assignment, mutant)
        return graded(work, assignment, assignment.ground(mutant.stage))


def hint_of(outcome: Outcome, stage: str) -> str:
    """The hint of the first test that failed in a stage."""
    return next((tested.hint for tested in outcome.tests if tested.stage == stage and tested.status == "failed"), "")
