"""Content that says nothing of where it came from: others have it by themselves.

A number of few digits is made of any other; a word that stands in quotes in a source (``"close"``, ``"HTTP/1.1"``) is
in the hands of whoever runs that line. An equal one that an object was once given is no evidence for either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .trace import Trace

#: A number of as many digits is met by chance.
DIGITS = 6
#: Content of fewer bytes is met by chance.
LEAST = 3
#: Longer content is looked for in no source.
LONGEST = 40


def is_number(data: bytes) -> bool:
    """Whether it is a short number in decimal digits, as ``str`` makes one of any integer."""
    return len(data) <= DIGITS and data.isdigit()


class Ordinary:
    """Answers for one trace."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._quoted: frozenset[str] | None = None

    def __call__(self, data: bytes) -> bool:
        """Whether equal content may well have nothing to do with this."""
        if len(data) < LEAST or is_number(data):
            return True
        if len(data) > LONGEST:
            return False
        if self._quoted is None:
            self._quoted = frozenset(_quoted(file.source or "" for file in self._trace.files.values()))
        return data.decode("utf-8", "replace") in self._quoted


def _quoted(sources: Iterable[str]) -> Iterator[str]:
    """Everything short between two quotes, whether they belong together or not."""
    for source in sources:
        for quote in "'\"":
            yield from (text for text in source.split(quote)[1:-1] if LEAST <= len(text) <= LONGEST)
