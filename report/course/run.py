"""One run, ready to be told: its trace with all that is made of it, and the hops of a chain with texts and links.

`Run.chain` is where steps become hops: what happened to the value is written beside them, a call site that comes again
is counted, not repeated, and hops at the beginning that an earlier section tells are only referred to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from tracer.reading.chain import Chains
from tracer.reading.flow import Flow
from tracer.reading.journeys import Journey, journeys
from tracer.reading.links import Link, Status
from tracer.reading.lock import Lock
from tracer.reading.spine import Spines
from tracer.reading.steps import Step
from tracer.reading.trace import Code, File, Trace

from ..linking import Linker, plain
from ..model import Row
from ..notes import Notes
from ..rows import Rows, thread_labels
from ..text import Scrub
from ..view.messages import Part, parts
from ..ways import Ways
from .model import Chain, Place, Told
from .safe import clean

#: A run of hops that another section tells is worth a reference from this length on.
WORTH = 3
#: More hops than this are not read; the rest is counted.
MOST = 90


class CourseLinker(Linker):
    """Links of a course's report: the program's own lines only where its repository shows them unchanged. Where it does
    not, they are its own and have no address, which is no flaw of the report's."""

    def _lines(self, file: File, first: int, last: int, name: str) -> Link:
        link = super()._lines(file, first, last, name)
        if file.facts.kind == "program" and link.status is not Status.OWN:
            return Link("", Status.OWN, link.label, link.why)
        return link


class Run:
    """What every section of one report is made of."""

    def __init__(self, trace: Trace, lock: Lock, notes: Notes) -> None:
        self.trace, self.lock = trace, lock
        self.chains, self.scrub = Chains(trace), Scrub(trace)
        self.linker: Linker = CourseLinker(lock, strict=False, own="")
        self.spines = Spines(self.chains)
        self._rows = Rows(self.linker, _fitting(notes, trace), strict=False)
        self._told: dict[tuple[object, ...], Told] = {}
        self._hops: dict[str, int] = {}

    @cached_property
    def flow(self) -> Flow:
        """Which value was made of which."""
        return Flow(self.trace)

    @cached_property
    def journeys(self) -> tuple[Journey, ...]:
        """The values that came to the program or left it."""
        return journeys(self.flow)

    @cached_property
    def parts(self) -> list[Part]:
        """The messages that crossed a socket."""
        return parts(self.trace)

    @cached_property
    def _ways(self) -> Ways:
        return Ways(self.flow, self.linker, self.scrub)

    # -- places ------------------------------------------------------------------------------------------------------

    def definition(self, code: Code) -> Place:
        """A function, by its name."""
        return Place(clean(plain(code.qualname)), self.linker.definition(code))

    def line(self, code: Code, line: int) -> Place:
        """A line of a file; with the whole path where the program has several files of that name."""
        relative = code.file.facts.relative or code.file.facts.path
        name = relative.rpartition("/")[2]
        name = relative if self._names[name] > 1 else name
        return Place(clean(f"{name}:{line}"), self.linker.line(code, line))

    @cached_property
    def _names(self) -> Counter[str]:
        """How many files of the program have a name."""
        own = [file.facts for file in self.trace.files.values() if file.facts.kind == "program"]
        return Counter((facts.relative or facts.path).rpartition("/")[2] for facts in own)

    # -- chains ------------------------------------------------------------------------------------------------------

    def chain(
        self,
        title: str,
        text: str,
        steps: Sequence[Step],
        section: tuple[str, str],
        *,
        journey: Journey | None = None,
        own: Step | None = None,
    ) -> Chain:
        """The hops of these steps, in the section (title, anchor). `journey` is the value that they carried; the hop
        `own` (the call that the section is about) and those after it are told here, whoever told them before; where it
        is the first, only itself."""
        flat = [step for top in steps for step in top.walk() if not _inlined(step)]
        way = self._ways.way(journey) if journey is not None else None
        threads = thread_labels(flat, way.threads if way is not None else (), self.trace)
        rows = self._rows.of(flat, threads, self.scrub)
        if way is not None:
            _, rows = self._ways.tell(way, flat, rows, threads)
        pairs = _once(list(zip(flat, rows, strict=True)))
        beyond = own is not None and _shape(pairs[0][0]) == _shape(own)
        head, pairs = (pairs[:1], pairs[1:]) if beyond else ([], pairs)
        first = self._first_new(pairs, own)
        told = self._references(pairs[:first])
        pairs = [*head, *pairs[first:]]
        pairs, left_out = pairs[:MOST], max(len(pairs) - MOST, 0)
        hops = tuple(_safe(row) for _, row in pairs)
        start = self._hops.get(section[1], 0) + 1
        self._hops[section[1]] = start + len(hops) - 1
        for number, (step, row) in enumerate(pairs, start):
            self._told.setdefault(_shape(step), Told(section[0], section[1], number, clean(row.name)))
        used = dict.fromkeys(row.thread for row in hops)
        names = {label: clean(self.trace.threads.get(thread, "")) for thread, label in threads.items()}
        return Chain(title, text, told, hops, tuple((label, names[label]) for label in used), start, left_out, beyond)

    def _first_new(self, pairs: Sequence[tuple[Step, Row]], own: Step | None) -> int:
        """The place of the first hop that is told here."""
        place = 0
        while place < len(pairs) and _shape(pairs[place][0]) in self._told:
            if own is not None and _shape(pairs[place][0]) == _shape(own):
                break
            place += 1
        return place if place >= WORTH else 0

    def _references(self, pairs: Sequence[tuple[Step, Row]]) -> tuple[Told, ...]:
        """Where these hops are told: of each section, the last one."""
        found: dict[str, Told] = {}
        for step, _ in pairs:
            told = self._told[_shape(step)]
            if told.anchor not in found or found[told.anchor].hop < told.hop:
                found[told.anchor] = told
        return tuple(found.values())


