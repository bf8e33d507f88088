"""The exercise `read_line` of notebook 01_socket: a line out of a stream."""

from __future__ import annotations

from itertools import pairwise

from grader.coursework.staged import Asked
from notebooks.course.checking import judge
from notebooks.course.exercises.nb01_socket import lines


def cases(t: Asked) -> None:
    """Lines that arrive whole, in pieces, together, and not to their end."""
    t.judged("read_line", lambda function: judge("read_line", function, patience=t.patience.answer))


def others(t: Asked) -> None:
    """Other lines, cut anywhere."""
    drawn = []
    for _ in range(4):
        data = b"".join(t.text(t.random.randrange(1, 30)) + b"\r\n" for _ in range(2)) + t.text(5)
        edges = [0, *t.cuts(len(data), 5), len(data)]
        drawn.append(lines("a stream", *(data[start:stop] for start, stop in pairwise(edges))))
    t.judged("read_line", lambda function: judge("read_line", function, drawn, t.patience.answer))
