"""The exercise `text_frame` of notebook 05_frame: a text frame of one's own."""

from __future__ import annotations

from grader.coursework.staged import Asked
from notebooks.course.checking import judge
from notebooks.course.exercise import call


def cases(t: Asked) -> None:
    """Letters of one byte and of several, and no letters."""
    t.judged("text_frame", lambda function: judge("text_frame", function, patience=t.patience.answer))


def others(t: Asked) -> None:
    """Other texts."""
    drawn = [call(t.text(size).decode() + letter * 3) for size, letter in ((0, "é"), (7, "€"), (60, "ü"), (119, "ß"))]
    t.judged("text_frame", lambda function: judge("text_frame", function, drawn, t.patience.answer))
