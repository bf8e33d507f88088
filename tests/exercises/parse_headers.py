"""The exercise `parse_headers` of notebook 02_headers: a dictionary out of the lines of a head."""

from __future__ import annotations

from grader.coursework.staged import Asked
from notebooks.course.checking import judge
from notebooks.course.exercise import call


def cases(t: Asked) -> None:
    """Names, values, spaces, a name that comes twice, the end."""
    t.judged("parse_headers", lambda function: judge("parse_headers", function, patience=t.patience.answer))


def others(t: Asked) -> None:
    """Other names and values."""
    drawn = []
    for _ in range(4):
        one, two, three = (f"X-{t.word(6).title()}" for _ in range(3))
        values = [t.text(12).strip().decode() for _ in range(4)]
        head = f"{one}: {values[0]}:{values[1]}\r\n{two}:  {values[2]} \r\n{three}:\r\n{one.lower()}:{values[3]}\r\n"
        drawn.append(call(f"{head}\r\nbody: {t.word()}\r\n".encode()))
    t.judged("parse_headers", lambda function: judge("parse_headers", function, drawn, t.patience.answer))
