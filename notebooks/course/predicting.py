"""`reveal("reads", guess, 2)`: compare what the reader wrote down with what happened, kindly.

In: the name of a prediction, the guess (``...`` while there is none), and the truth, which the notebook takes from a
recorded run. Out: a sentence that the notebook shows. A wrong guess is worth more than none: it is remembered.
"""

from __future__ import annotations

from typing import Any

from .exercises import GUESSES
from .table import Said

RIGHT, OTHER, NONE = "#008060", "#a96f00", "#1f86c0"


def reveal(name: str, guess: Any, truth: Any) -> Said:
    """Say how `guess` and `truth` compare. Raises LookupError if there is no prediction of that name."""
    if name not in GUESSES:
        raise LookupError(f"there is no prediction {name!r}; these are: {', '.join(sorted(GUESSES))}")
    known = GUESSES[name]
    what = f"It was `{truth}`. {known.right}"
    if guess is ... or guess == "":
        return Said(
            "You wrote nothing down.", f"{what}\nGuess before you run the next one: a wrong guess stays in mind.", NONE
        )
    if same(guess, truth):
        return Said("As you said.", what, RIGHT)
    near = next((sentence for wrong, sentence in known.near.items() if same(guess, wrong)), "")
    return Said(f"You said {_quoted(guess)}.", " ".join(filter(None, (near, what))), OTHER)


def same(guess: Any, truth: Any) -> bool:
    """Whether two answers say the same: 5 and "5", "A" and " a ", b"" and b''."""
    return guess == truth or _plain(guess) == _plain(truth)


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return " ".join(text.casefold().replace("thread", "").split()).strip(" .'\"")


def _quoted(guess: Any) -> str:
    text = guess if isinstance(guess, str) else repr(guess)
    return text if len(text) <= 60 else text[:57] + "…"
