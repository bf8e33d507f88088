"""Links from code to its lines: proven, or in strict mode a failure with a sentence.

In: functions and lines of a trace. Out: `Link`s; the program's own files are linked where they lie beside the pages.
"""

from __future__ import annotations

from urllib.parse import quote

from tracer.reading.extent import last_line
from tracer.reading.links import Link, Links, Status
from tracer.reading.lock import Lock
from tracer.reading.trace import Code, File

from .notes import ReportError


class Linker:
    """Makes the links of one report."""

    def __init__(self, lock: Lock, *, strict: bool, own: str) -> None:
        """`own` is where the program's files lie, as seen from the pages; without it their Git remote counts."""
        self._links = Links(lock)
        self._strict = strict
        self._own = own

    def definition(self, code: Code) -> Link:
        """The whole definition of a function. Raises `ReportError` where it must be proven and is not."""
        return self._lines(code.file, code.first, last_line(code), code.qualname)

    def line(self, code: Code, line: int) -> Link:
        """One line in the file of a function. Raises `ReportError` as `definition` does."""
        return self._lines(code.file, line, line, code.qualname)

    def link(self, file: File) -> Link:
        """The first line of a file, which tells how sure every link into it is."""
        return self._lines(file, 1, 1, file.module)

    def _lines(self, file: File, first: int, last: int, name: str) -> Link:
        facts = file.facts
        if facts.kind == "program" and self._own:
            lines = f"#L{first}" if first == last else f"#L{first}-L{last}"
            place = f"{self._own}/{quote(facts.relative)}{lines}"
            return Link(place, Status.OWN, facts.relative, "the program's own file")
        link = self._links.link(facts, first, last)
        if self._strict and facts.kind == "distribution" and link.status is not Status.PROVEN:
            raise ReportError(f"the link to {name} is not proven: {link.why}")
        return link


def site(code: Code | None, line: int) -> str:
    """A place in a file as a reader says it: ``ws.py:155``."""
    return f"{code.file.facts.relative.rpartition('/')[2]}:{line}" if code is not None else ""


def plain(qualname: str) -> str:
    """A qualified name without what only the compiler says."""
    return qualname.replace(".<locals>", "")
