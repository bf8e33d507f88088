"""The exercise `Mailbox` of notebook 06_receive: messages from one thread to another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grader.coursework.staged import Asked
from notebooks.course.checking import Verdict, judge
from notebooks.course.exercise import Case


def _in_turn(box: Callable[..., Any], words: list[str]) -> list[Any]:
    """Three are put before one is taken, and then the rest."""
    made, came = box(), []
    for number, word in enumerate(words):
        made.put(word)
        if number >= 2:
            came.append(made.get(2.0))
    return [*came, made.get(2.0), made.get(2.0), made.get(0.01)]


def _patiently(box: Callable[..., Any]) -> Verdict:
    """The verdict on what takes its time: what is right is so if it is in one of two tries, on a busy machine too."""
    return judge("Mailbox", box) or judge("Mailbox", box)


def cases(t: Asked) -> None:
    """One message, two, none, and a `get` that waits."""
    t.judged("Mailbox", _patiently)


def others(t: Asked) -> None:
    """Many messages, put and taken in turn."""
    words = [t.word() for _ in range(12)]
    drawn = [Case("many messages", lambda box: _in_turn(box, words))]
    t.judged("Mailbox", lambda function: judge("Mailbox", function, drawn, t.patience.answer))
