"""What was found of one report: a frozen value, which faces show and emitters write. Nothing here is markup."""

from __future__ import annotations

from dataclasses import dataclass, field

from .coverage import Coverage
from .truth import Truth
from .verdicts import Judged, Verdict

SCHEMA = 1


@dataclass(frozen=True)
class Part:
    """One part of the points: `id` is chain:receive, links or presence; `said` one sentence about it."""

    id: str
    title: str
    points: float
    most: int
    said: str


@dataclass(frozen=True)
class Result:
    """One report, checked. `problem` is why it could not be (then there is no score: `gradable` is false)."""

    name: str
    task: str
    title: str
    truth: str
    format: str = ""
    parts: tuple[Part, ...] = ()
    judged: tuple[Judged, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    presence: dict[str, bool] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    problem: str = ""
    held: Truth | None = field(default=None, compare=False, repr=False)

    @property
    def gradable(self) -> bool:
        """Whether there is a score at all."""
        return not self.problem

    @property
    def points(self) -> float:
        """The points that are suggested."""
        return round(sum(part.points for part in self.parts), 2)

    @property
    def most(self) -> int:
        """The points that there are."""
        return sum(part.most for part in self.parts)

    def count(self, verdict: Verdict) -> int:
        """How many links have a verdict."""
        return sum(one.verdict is verdict for one in self.judged)

    @property
    def doubts(self) -> tuple[tuple[int, str], ...]:
        """(number of the link, doubt) for a person to look at."""
        return tuple((one.mention.number, doubt) for one in self.judged for doubt in one.doubts)
