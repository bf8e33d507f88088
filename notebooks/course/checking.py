"""`check("read_line")`: try the reader's function, and say what is right, or which mistake it was.

In: the name of an exercise, which is that of the function. Out: a `Verdict` that the notebook shows. It is quick,
friendly and worth no points: what counts is taken from the hand-in and graded elsewhere.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any

from .exercise import Case, Exercise, Mistake
from .exercises import EXERCISES
from .table import Said

OK, NOT_YET = "#008060", "#c44f00"
#: Set where nbgrader runs a notebook, to grade or to validate it.
NBGRADER = "NBGRADER_EXECUTION"
#: What came of a case: the type's name and the value, or "raised" and a `Raised`.
Outcome = tuple[str, Any]


@dataclass(frozen=True, repr=False)
class Verdict(Said):
    """What `check` found; true if the exercise is solved."""

    solved: bool = False

    def __bool__(self) -> bool:
        return self.solved

    def _ipython_display_(self) -> None:
        """Shown beside the cell's result where nbgrader runs the notebook: it reads a result as points. Elsewhere
        raises NotImplementedError, by which IPython shows it as the result."""
        if not os.environ.get(NBGRADER):
            raise NotImplementedError
        from IPython.display import display

        display(self._repr_mimebundle_(), raw=True)  # type: ignore[no-untyped-call]


class TooLong(BaseException):
    """The reader's function did not come to an end. No `except Exception` of theirs may catch it."""


def check(name: str) -> Verdict:
    """Try the function `name` of the cells above. Where nbgrader runs the notebook, an unsolved one raises
    AssertionError, as it expects."""
    caller = sys._getframe(1).f_globals
    verdict = judge(name, caller.get(name))
    if os.environ.get(NBGRADER) and not verdict:
        raise AssertionError(verdict.sentence)
    return verdict


def judge(name: str, answer: Any, cases: Sequence[Case] = (), patience: float = 0) -> Verdict:
    """The verdict on `answer` as exercise `name`; by other `cases` than its own and with another `patience`, in
    seconds, where these are given."""
    exercise = EXERCISES.get(name)
    if exercise is None:
        known = ", ".join(f"`{one}`" for one in sorted(EXERCISES))
        return _not_yet(f"There is no exercise `{name}`. These are: {known}.")
    if answer is None:
        return _not_yet(f"There is no `{name}` yet: run the cell above that defines it.")
    if not callable(answer):
        return _not_yet(f"`{name}` should be a function, and is {_a(answer)}.")
    if cases:  # a mistake is known by what it gives for the exercise's own cases
        exercise = replace(exercise, cases=tuple(cases), mistakes=())
    exercise = replace(exercise, patience=patience or exercise.patience)
    try:
        with _time_limit(exercise.patience):
            came = [outcome(case, answer) for case in exercise.cases]
        return _judged(exercise, came)
    except TooLong:
        return _not_yet(f"`{name}` does not come to an end. Is there a loop that nothing ends?")


def _judged(exercise: Exercise, came: Sequence[Outcome]) -> Verdict:
    wanted = [given(case, exercise.right) for case in exercise.cases]
    if came == wanted:
        return Verdict("Right.", exercise.praise, OK, True)
    unlike = [place for place, (a, b) in enumerate(zip(came, wanted, strict=True)) if a != b]
    if came[unlike[0]] == ("raised", Raised("NotImplementedError")):
        return _not_yet(f"`{exercise.name}` is not written yet: take out the line that raises, and write yours.")
    known, explained = _known(exercise, came, wanted)
    rest = [place for place in unlike if place not in explained]
    if rest and (sentence := _nothing(exercise.name, exercise.cases[unlike[0]], came[unlike[0]], wanted)):
        return _not_yet(sentence)
    more = [_difference(exercise.name, exercise.cases[n], came[n], wanted[n]) for n in rest[:1]]
    if known is None:
        return _not_yet(more[0])
    return _not_yet("\n".join([known.sentence, *(f"And that is not all. {sentence}" for sentence in more)]))


