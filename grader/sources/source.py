"""What a place answers about a link: the file, that there is none, or that it does not know."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from ..links import CodeLink
from ..symbols import Symbols, of_source

#: Larger files are no source that a report links to.
LARGEST = 4 * 1024 * 1024


@dataclass(frozen=True)
class Source:
    """The file at a link's reference. `reference` is that reference, or the commit that a branch stood at; `where` says
    how it was found; `text` has its lines where the source itself was at hand."""

    symbols: Symbols
    reference: str
    where: str
    text: tuple[str, ...] = ()


@dataclass(frozen=True)
class Absent:
    """A place that must know says that there is no such commit, or no such file."""

    why: str


Answer = Source | Absent | None


class Place(Protocol):
    """One place where sources are."""

    def find(self, link: CodeLink) -> Answer:
        """The file that a link names; None where this place does not know."""


@lru_cache(maxsize=256)
def parsed(text: str) -> Symbols | None:
    """The symbols of a file's text; None where it is no Python."""
    return of_source(text)


def made(data: bytes, reference: str, where: str) -> Source | None:
    """A source of a file's bytes; None where they are too many or no text."""
    if len(data) > LARGEST:
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    symbols = parsed(text)
    lines = tuple(text.splitlines())
    return Source(symbols or Symbols((), (), len(lines), partial=True), reference, where, lines)
