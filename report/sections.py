"""Sections: everything that a page shows, made once from the traces; pages only show it.

In: the traces of the scenarios, the page specs, the notes, the lock. Out: frozen values with finished text and
links. Fails with a sentence where something would stay unexplained: a crossing without a note, a byte without a
field, a library link that is not proven.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set

from tracer.reading.chain import Chains
from tracer.reading.fields import Field, uncovered
from tracer.reading.fields.connection import dissect
from tracer.reading.flow import Flow
from tracer.reading.links import metadata_repository
from tracer.reading.lock import Lock
from tracer.reading.steps import Step, fold, prune
from tracer.reading.trace import Trace, Wire

from .anatomy import Sheet, unmasking
from .arrows import arrow, drawn_from
from .hands import Hands
from .linking import Linker
from .model import Bytes, Page, Row, Section, Technology
from .notes import Notes, ReportError
from .pages import PageSpec, SectionSpec
from .rows import Rows, thread_labels
from .text import Scrub
from .ways import Way, Ways, fold_beside


class Viewer:
    """Makes pages of traces. `strict` is for the committed report: whatever is unexplained fails."""

    def __init__(
        self,
        traces: Mapping[str, Trace],
        notes: Notes,
        lock: Lock,
        *,
        strict: bool = True,
        own: str = "",
        flow: Callable[[Trace], Flow] = Flow,
    ) -> None:
        """`own` is where the program's own files lie, as seen from the pages; without it they are linked by
        their Git remote. `flow` follows a trace's values, or has done so."""
        self._traces = traces
        self._chains = {name: Chains(trace) for name, trace in traces.items()}
        self._scrubs = {name: Scrub(trace) for name, trace in traces.items()}
        self._notes = notes
        self._lock = lock
        self._linker = Linker(lock, strict=strict, own=own)
        self._strict = strict
        self._rows = Rows(self._linker, notes, strict=strict)
        self._flow = flow
        self._flows: dict[str, tuple[Hands, Ways]] = {}

    def page(self, spec: PageSpec) -> Page:
        """One page. Raises `ReportError`."""
        sections = tuple(self._section(spec, section) for section in spec.sections)
        technologies = tuple(self._technology(name, spec) for name in spec.technologies)
        return Page(spec.slug, spec.title, spec.summary, spec.purpose, technologies, sections, spec.missed)

    # -- sections ------------------------------------------------------------------------------------------

    def _section(self, page: PageSpec, spec: SectionSpec) -> Section:
        where = f"pages.toml, page {page.slug!r}, section {spec.heading!r}"
        try:
            way, whole = self._way(spec), self._chain(spec)
            steps = prune(fold_beside(whole, way.keys) if way is not None else fold(whole), spec.depth)
        except LookupError as error:
            raise ReportError(f"{where}: {error}") from None
        flat = [step for top in steps for step in top.walk()]
        trace, scrub, chains = self._traces[spec.scenario], self._scrubs[spec.scenario], self._chains[spec.scenario]
        threads = thread_labels(flat, way.threads if way is not None else (), trace)
        rows = self._rows.of(flat, threads, scrub)
        pairs = list(zip(flat, rows, strict=True))[drawn_from(spec, flat) :]
        arrows = tuple(arrow(step, row, threads, chains) for step, row in pairs if row.crossing)
        shown = frozenset(step.call for top in whole for step in top.walk())
        data = self._bytes(spec, flat, rows, shown, where) if spec.bytes else ()
        legs, rows = self._told(spec.scenario)[1].tell(way, flat, rows, threads) if way is not None else ((), rows)
        names = tuple((label, trace.threads.get(t, "")) for t, label in threads.items())
        after = spec.after.replace("{xor}", unmasking(data)) if "{xor}" in spec.after else spec.after
        return Section(spec.heading, spec.text, after, names, tuple(rows), arrows, data, legs)

    def _told(self, scenario: str) -> tuple[Hands, Ways]:
        """Who had which bytes in one trace, and the ways of its values; made when first asked for."""
        if scenario not in self._flows:
            flow = self._flow(self._traces[scenario])
            self._flows[scenario] = (
                Hands(flow, self._linker), Ways(flow, self._linker, self._scrubs[scenario])
            )  # fmt: skip
        return self._flows[scenario]

    def _way(self, spec: SectionSpec) -> Way | None:
        """The way that a section tells beside its chain. Where it must not fail, one that is not there is left out."""
        if spec.way is None or spec.scenario not in self._chains:
            return None
        try:
            return self._told(spec.scenario)[1].find(spec.way)
        except LookupError:
            if self._strict:
                raise
            return None

    def _chain(self, spec: SectionSpec) -> list[Step]:
        if spec.scenario not in self._chains:
            raise LookupError(f"there is no trace of the scenario {spec.scenario!r}")
        chains = self._chains[spec.scenario]
        if spec.chain in ("arrival", "reading"):
            reads = [w for w in chains.trace.wires if w.direction == "in"]
            if spec.wire >= len(reads):
                raise LookupError(f"the trace has {len(reads)} reads, no number {spec.wire}")
            wire = reads[spec.wire]
            return chains.arrival(wire) if spec.chain == "arrival" else chains.reading(wire)
        lane, _, qualname = spec.call.partition(":")
        calls = chains.find(lane, qualname)
        if spec.nth >= len(calls):
            raise LookupError(f"{qualname} of {lane} was called {len(calls)} times, there is no number {spec.nth}")
        call = calls[spec.nth]
        return chains.upward(call) if spec.chain == "upward" else [chains.below(call)]

    # -- bytes ---------------------------------------------------------------------------------------------

    def _bytes(
        self, spec: SectionSpec, steps: Sequence[Step], rows: Sequence[Row], shown: Set[int], where: str
    ) -> tuple[Bytes, ...]:
        found = []
        excused: set[str] = set()
        for step, row in zip(steps, rows, strict=True):
            if step.wire is not None and step.wire.direction:
                found.append(self._table(spec, step.wire, row.number, shown, where, excused))
        for name in sorted(set(spec.nobody) - excused if self._strict else ()):
            raise ReportError(f"{where}: `nobody` excuses {name!r}, but no such field is without a call")
        return tuple(found)

    def _table(
        self, spec: SectionSpec, wire: Wire, number: str, shown: Set[int], where: str, excused: set[str]
    ) -> Bytes:
        fields, start, data = self._fields(spec.scenario, wire, where)
        hands, scrub = self._told(spec.scenario)[0], self._scrubs[spec.scenario]
        sheet = Sheet(wire, data, start, scrub, hands, shown, spec.nobody, self._strict)
        try:
            rows = sheet.rows(fields)
        except ReportError as error:
            raise ReportError(f"{where}, step {number}: {error}") from None
        excused |= sheet.excused
        word, by = ("received", "consumed by") if wire.direction == "in" else ("sent", "produced by")
        count = f"{wire.size:,} byte{'s' if wire.size != 1 else ''}"
        return Bytes(number, f"{count} {word} by `{wire.op}`", rows, by)

    def _fields(self, scenario: str, wire: Wire, where: str) -> tuple[list[Field], int, bytes]:
        """The fields that touch one wire event's bytes, where it starts in its direction, and all bytes of that."""
        trace = self._traces[scenario]
        mine = [w for w in trace.wires if w.connection == wire.connection and w.direction]
        streams = {d: _joined(trace, [w for w in mine if w.direction == d]) for d in ("in", "out")}
        sections = dissect(streams["in"], streams["out"])
        fields = sections.received if wire.direction == "in" else sections.sent
        data = streams[wire.direction]
        gaps = uncovered(fields, len(data))
        if gaps and self._strict:
            raise ReportError(
                f"{where}: bytes {gaps[0][0]} to {gaps[0][1]} of connection {wire.connection} have no field"
            )
        start = sum(w.size for w in mine if w.direction == wire.direction and w.ended < wire.ended)
        touched = [f for f in fields if f.start < start + wire.size and f.stop > start]
        return touched, start, data

    # -- technologies --------------------------------------------------------------------------------------

    def _technology(self, name: str, page: PageSpec) -> Technology:
        if name == "python":
            return Technology(
                "Python's standard library", "", "https://github.com/python/cpython", "PSF License Version 2"
            )
        for section in page.sections:
            for distribution in self._traces[section.scenario].distributions.values():
                if distribution.name == name:
                    known = self._lock.packages.get(name)
                    repository = known.repository if known else metadata_repository(distribution.urls)
                    return Technology(name, distribution.version, repository, distribution.licence)
        raise ReportError(f"pages.toml, page {page.slug!r}: no trace of it ran {name!r}")

    def versions(self) -> dict[str, str]:
        """The version of each lane's distribution, over all traces."""
        return {
            file.lane: file.distribution.version
            for trace in self._traces.values()
            for file in trace.files.values()
            if file.distribution is not None
        }


def _joined(trace: Trace, wires: Sequence[Wire]) -> bytes:
    parts = []
    for wire in wires:
        value = trace.value(wire.value)
        parts.append(value.data if value is not None and isinstance(value.data, bytes) else b"")
    return b"".join(parts)
