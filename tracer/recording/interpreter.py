"""A command line of Python's: its options, what it runs, and that program's own arguments. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Options of one letter that take a value: the rest of their word, or the next one.
WITH_VALUE = "WX"
#: Options that say what to run, and take it in the same way; what follows is the program's.
THE_PROGRAM = "cm"
#: Long options that take the next word.
LONG_WITH_VALUE = ("--check-hash-based-pycs",)


@dataclass(frozen=True)
class Command:
    """`options` are Python's; `kind` is ``-m``, ``-c``, or '' for a file; `target` the module, the code or the path."""

    options: tuple[str, ...]
    kind: str
    target: str
    arguments: tuple[str, ...]

    @property
    def program(self) -> tuple[str, ...]:
        """All from the program on."""
        return ((self.kind,) if self.kind else ()) + (self.target, *self.arguments)


def parse(words: Sequence[str]) -> Command | None:
    """The command line after the interpreter's name; None where it runs none of these (a prompt, `--help`, stdin)."""
    at = 0
    while at < len(words):
        word = words[at]
        if word == "-":
            return None
        if not word.startswith("-"):
            return Command(tuple(words[:at]), "", word, tuple(words[at + 1 :]))
        if word.startswith("--"):
            at += 1 + (word in LONG_WITH_VALUE)
            continue
        place = next((n for n, letter in enumerate(word[1:], 1) if letter in WITH_VALUE + THE_PROGRAM), 0)
        rest = list(words[at + 1 :])
        if place and word[place] in THE_PROGRAM:
            options = [*words[:at], *([word[:place]] if place > 1 else ())]
            taken = [word[place + 1 :], *rest] if word[place + 1 :] else rest
            return Command(tuple(options), f"-{word[place]}", taken[0], tuple(taken[1:])) if taken else None
        at += 1 + (place == len(word) - 1 and place > 0)
    return None