def _inlined(step: Step) -> bool:
    """Whether it is a comprehension, which newer Pythons do not call."""
    return step.kind in ("call", "resume") and step.code is not None and step.code.kind == "comprehension"


def _fitting(notes: Notes, trace: Trace) -> Notes:
    """The notes that were written for what ran: not those about other versions, and none about a program."""
    versions = {f.lane: f.distribution.version for f in trace.files.values() if f.distribution is not None}
    programs = {f.lane for f in trace.files.values() if f.facts.kind == "program"}
    kept = {
        lane: texts
        for lane, texts in notes.texts.items()
        if lane not in programs and versions.get(lane, "") == notes.versions.get(lane, versions.get(lane, ""))
    }
    return Notes(kept, notes.versions)


def _shape(step: Step) -> tuple[object, ...]:
    """What makes two hops the same to a reader: who called whom, at which line."""
    kind = "call" if step.kind == "resume" else step.kind
    wire = (step.wire.op, step.wire.direction) if step.wire is not None else None
    return (kind, step.code.id if step.code else 0, step.caller.id if step.caller else 0, step.line, wire)


def _once(pairs: Sequence[tuple[Step, Row]]) -> list[tuple[Step, Row]]:
    """Each call site with its callee once, where it came first, with how often it came."""
    places: dict[tuple[object, ...], int] = {}
    found: list[tuple[Step, Row]] = []
    for step, row in pairs:
        shape = (*_shape(step), step.thread, row.change is not None and row.change.kind not in ("same", "held"))
        if step.kind in ("call", "resume") and shape in places:
            before, told = found[places[shape]]
            found[places[shape]] = (before, replace(told, count=told.count + row.count))
            continue
        places[shape] = len(found)
        found.append((step, row))
    return found


def _safe(row: Row) -> Row:
    """A row whose texts can stand in a document."""
    change = row.change
    if change is not None:
        change = replace(change, holder=clean(change.holder), value=clean(change.value))
    return replace(
        row, lane=clean(row.lane), name=clean(row.name), site=clean(row.site), value=clean(row.value), change=change
    )
