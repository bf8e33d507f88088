"""The report's sequence diagrams as drawings in the page: nothing is fetched to draw them, and they follow its colours.

In: Mermaid's text, of the few forms that report/markdown.py writes. Out: an SVG in HTML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

NUMBER = re.compile(r"autonumber(?: (\d+))?")
ACTOR = re.compile(r"participant (\w+) as (.+)")
ARROW = re.compile(r"(\w+)(--?>>)(\w+): ?(.*)")
LETTER, TOP, STEP, MARGIN = 7.3, 52, 34, 24


class DiagramError(Exception):
    """A line of a diagram is of no known form; the message names it."""


@dataclass(frozen=True)
class Arrow:
    """From one actor's place to another's; `back` is a return, drawn dashed."""

    source: int
    target: int
    words: str
    back: bool


def diagram(text: str) -> str:
    """Raises DiagramError."""
    actors: dict[str, str] = {}
    arrows: list[Arrow] = []
    number: int | None = None
    for line in filter(None, map(str.strip, text.splitlines())):
        if found := NUMBER.fullmatch(line):
            number = int(found[1] or 1)
        elif found := ACTOR.fullmatch(line):
            actors[found[1]] = _plain(found[2])
        elif (found := ARROW.fullmatch(line)) and {found[1], found[3]} <= actors.keys():
            places = list(actors)
            told = f"{number + len(arrows)} · {_plain(found[4])}" if number is not None else _plain(found[4])
            arrows.append(Arrow(places.index(found[1]), places.index(found[3]), told, found[2].startswith("--")))
        elif line != "sequenceDiagram":
            raise DiagramError(f"a sequence diagram has the line {line!r}, which is of no known form")
    return _drawn(list(actors.values()), arrows)


def _plain(text: str) -> str:
    """Characters that Mermaid would read as its own are written by their numbers: `#59;`."""
    return re.sub(r"#(\d+);", lambda found: chr(int(found[1])), text)


def _drawn(actors: list[str], arrows: list[Arrow]) -> str:
    at = _places(actors, arrows)
    width = at[-1] + LETTER * len(actors[-1]) / 2 + MARGIN * 2
    width = max([width, *(at[a.source] + 50 + LETTER * len(a.words) for a in arrows if a.source == a.target)])
    height = TOP + STEP * (len(arrows) + 0.6)
    shapes = []
    for x, name in zip(at, actors, strict=True):
        half = LETTER * len(name) / 2 + 10
        shapes.append(f'<path class="life" d="M{x:g} 34V{height:g}"/>')
        shapes.append(f'<rect x="{x - half:g}" y="6" width="{2 * half:g}" height="28" rx="4"/>')
        shapes.append(f'<text class="actor" x="{x:g}" y="25">{escape(name)}</text>')
    for row, arrow in enumerate(arrows):
        shapes.append(_arrow(at[arrow.source], at[arrow.target], TOP + STEP * (row + 0.6), arrow))
    order = "; ".join(f"{actors[a.source]} to {actors[a.target]}: {a.words}" for a in arrows)
    label = f'role="img" aria-label="{escape(order, quote=True)}"'
    size = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    return f'<div class="sequence" tabindex="0"><svg {size} {label}>{"".join(shapes)}</svg></div>'


def _places(actors: list[str], arrows: list[Arrow]) -> list[float]:
    """Where each actor stands: as far from the one before as their names and the arrows between the two need."""
    at = [LETTER * len(actors[0]) / 2 + MARGIN]
    for place in range(1, len(actors)):
        needed = LETTER * (len(actors[place - 1]) + len(actors[place])) / 2 + 40
        here = at[-1] + needed
        for arrow in arrows:
            low, high = sorted((arrow.source, arrow.target))
            if high == place and low < place:
                here = max(here, at[low] + LETTER * len(arrow.words) + 30)
            if low == high == place - 1:
                here = max(here, at[low] + LETTER * len(arrow.words) + 60)
        at.append(here)
    return at


def _arrow(x1: float, x2: float, y: float, arrow: Arrow) -> str:
    words = escape(arrow.words)
    dash = ' class="back"' if arrow.back else ""
    if x1 == x2:
        path = f"M{x1:g} {y - 6:g}h30v14h-24"
        tip = f"M{x1 + 13:g} {y + 4:g}L{x1 + 6:g} {y + 8:g}l7 4"
        own = f'<text x="{x1 + 38:g}" y="{y + 5:g}" class="own">{words}</text>'
        return f'<path{dash} d="{path}"/><path d="{tip}"/>{own}'
    way = 1 if x2 > x1 else -1
    tip = f"M{x2 - 8 * way:g} {y - 4:g}L{x2 - way:g} {y:g}L{x2 - 8 * way:g} {y + 4:g}"
    line = f'<path{dash} d="M{x1:g} {y:g}H{x2 - way:g}"/><path d="{tip}"/>'
    return f'{line}<text x="{(x1 + x2) / 2:g}" y="{y - 6:g}">{words}</text>'
