"""Functions: each that a page shows, once, with its source, its colours and the link to its file.

`Functions` hands out the places of lanes, files and functions while steps are made, and gives the lists at the end.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from tracer.reading.extent import last_line
from tracer.reading.links import Links, Status
from tracer.reading.lock import Lock
from tracer.reading.trace import Code, File

from ..notes import Notes, ReportError
from . import lanes
from .colour import colours
from .model import Function, Lane, SourceFile

#: Lines of one function that are shown; a module's own code may be its whole file.
LONGEST = 400
#: Numbers of lines that stand for "the first" and "the last" while an address is taken apart.
_A, _B = 1234567, 7654321


class Functions:
    """The shared lists of a view, in the order in which they were asked for."""

    def __init__(self, names: Sequence[str], notes: Notes, lock: Lock, *, own: str = "", strict: bool = False) -> None:
        self.lanes: tuple[Lane, ...] = lanes.lanes(names)
        self._lane = {lane.name: place for place, lane in enumerate(self.lanes)}
        self._notes, self._links, self._own, self._strict = notes, Links(lock), own, strict
        self._files: dict[tuple[str, str, str], int] = {}
        self.files: list[SourceFile] = []
        self._known: dict[tuple[int, str, int, int], int] = {}
        self.functions: list[Function] = []

    def lane(self, name: str) -> int:
        """The place of a lane, by name."""
        return self._lane.get(name, self._lane[lanes.PYTHON])

    def note(self, code: Code, *, crosses: bool = False) -> str:
        """Our sentence about a function, or ''. On the committed page a crossing must have one."""
        return self._notes.get(code.lane, code.qualname, needed=crosses and self._strict)

    def said(self, kind: str) -> str:
        """Our sentence about what is no function: a read, a thread's start."""
        return self._notes.get("step", kind, needed=self._strict)

    def place(self, code: Code) -> int:
        """The place of a function; it is taken into the list when first asked for."""
        file = self._file(code.file)
        key = (file, code.qualname, code.first, code.last)
        if key not in self._known:
            self._known[key] = len(self.functions)
            self.functions.append(self._function(code, file))
        return self._known[key]

    def _function(self, code: Code, file: int) -> Function:
        source = code.file.source or ""
        last = max(code.last, last_line(code))
        lines, marks = source.splitlines()[code.first - 1 : last], colours(source)[code.first - 1 : last]
        margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        return Function(
            self.lane(lanes.lane_of(code)),
            code.qualname.replace(".<locals>", ""),
            file,
            code.first,
            last,
            self.note(code),
            tuple(line[margin:] for line in lines[:LONGEST]),
            tuple(_moved(mark, margin) for mark in marks[:LONGEST]),
        )

    def _file(self, file: File) -> int:
        facts = file.facts
        key = (facts.relative or facts.path, facts.distribution, facts.version)
        if key not in self._files:
            self._files[key] = len(self.files)
            self.files.append(self._source_file(file))
        return self._files[key]

    def _source_file(self, file: File) -> SourceFile:
        facts = file.facts
        if facts.kind == "program" and self._own:
            url = f"{self._own}/{quote(facts.relative)}{{lines}}"
            return SourceFile(facts.relative, url, "#L{a}", "#L{a}-L{b}", str(Status.OWN), "The program's own file.")
        both, single = self._links.link(facts, _A, _B), self._links.link(facts, _A, _A)
        if self._strict and facts.kind == "distribution" and both.status is not Status.PROVEN:
            raise ReportError(f"the link to {facts.relative} is not proven: {both.why}")
        url, one, many = _anchors(single.url, both.url)
        name = facts.relative or facts.path.rpartition("/")[2]
        return SourceFile(_printable(name), url, one, many, str(both.status), both.why)


def _anchors(single: str, both: str) -> tuple[str, str, str]:
    """An address without its anchor, and the anchors of one line and of several."""
    if not both:
        return "", "", ""
    url, _, many = both.rpartition("#")
    one = single.rpartition("#")[2]
    return (
        url.replace("{", "%7B").replace("}", "%7D") + "{lines}",
        "#" + one.replace(str(_A), "{a}"),
        "#" + many.replace(str(_A), "{a}").replace(str(_B), "{b}"),
    )


def _moved(marks: str, margin: int) -> str:
    """The colours of a line that lost its margin."""
    return re.sub(r"([a-z])(\d+)", lambda m: f"{m[1]}{max(int(m[2]) - margin, 0)}", marks) if margin else marks


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in text)


def address(file: SourceFile, first: int, last: int) -> str:
    """The address of lines of a file, '' where it has none."""
    anchor = file.one if first == last else file.many
    return file.url.replace("{lines}", anchor.replace("{a}", str(first)).replace("{b}", str(last)))
