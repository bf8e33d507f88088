"""The exercise `closed_with` of notebook 07_close: the code and the reason of a close frame."""

from __future__ import annotations

from grader.coursework.staged import Asked
from notebooks.course.checking import judge
from notebooks.course.exercise import call


def cases(t: Asked) -> None:
    """A code, a reason, none, and half a code."""
    t.judged("closed_with", lambda function: judge("closed_with", function, patience=t.patience.answer))


def others(t: Asked) -> None:
    """Other codes and reasons."""
    codes = [t.random.randrange(3000, 5000) for _ in range(4)]
    drawn = [call(code.to_bytes(2, "big") + f"{t.word()} ü".encode()) for code in codes]
    drawn += [call(t.binary(1)), call(b"")]
    t.judged("closed_with", lambda function: judge("closed_with", function, drawn, t.patience.answer))
