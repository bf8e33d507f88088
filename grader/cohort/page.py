"""The instructor's page over a class: points, which stage stops whom, what took long, what has no score, what is
similar.

One file; nothing is fetched, and it needs no JavaScript. All that comes from a student is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..coursework.outcome import Outcome, outcome
from ..faces.html import FOLDER
from .similar import Pair

_BANDS = 10
_SLOWEST, _PAIRS = 10, 60


@dataclass(frozen=True)
class Row:
    """One hand-in on the page."""

    id: str
    status: str
    outcome: Outcome
    flags: tuple[str, ...]

    @property
    def points(self) -> int:
        """Its points; 0 where it has none, which is never shown."""
        return 0 if self.outcome.not_graded else self.outcome.points

    @property
    def stopped(self) -> str:
        """The first stage that was not earned, optional ones aside."""
        return next((stage.id for stage in self.outcome.stages if not stage.earned and not stage.optional), "")


@dataclass(frozen=True)
class Band:
    """One row of the distribution: `share` is of the fullest one, in per cent."""

    name: str
    count: int
    share: int


@dataclass(frozen=True)
class StageRow:
    """One stage: who earned it, who was stopped by it."""

    id: str
    title: str
    earned: int
    stopped: tuple[str, ...]


def rows(lines: Sequence[dict[str, Any]]) -> list[Row]:
    """The lines of results.jsonl as rows, by name. Raises KeyError, TypeError or ValueError."""
    made = [Row(str(one["id"]), str(one["status"]), outcome(one["outcome"]), tuple(one["flags"])) for one in lines]
    return sorted(made, key=lambda row: row.id)


def bands(graded: Sequence[Row]) -> list[Band]:
    """How many have which share of the points."""
    counts = [0] * (_BANDS + 1)
    for row in graded:
        most = row.outcome.max_points or 1
        counts[_BANDS if row.points >= most else row.points * _BANDS // most] += 1
    names = [f"{100 * n // _BANDS} to {100 * (n + 1) // _BANDS - 1} %" for n in range(_BANDS)] + ["100 %"]
    fullest = max(counts) or 1
    return [Band(name, count, 100 * count // fullest) for name, count in zip(names, counts, strict=True)][::-1]


def stages(graded: Sequence[Row]) -> list[StageRow]:
    """Every stage, in the assignment's order."""
    titles = {stage.id: stage.title for row in graded for stage in row.outcome.stages}
    earned = dict.fromkeys(titles, 0)
    for row in graded:
        for stage in row.outcome.stages:
            earned[stage.id] += stage.earned
    return [
        StageRow(name, title, earned[name], tuple(row.id for row in graded if row.stopped == name))
        for name, title in titles.items()
    ]


def page(
    title: str,
    lines: Sequence[dict[str, Any]],
    tier: str,
    alike: Sequence[Pair],
    beside: Sequence[Pair],
    note: str = "",
    passed: Sequence[str] = (),
) -> str:
    """The page. `alike` and `beside`: pairs of submissions, and submissions beside the reference; `note`: why there are
    none, if they were not looked for; `passed`: what lies beside the hand-ins and is none."""
    every = rows(lines)
    graded = [row for row in every if row.status == "graded"]
    return str(_template().render(
        title=title, rows=every, graded=graded, ungraded=[row for row in every if row.status != "graded"],
        bands=bands(graded), stages=stages(graded), tier=tier,
        slowest=sorted(graded, key=lambda row: -row.outcome.seconds)[:_SLOWEST],
        flagged=[row for row in every if row.flags], alike=alike[:_PAIRS], beside=beside[:_PAIRS],
        more=len(alike) - _PAIRS, note=note, passed=passed,
        style=Markup((FOLDER / "page.css").read_text(encoding="utf-8")),
        percent=lambda share: f"{100 * share:.0f} %",
    ))  # fmt: skip


@cache
def _template() -> Any:
    loader = FileSystemLoader(Path(__file__).parent)
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return made.get_template("class.html.j2")
