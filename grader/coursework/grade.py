"""Grade one submission: stage by stage, each on the ground of those before.

In: a submission, an assignment, a place to run it. Out: an `Outcome`. Three rules:
a stage whose ground was not earned is skipped, not failed; after two tests of a stage that nobody answered in time the
rest of it is skipped too, so that there always are results; what goes wrong on our side is *not graded*.
Whenever a test has failed the server is started afresh, so that no test suffers from the one before.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import replace

from .assignment import Assignment, Stage
from .exchange import End, Kind, Wrong
from .outcome import Outcome, StageOutcome, Tested
from .place import Crowded, Place, PlaceError, SubmissionFailed
from .processes import Processes
from .seed import seed as drawn
from .staged import Asked, Patience
from .stagefile import Test, tests
from .submission import Submission
from .told import NO_THREAD, class_of_failure, explained, start_failed, without_thread
from .unwritten import unwritten

#: Tests of one stage without an answer in time, after which its others are not run.
SILENT = 2
#: The share of the time for an answer that the others are given, where the stage is lost already.
HURRIED = 0.5


def grade(
    submission: Submission,
    assignment: Assignment,
    place: Place,
    *,
    key: str = "",
    stages: Iterable[Stage] | None = None,
    patience: Patience | None = None,
    on_test: Callable[[Tested], None] = lambda tested: None,
    on_stage: Callable[[StageOutcome], None] = lambda stage: None,
    show_hidden: bool = False,
) -> Outcome:
    """Run the tests of `stages` (default: all; they must include their ground) and say what came of it.

    The place is not closed. Raises `AssignmentError` if the assignment's files are wrong. `show_hidden`: tell of hidden
    tests what is told of the others, for the instructor.
    """
    began = time.monotonic()
    wanted = tuple(assignment.stages if stages is None else stages)
    chosen = [(stage, tests(assignment, stage)) for stage in wanted]
    run = _Run(submission, place, patience or Patience(), drawn(submission.sha256, key), on_test, show_hidden)
    told: list[StageOutcome] = []
    try:
        for stage, its_tests in chosen:
            lost = next((need for need in stage.needs if not any(s.id == need and s.earned for s in told)), "")
            told.append(run.stage(stage, its_tests, lost, assignment))
            on_stage(told[-1])
            if run.not_graded:
                break
    finally:
        printed = run.processes.printed()
        run.processes.stop()
    name = f"{assignment.name}, version {assignment.version}"
    return Outcome(
        submission.name, submission.sha256, name, run.seed, place.tier, tuple(run.tested), tuple(told), run.not_graded,
        printed, round(time.monotonic() - began, 3),
    )  # fmt: skip


class _Run:
    """What one grading has so far."""

    def __init__(
        self, submission: Submission, place: Place, patience: Patience, seed: str, on_test: Callable[[Tested], None],
        show_hidden: bool,
    ) -> None:  # fmt: skip
        self.seed, self.patience, self.on_test, self.show_hidden = seed, patience, on_test, show_hidden
        self.submission = submission
        self.processes = Processes(submission, place, patience)
        self.tested: list[Tested] = []
        self.not_graded = ""
        self.deadline = time.monotonic() + patience.total

    def stage(self, stage: Stage, its_tests: tuple[Test, ...], lost: str, assignment: Assignment) -> StageOutcome:
        """Run a stage's tests, or skip them all for the stage `lost`."""
        first, silent = len(self.tested), 0
        for test in its_tests:
            if lost:
                tested = _skipped(stage, test, f"not run, because stage {lost!r} comes first")
            elif silent >= SILENT:
                tested = _skipped(stage, test, f"not run, because {SILENT} tests of this stage had no answer in time")
            elif time.monotonic() > self.deadline:
                tested = _skipped(stage, test, f"not run, because {self.patience.total:g} seconds were over")
            else:
                lost_already = silent and assignment.credit == "objective"
                tested, unanswered = self._test(stage, test, HURRIED if lost_already else 1.0)
                silent += unanswered
            self.tested.append(tested)
            self.on_test(tested)
            if self.not_graded:
                break
        mine = self.tested[first:]
        earned = bool(mine) and all(tested.status == "passed" for tested in mine) and len(mine) == len(its_tests)
        if assignment.credit == "objective" and not earned:
            mine = [replace(tested, points=0) for tested in mine]
            self.tested[first:] = mine
        points = sum(tested.points for tested in mine)
        return StageOutcome(stage.id, stage.title, points, stage.most, earned, stage.optional, lost)

    def _with_unwritten(self, stage: Stage, hint: str) -> str:
        """The hint, and what of the stage is not written yet, if the hint does not say so."""
        missing = unwritten(self.submission, stage)
        if not missing or any(function in hint for function in missing):
            return hint
        some = ", ".join(missing[:4]) + (f" and {len(missing) - 4} more" if len(missing) > 4 else "")
        return f"{hint}; still to write: {some}" if hint else f"still to write: {some}"

    def _test(self, stage: Stage, test: Test, share: float) -> tuple[Tested, bool]:
        """The test's outcome, and whether nobody answered in time, which is this share of the usual."""
        began, silent = time.monotonic(), False
        tested = Tested(test.id, test.name, stage.id, test.points, test.points, "passed",
                        "hidden" if test.hidden else "visible", "", "", 0.0)  # fmt: skip
        self.processes.mark()
        patience = replace(self.patience, answer=self.patience.answer * share)
        asked = Asked(f"{self.seed}:{test.id}", self.processes.server, self.processes.shim, patience)
        try:
            test.run(asked)
        except Wrong as wrong:
            self.processes.settle()
            ending = self.processes.ending()  # asked first: of one that has ended, all that it printed is there
            printed = self.processes.since(shim_alone=wrong.exchange.kind is Kind.FUNCTION)
            output, hint = explained(wrong, printed, ending)
            hint = NO_THREAD if without_thread(printed) else self._with_unwritten(stage, hint)
            tested = replace(tested, points=0, status="failed", output=output, hint=hint)
            silent = wrong.exchange.end is End.SILENT
            if test.hidden and not self.show_hidden:
                tested = replace(tested, output=class_of_failure(wrong.exchange, printed, ending), hint="")
        except SubmissionFailed as failed:
            self.processes.settle()
            output, hint = start_failed(failed, self.processes.since())
            tested = replace(tested, points=0, status="failed", output=output, hint=hint)
            if test.hidden and not self.show_hidden:
                tested = replace(tested, output=_class_of(failed), hint="")
            silent = failed.ending is None and not isinstance(failed, Crowded)
        except PlaceError as error:
            self.not_graded = str(error)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            self.not_graded = f"the test {test.id} failed itself: {type(error).__name__}: {error} ({where.name})"
        finally:
            asked.close()
        if self.not_graded:
            tested = replace(tested, points=0, status="error", output=self.not_graded)
        if tested.status != "passed":
            self.processes.stop()
        return replace(tested, seconds=round(time.monotonic() - began, 3)), silent


def _class_of(failed: SubmissionFailed) -> str:
    """What is told of a hidden test where there was no answer at all."""
    if isinstance(failed, Crowded):
        return str(failed)
    return f"the server {failed.ending}" if failed.ending else "the submission did not answer"


def _skipped(stage: Stage, test: Test, why: str) -> Tested:
    visibility = "hidden" if test.hidden else "visible"
    return Tested(test.id, test.name, stage.id, 0, test.points, "skipped", visibility, why, "", 0.0)  # type: ignore[arg-type]
