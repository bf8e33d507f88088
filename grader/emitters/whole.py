"""What several emitters need: whole points, names without traps, text that every parser takes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from ..record import Record, Scored


class NotGraded(Exception):
    """The report has no score, and this form has no way to say that; the message is one sentence."""


def whole(points: float) -> int:
    """Points as a whole number, halves upwards."""
    return math.floor(points + 0.5)


def whole_points(parts: Sequence[Scored]) -> list[int]:
    """Whole points for each part, none above its most."""
    return [min(whole(part.points), part.most) for part in parts]


def named(part: Scored) -> str:
    """The id of a part in letters, digits and underscores: chain:init_app -> chain_init_app."""
    return re.sub(r"\W+", "_", part.id, flags=re.ASCII).strip("_")


def printable(text: str) -> str:
    """Without what XML 1.0 and terminals do not take."""
    return "".join(c for c in text if c in "\t\n" or (c.isprintable() and ord(c) not in range(0xD800, 0xE000)))


def told(part: Scored) -> str:
    """What a student reads about a part."""
    return printable(f"{part.said} {part.note}".strip())


def must_be_graded(record: Record) -> None:
    """Raises `NotGraded`."""
    if record.problem:
        raise NotGraded(f"{record.report} has no score: {record.problem}")
