"""The exercise `answer` of notebook 10_build_it: what an echo server answers."""

from __future__ import annotations

from grader.coursework.staged import Asked
from notebooks.course.checking import judge
from notebooks.course.exercise import call


def cases(t: Asked) -> None:
    """Text, binary, ping, pong and close."""
    t.judged("answer", lambda function: judge("answer", function, patience=t.patience.answer))


def others(t: Asked) -> None:
    """Other payloads."""
    drawn = [call(opcode, t.text(t.random.randrange(1, 126))) for opcode in (1, 2, 8, 9, 10)]
    t.judged("answer", lambda function: judge("answer", function, drawn, t.patience.answer))
