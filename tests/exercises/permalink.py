"""The exercise `permalink` of notebook 09_your_own_app: the address of lines, for ever."""

from __future__ import annotations

from grader.coursework.staged import Asked
from notebooks.course.checking import judge
from notebooks.course.exercise import call


def cases(t: Asked) -> None:
    """One line, several, and commits that are none."""
    t.judged("permalink", lambda function: judge("permalink", function, patience=t.patience.answer))


def others(t: Asked) -> None:
    """Other repositories, commits and lines."""
    commit, first = t.random.randbytes(20).hex(), t.random.randrange(1, 900)
    repository, path = f"{t.word()}/{t.word()}", f"src/{t.word()}.py"
    bad = [commit[:-1], commit + "0", commit[:39] + "g", t.word()]
    lines = [(first, first), (first, first + t.random.randrange(1, 90))]
    drawn = [call(repository, commit, path, *both) for both in lines]
    drawn += [call(repository, other, path, first, first) for other in bad]
    t.judged("permalink", lambda function: judge("permalink", function, drawn, t.patience.answer))
