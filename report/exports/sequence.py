"""What mermaid and PlantUML share: the participants and the arrows of a story, no longer than a reader can take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .asked import Asked, ExportError
from .story import Moment, Place, story, title

#: Arrows in one drawing. Mermaid refuses more than 50,000 characters (its `maxTextSize`) and 500 edges (`maxEdges`).
MOST = 200


@dataclass(frozen=True)
class Drawing:
    """`participants` by their short names (p0, p1, …), as they appear; `more` arrows are left out."""

    title: str
    participants: tuple[tuple[str, str], ...]
    arrows: tuple[tuple[str, str, Moment], ...]
    more: int


def drawing(asked: Asked) -> Drawing:
    """The drawing of what was asked for. Raises `ExportError` where nothing in it is an arrow."""
    moments = [moment for moment in story(asked) if moment.drawn]
    if not moments:
        raise ExportError(f"{title(asked)} crosses into no other library, so there is nothing to draw")
    names: dict[str, str] = {}
    several = len({thread for _, thread in _places(moments) if thread}) > 1

    def name(place: Place) -> str:
        label = f"{place[0]} · {place[1]}" if place[1] and several else place[0]
        return names.setdefault(label, f"p{len(names)}")

    arrows = tuple((name(m.source), name(m.target), m) for m in moments[:MOST])
    participants = tuple((short, label) for label, short in names.items())
    return Drawing(title(asked), participants, arrows, len(moments) - len(arrows))


def _places(moments: Sequence[Moment]) -> list[Place]:
    return [place for moment in moments for place in (moment.source, moment.target)]


def left_out(drawing: Drawing) -> tuple[str, ...]:
    """The sentence about what is not drawn."""
    if not drawing.more:
        return ()
    return (f"the drawing shows the first {MOST} of {MOST + drawing.more} arrows",)
