"""A journey as one line: a row a lane, a column a leg, a band a thread. Where everything stands; the template draws it.

In: a `Way`, and the view's lanes. Out: a `Drawing` of numbers and text, none of it markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .view.model import Lane, Way

LEFT, TOP, STEP, ROW, BOTTOM = 128, 26, 112, 30, 46
#: Characters that fit under a point: of a word, and of a value, whose letters are wider.
FITS, FITS_VALUE = 17, 15


@dataclass(frozen=True)
class Guide:
    """A lane's row: its name and hue, and how far down it is."""

    name: str
    hue: int
    y: int


@dataclass(frozen=True)
class Change:
    """A thread begins here."""

    x: int
    name: str


@dataclass(frozen=True)
class Point:
    """A leg: where it is, which (``journey.leg``), its step's place or -1, and what is written under it."""

    x: int
    y: int
    leg: str
    step: int
    hue: int
    how: str
    value: str
    title: str


@dataclass(frozen=True)
class Drawing:
    """All of one journey, in a box of `width` by `height`; `said` is the same as one sentence."""

    width: int
    height: int
    said: str
    guides: tuple[Guide, ...]
    changes: tuple[Change, ...]
    points: tuple[Point, ...]

    @property
    def line(self) -> str:
        """The points of the line through all legs."""
        return " ".join(f"{point.x},{point.y}" for point in self.points)


def drawing(way: Way, lanes: Sequence[Lane], threads: Sequence[tuple[str, str]]) -> Drawing:
    """The drawing of one journey."""
    used = sorted({leg.lane for leg in way.legs if leg.lane >= 0})
    rows = {lane: TOP + ROW * place + ROW // 2 for place, lane in enumerate(used)}
    return Drawing(
        LEFT + STEP * len(way.legs),
        TOP + ROW * len(used) + BOTTOM,
        _said(way, threads),
        tuple(Guide(lanes[lane].name, lanes[lane].hue, y) for lane, y in rows.items()),
        _changes(way, threads),
        tuple(_point(way, place, rows, lanes) for place in range(len(way.legs))),
    )


def _said(way: Way, threads: Sequence[tuple[str, str]]) -> str:
    legs = ", ".join(leg.how for leg in way.legs)
    labels = " to ".join(dict.fromkeys(threads[leg.thread][0] for leg in way.legs))
    return f"The way of {way.value}: {legs}; thread {labels}"


def _changes(way: Way, threads: Sequence[tuple[str, str]]) -> tuple[Change, ...]:
    found = []
    for place, leg in enumerate(way.legs):
        if not place or way.legs[place - 1].thread != leg.thread:
            label = threads[leg.thread][0]
            found.append(Change(LEFT + STEP * place, "main thread" if label == "main" else f"thread {label}"))
    return tuple(found)


def _point(way: Way, place: int, rows: dict[int, int], lanes: Sequence[Lane]) -> Point:
    leg = way.legs[place]
    return Point(
        LEFT + STEP * place + STEP // 2,
        rows.get(leg.lane, TOP),
        f"{way.number}.{place}",
        leg.step,
        lanes[leg.lane].hue if leg.lane >= 0 else 0,
        _short(leg.how, FITS),
        _short(leg.value, FITS_VALUE),
        f"{leg.how}: {leg.value}" + (f" ({leg.where})" if leg.where else ""),
    )


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
