"""What grading one submission gave: one frozen value, which every page, file and gradebook is made from.

Points are whole numbers. `visibility` uses Gradescope's words. A grader's own fault gives `not_graded`, a sentence:
then there are no points at all, not zero points.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["passed", "failed", "skipped", "error"]
Visibility = Literal["visible", "hidden"]

#: Of the JSON that `data` makes.
SCHEMA = "unmagic/coursework/v1"


@dataclass(frozen=True)
class Tested:
    """One test. `skipped`: not run, since what it stands on failed, and `output` says which. `error`: a fault of the
    grader's own, after which the whole outcome is not graded."""

    id: str  # stage.test, unique in an assignment
    name: str  # a short phrase
    stage: str
    points: int
    max_points: int
    status: Status
    visibility: Visibility
    output: str  # what was sent, expected and came, as text of several lines; for hidden tests the class of failure
    hint: str  # one sentence, or empty
    seconds: float


@dataclass(frozen=True)
class StageOutcome:
    """One stage, whose objective is earned when all of its tests pass."""

    id: str
    title: str
    points: int
    max_points: int
    earned: bool
    optional: bool
    skipped_for: str = ""  # the stage that has to be earned first, by its id


@dataclass(frozen=True)
class Outcome:
    """One graded submission."""

    submission: str  # its name
    sha256: str  # of its files
    assignment: str  # its name and version
    seed: str  # from sha256 and the assignment's key: the same submission is asked the same
    tier: str  # of the place where it ran
    tests: tuple[Tested, ...] = ()
    stages: tuple[StageOutcome, ...] = ()
    not_graded: str = ""  # one sentence, why there is no score
    printed: str = ""  # what the submission printed, capped
    seconds: float = 0.0

    @property
    def points(self) -> int:
        """All points; nobody may ask for them if it was not graded. Raises ValueError then."""
        if self.not_graded:
            raise ValueError(f"{self.submission} was not graded: {self.not_graded}")
        return sum(stage.points for stage in self.stages)

    @property
    def max_points(self) -> int:
        """The points that there are."""
        return sum(stage.max_points for stage in self.stages)


def data(outcome: Outcome) -> dict[str, Any]:
    """Plain JSON types, with the schema's name; `points` is null if it was not graded."""
    points = None if outcome.not_graded else outcome.points
    return {"schema": SCHEMA, **asdict(outcome), "points": points, "max_points": outcome.max_points}


def outcome(data: dict[str, Any]) -> Outcome:
    """The way back. Raises KeyError, TypeError or ValueError if it is none of ours."""
    if data["schema"] != SCHEMA:
        raise ValueError(f"this is no {SCHEMA}")
    known = {key: value for key, value in data.items() if key not in ("schema", "points", "max_points")}
    tests = tuple(Tested(**test) for test in known.pop("tests"))
    stages = tuple(StageOutcome(**stage) for stage in known.pop("stages"))
    return Outcome(**known, tests=tests, stages=stages)
