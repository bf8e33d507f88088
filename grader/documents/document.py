"""A report as it was read: blocks of text, the links in them, and what was noticed on the way.

Each reader gives `Block`s, in whose text a link stands as a mark (`mark(3)`) for the third of its `Target`s; so what a
link is called and what is said around it keep their places in every format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

#: Around the number of a target in a block's text: a character that no reader lets through otherwise.
MARK = "\ue000"
_MARKS = re.compile(f"{MARK}(\\d+){MARK}")


class DocumentError(Exception):
    """A report cannot be read; the message is one sentence, and no score follows from it."""


@dataclass(frozen=True)
class Target:
    """Where a link leads: `url` after `repairs`, `shown` as a reader sees it ('' where it is the URL)."""

    url: str
    shown: str = ""
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Block:
    """A heading, a paragraph, an item of a list, or a row of a table; `place` says where, for people."""

    kind: str
    text: str
    place: str


@dataclass(frozen=True)
class Read:
    """What a reader made of a file."""

    blocks: tuple[Block, ...]
    targets: tuple[Target, ...]
    warnings: tuple[str, ...] = ()

    def placed(self, place: str) -> Read:
        """The same, with each block at a place."""
        return replace(self, blocks=tuple(replace(block, place=place) for block in self.blocks))


@dataclass(frozen=True)
class Mention:
    """One link of a report with what is said about it: `text` is its own sentences, `headings` those before it,
    the latest last; `label` are the words that it stands behind, '' where its URL is seen."""

    number: int
    target: Target
    text: str
    label: str
    headings: tuple[str, ...]
    place: str
    mark: int  # its target's number, which stands in the blocks' text
    beside: str = ""  # what the link before it in its block is called: "`f`, called at `ws.py:155`"


@dataclass(frozen=True)
class Document:
    """A whole report."""

    name: str
    format: str
    blocks: tuple[Block, ...]
    mentions: tuple[Mention, ...]
    warnings: tuple[str, ...]

    @property
    def text(self) -> str:
        """All that it says, without the links' targets."""
        return "\n".join(unmarked(block.text) for block in self.blocks)


def mark(number: int) -> str:
    """What stands in a block's text for a target."""
    return f"{MARK}{number}{MARK}"


def joined(parts: Iterable[Read]) -> Read:
    """Parts that were read each by itself, as one: their marks are numbered anew."""
    blocks: list[Block] = []
    targets: list[Target] = []
    warnings: list[str] = []
    for part in parts:
        blocks += [replace(one, text=shifted(one.text, len(targets))) for one in part.blocks]
        targets += part.targets
        warnings += part.warnings
    return Read(tuple(blocks), tuple(targets), tuple(warnings))


def shifted(text: str, by: int) -> str:
    """A block's text with the numbers of its marks made greater."""
    return _MARKS.sub(lambda found: mark(int(found[1]) + by), text)


def marks(text: str) -> list[tuple[int, int, int]]:
    """(start, stop, number of the target) of each link in a block's text."""
    return [(found.start(), found.end(), int(found[1])) for found in _MARKS.finditer(text)]


def unmarked(text: str) -> str:
    """The text without its links, in one line."""
    return " ".join(_MARKS.sub(" ", text).split())


def clean(text: str) -> str:
    """Text from a stranger: no marks of ours, no control characters but line ends and tabs."""
    return "".join(c for c in text if c in "\n\t" or (c.isprintable() and c != MARK))
