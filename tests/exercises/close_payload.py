"""The exercise `close_payload` of notebook 07_close: the payload of a close frame."""

from __future__ import annotations

from grader.coursework.staged import Asked
from notebooks.course.checking import judge
from notebooks.course.exercise import call


def cases(t: Asked) -> None:
    """Codes, reasons, a reason that is too long, and none."""
    t.judged("close_payload", lambda function: judge("close_payload", function, patience=t.patience.answer))


def others(t: Asked) -> None:
    """Other codes and reasons."""
    letters = t.random.sample("üßé€", 4)
    drawn = [
        call(t.random.randrange(3000, 5000), t.word(n) + letter * 60)
        for n, letter in zip((0, 1, 2, 3), letters, strict=True)
    ]
    drawn += [call(t.random.randrange(3000, 5000), t.word()), call(t.random.randrange(1000, 1004))]
    t.judged("close_payload", lambda function: judge("close_payload", function, drawn, t.patience.answer))
