"""The exercise `refuse` of notebook 08_break_it: the first two bytes of a frame."""

from __future__ import annotations

from grader.coursework.staged import Asked
from notebooks.course.checking import judge
from notebooks.course.exercise import call


def cases(t: Asked) -> None:
    """Frames that keep and that break each rule."""
    t.judged("refuse", lambda function: judge("refuse", function, patience=t.patience.answer))


def others(t: Asked) -> None:
    """Other beginnings of frames."""
    drawn = [call(t.random.randrange(256), t.random.randrange(256)) for _ in range(60)]
    drawn += [call(0x80 | t.random.choice((0, 1, 2, 8, 9, 10)), 0x80 | t.random.randrange(126)) for _ in range(20)]
    t.judged("refuse", lambda function: judge("refuse", function, drawn, t.patience.answer))
