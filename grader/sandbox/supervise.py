"""The process of one submission: takes a job on stdin, grades, writes one JSON object on stdout, and ends.

It alone writes a result, and what it writes comes from `grade`; the submission's own output never reaches this stdout.
A hand-in of notebooks is not run as it is: see grader/coursework/exercises.py.
A job is a line of JSON (`name`, `assignment`, `tier`, `key`, `stages`, `hidden`, `limits`, `size`) and after it the
hand-in, an archive of `size` bytes. A job `probe` (a tier) only tries that tier. An answer has `outcome` and `flags`,
or `fault`: one sentence, a fault of ours, or `refused`: one sentence, the hand-in cannot be graded as it is.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import traceback
from pathlib import Path
from typing import Any

from ..cohort.vendored import vendored
from ..coursework.assignment import Assignment, AssignmentError
from ..coursework.assignment import load as load_assignment
from ..coursework.exercises import LaidOut, in_folder, is_archive, laid_out
from ..coursework.grade import grade
from ..coursework.outcome import data
from ..coursework.place import PlaceError, SubmissionFailed
from ..coursework.stagefile import tests
from ..coursework.submission import Submission, SubmissionError, files, load
from . import slots
from .enter import enter, user_of
from .job import Job
from .limits import MIB, Limits
from .unpack import ARCHIVES, unpack

_OWN_MEMORY = 2048 * MIB  # a hand-in is a stranger's file: opening it may not take the machine with it


def main() -> None:
    """Never raises: what went wrong is told in the answer."""
    job = json.loads(sys.stdin.buffer.readline())
    parent = os.getppid()
    answer_to = os.dup(1)
    os.dup2(2, 1)  # whatever is printed by accident is no answer
    try:
        _bound_ourselves()
        answer = _probe(job["probe"], parent) if "probe" in job else _graded(job, parent)
    except (PlaceError, AssignmentError) as error:
        answer = {"fault": str(error)}
    except SubmissionError as error:
        answer = {"refused": str(error)}
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        answer = {"fault": f"the grader failed: {type(error).__name__} at {Path(where.filename).name}:{where.lineno}"}
        traceback.print_exc()
    with os.fdopen(answer_to, "w", encoding="utf-8") as file:
        json.dump(answer, file)


def _bound_ourselves() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = _OWN_MEMORY if hard == resource.RLIM_INFINITY else min(_OWN_MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def _probe(tier: str, parent: int) -> dict[str, Any]:
    """Runs a program that says one line behind the wall of a tier. Raises `PlaceError`."""
    slot = slots.take()
    with Job(user_of(tier, slot)) as job:
        asked = "import sys; sys.stdout.write(sys.stdin.readline())"
        submission = Submission("probe", job.submission, (), ("python3", "-c", asked), "")
        job.hand_over()
        place = enter(tier, job, slot, Limits(wall=30), (), parent)
        try:
            if place.shim(submission).ask(b"here", 20) != b"here":
                raise PlaceError("a program behind the wall does not answer")
        except SubmissionFailed as error:
            raise PlaceError(f"a program behind the wall fails: {error} {error.output.text.strip()[-200:]}") from None
        finally:
            place.close()
    return {}


def _graded(job: dict[str, Any], parent: int) -> dict[str, Any]:
    """Raises `PlaceError`, `SubmissionError`, `AssignmentError`."""
    assignment = load_assignment(Path(job["assignment"]))
    stages = [stage for stage in assignment.stages if not job["stages"] or stage.id in job["stages"]]
    for stage in stages:
        tests(assignment, stage)  # loaded while everything can be read
    hidden = (
        Path(job["assignment"]),
        assignment.source,
        assignment.starter,
        assignment.tests,
        *map(Path, job["hidden"]),
    )
    slot = slots.take()
    with Job(user_of(job["tier"], slot)) as here:
        handed_in = sys.stdin.buffer.read(job["size"])
        flags: list[str] = []
        if assignment.of_notebooks:
            made = _exercises(handed_in, assignment, here, job)
            stages, flags, folder = list(made.stages), list(made.flags), here.submission
        else:
            folder = _unpacked(handed_in, here, here.submission, job["name"])
        submission = _loaded(folder, here, job["name"])
        flags += vendored(folder)
        here.hand_over()
        place = enter(job["tier"], here, slot, Limits(**job["limits"]), hidden, parent)
        try:
            outcome = grade(submission, assignment, place, key=job["key"], stages=stages)
        finally:
            place.close()
        return {"outcome": data(outcome), "flags": flags}


def _loaded(folder: Path, here: Job, name: str) -> Submission:
    """What was handed in. Raises `SubmissionError`, which calls it by its name: its folder is this job's alone."""
    try:
        return load(folder, name)
    except SubmissionError as error:
        raise SubmissionError(str(error).replace(str(here.submission), name)) from None


def _unpacked(handed_in: bytes, here: Job, into: Path, name: str) -> Path:
    archive = here.folder / "hand-in"
    archive.write_bytes(handed_in)
    folder = unpack(archive, into, name)
    archive.unlink()
    return folder


def _exercises(handed_in: bytes, assignment: Assignment, here: Job, job: dict[str, Any]) -> LaidOut:
    """Lay out the exercises of the notebooks, those of a folder, an archive, or a folder with an archive in it. Raises
    `SubmissionError`."""
    notebooks = {job["name"]: handed_in}
    if is_archive(handed_in):
        folder = _unpacked(handed_in, here, _folder(here, "notebooks"), job["name"])
        notebooks = in_folder(folder)
        if not notebooks and (archive := _archive_in(folder)):
            notebooks = in_folder(unpack(archive, _folder(here, "inside"), archive.name))
    made = laid_out(notebooks, assignment, job["stages"])
    for name, content in made.files.items():
        (here.submission / name).write_bytes(content)
    return made


def _archive_in(folder: Path) -> Path | None:
    """The one archive that a folder holds."""
    found = [path for path in files(folder) if path.name.endswith(ARCHIVES)]
    return found[0] if len(found) == 1 else None


def _folder(here: Job, name: str) -> Path:
    (here.folder / name).mkdir()
    return here.folder / name


if __name__ == "__main__":
    main()
