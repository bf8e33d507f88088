"""Content that says nothing of where it came from: others have it by themselves.

A number of few digits is made of any other; a word that stands in quotes in a source (``"close"``, ``"HTTP/1.1"``) is
in the hands of whoever runs that line. An equal one that an object was once given is no evidence for either.
"""

from __future__ import annotations

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
    """Answers for one trace, each content once."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._known: dict[bytes, bool] = {}
        self._sources: list[str] | None = None

    def __call__(self, data: bytes) -> bool:
        """Whether equal content may well have nothing to do with this."""
        if len(data) < LEAST or is_number(data):
            return True
        if len(data) > LONGEST:
            return False
        if data not in self._known:
            self._known[data] = self._stands_in_a_source(data)
        return self._known[data]

    def _stands_in_a_source(self, data: bytes) -> bool:
        if self._sources is None:
            files = self._trace.files.values()
            self._sources = [file.source for file in files if file.source is not None]
        text = data.decode("utf-8", "replace")
        return any(f"'{text}'" in source or f'"{text}"' in source for source in self._sources)
