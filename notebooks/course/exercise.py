"""What an exercise is: a name, what is right, what is tried, and the mistakes that most people make.

A mistake is a wrong answer as code: if what the reader wrote gives, for every case, what that code gives, then that is
the mistake it was. So nothing guesses from the text of an answer, and a test can try each mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    """One trial. `said` completes "for …"; `run` calls the reader's function and gives what is compared."""

    said: str
    run: Callable[[Callable[..., Any]], Any]


def call(*arguments: Any) -> Case:
    """The plain case: the function is called with these, and what it returns is compared."""
    said = ", ".join(_short(argument) for argument in arguments)
    return Case(said, lambda function: function(*arguments))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


@dataclass(frozen=True)
class Mistake:
    """A wrong answer as code, and the sentence for whoever gave it."""

    wrong: Callable[..., Any]
    sentence: str


@dataclass(frozen=True)
class Exercise:
    """`name` is that of the reader's function, `right` a function that is. `praise` is said when all is right;
    `patience` are the seconds that one trial of all cases may take."""

    name: str
    right: Callable[..., Any]
    cases: tuple[Case, ...]
    mistakes: tuple[Mistake, ...]
    praise: str
    patience: float = 3.0


@dataclass(frozen=True)
class Guess:
    """What a prediction is compared with. `near` has a sentence for wrong guesses that have a good reason."""

    name: str
    right: str
    near: dict[Any, str] = field(default_factory=dict)