def _known(
    exercise: Exercise, came: Sequence[Outcome], wanted: Sequence[Outcome]
) -> tuple[Mistake | None, frozenset[int]]:
    """The mistake that shows in all cases where it can, but for those that raised before it could, and these cases; of
    several, the one that explains most. Beside other differences, an error alone is too little to know a mistake by:
    there are many ways to one."""
    best: tuple[Mistake | None, frozenset[int]] = (None, frozenset())
    unlike = {n for n, (a, b) in enumerate(zip(came, wanted, strict=True)) if a != b}
    for mistake in exercise.mistakes:
        shows, hidden = _shown(exercise, mistake, came, wanted)
        if shows == unlike and not hidden:
            return mistake, shows
        if len(shows) > len(best[1]) and any(came[n][0] != "raised" for n in shows):
            best = (mistake, shows)
    return best


def _shown(
    exercise: Exercise, mistake: Mistake, came: Sequence[Outcome], wanted: Sequence[Outcome]
) -> tuple[frozenset[int], bool]:
    """The cases in which the answer gave what `mistake` gives, and whether something was raised before it could. None,
    as soon as the answer is seen not to have made it: some cases wait."""
    shows, hidden = set(), False
    for n, case in enumerate(exercise.cases):
        gives = given(case, mistake.wrong)
        if gives == came[n] != wanted[n]:
            shows.add(n)
        elif gives != wanted[n]:
            hidden = True
            if came[n][0] != "raised":
                return frozenset(), True
    return frozenset(shows), hidden


@dataclass(frozen=True)
class Raised:
    """What came of a case that raised: the exception's type is compared, its text only shown."""

    kind: str
    text: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Raised) and other.kind == self.kind

    __hash__ = None  # type: ignore[assignment]


def outcome(case: Case, function: Callable[..., Any]) -> Outcome:
    """What came of one case: the value with its type (so that 5 is not b"5", and 1 is not True), or what it raised."""
    try:
        value = case.run(function)
    except Exception as error:
        return "raised", Raised(type(error).__name__, str(error))
    return type(value).__name__, value


#: The same of a function that is known, tried once: some cases wait.
given = functools.cache(outcome)


def _nothing(name: str, case: Case, came: Outcome, wanted: Sequence[Outcome]) -> str:
    """The sentence for an answer that is none; '' where it is one."""
    value = came[1]
    empty = value is None or (isinstance(value, tuple) and value and all(one is None for one in value))
    if empty and ("NoneType", None) not in wanted:
        return f"For {case.said}, `{name}` returns nothing. Is there a `return` on every way through it?"
    return ""


def _difference(name: str, case: Case, came: Outcome, wanted: Outcome) -> str:
    said = f"For {case.said}, `{name}` {_told(came)}; it should {_should(wanted)}."
    if came[0] != wanted[0] and "raised" not in (came[0], wanted[0]):
        said += f"\nThat is {_article(came[0])}, and {_article(wanted[0])} is wanted."
    return said


def _told(came: Outcome) -> str:
    if isinstance(came[1], Raised):
        return f"raises `{came[1].kind}`" + (f" ({came[1].text})" if came[1].text else "")
    return f"gives `{_short(came[1])}`"


def _should(wanted: Outcome) -> str:
    return f"raise `{wanted[1].kind}`" if isinstance(wanted[1], Raised) else f"give `{_short(wanted[1])}`"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 70 else text[:67] + "…"


def _a(value: object) -> str:
    return _article(type(value).__name__)


def _article(word: str) -> str:
    return f"{'an' if word[:1] in 'aeiou' else 'a'} `{word}`"


def _not_yet(sentence: str) -> Verdict:
    return Verdict("Not yet.", sentence, NOT_YET)


@contextmanager
def _time_limit(patience: float) -> Iterator[None]:
    """Raises `TooLong` after `patience` seconds, where signals can do that: in a main thread, not on Windows."""
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, patience)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
