"""The exercise `unmask` of notebook 05_frame: a payload without its mask."""

from __future__ import annotations

from grader.coursework.staged import Asked
from notebooks.course.checking import judge
from notebooks.course.exercise import call


def cases(t: Asked) -> None:
    """The RFC's Hello, nothing, and more bytes than the key has."""
    t.judged("unmask", lambda function: judge("unmask", function, patience=t.patience.answer))


def others(t: Asked) -> None:
    """Other payloads and keys."""
    drawn = [call(t.binary(size), t.mask()) for size in (3, 4, 11, 200)]
    t.judged("unmask", lambda function: judge("unmask", function, drawn, t.patience.answer))
