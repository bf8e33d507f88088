"""Sections: everything that a page shows, made once from the traces; pages only show it.

In: the traces of the scenarios, the page specs, the notes, the lock. Out: frozen values with finished text and
links. Fails with a sentence where something would stay unexplained: a crossing without a note, a byte without a
field, a library link that is not proven.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from urllib.parse import quote

from tracer.reading.chain import Chains
from tracer.reading.extent import last_line
from tracer.reading.fields import Field, uncovered
from tracer.reading.fields.connection import dissect
from tracer.reading.links import Link, Links, Status, metadata_repository
from tracer.reading.lock import Lock
from tracer.reading.steps import Step, fold, prune
from tracer.reading.trace import Code, Trace, Wire

from .anatomy import byte_rows, unmasking
from .arrows import arrow, drawn_from
from .model import Bytes, Page, Row, Section, Technology
from .notes import Notes, ReportError
from .pages import PageSpec, SectionSpec
from .text import Scrub, told


class Viewer:
    """Makes pages of traces. `strict` is for the committed report: whatever is unexplained fails."""

    def __init__(
        self, traces: Mapping[str, Trace], notes: Notes, lock: Lock, *, strict: bool = True, own: str = ""
    ) -> None:
        """`own` is where the program's own files lie, as seen from the pages; without it they are linked by
        their Git remote."""
        self._traces = traces
        self._chains = {name: Chains(trace) for name, trace in traces.items()}
        self._scrubs = {name: Scrub(trace) for name, trace in traces.items()}
        self._notes = notes
        self._lock = lock
        self._links = Links(lock)
        self._strict = strict
        self._own = own

    def page(self, spec: PageSpec) -> Page:
        """One page. Raises `ReportError`."""
        sections = tuple(self._section(spec, section) for section in spec.sections)
        technologies = tuple(self._technology(name, spec) for name in spec.technologies)
        return Page(spec.slug, spec.title, spec.summary, spec.purpose, technologies, sections, spec.missed)

    # -- sections ------------------------------------------------------------------------------------------

    def _section(self, page: PageSpec, spec: SectionSpec) -> Section:
        where = f"pages.toml, page {page.slug!r}, section {spec.heading!r}"
        try:
            steps = self._steps(spec)
        except LookupError as error:
            raise ReportError(f"{where}: {error}") from None
        flat = [step for top in steps for step in top.walk()]
        threads = _thread_labels(flat, self._traces[spec.scenario])
        scrub = self._scrubs[spec.scenario]
        rows = self._rows(flat, threads, scrub)
        chains = self._chains[spec.scenario]
        pairs = list(zip(flat, rows, strict=True))[drawn_from(spec, flat) :]
        arrows = tuple(arrow(step, row, threads, chains) for step, row in pairs if row.crossing)
        data = self._bytes(spec.scenario, flat, rows, where) if spec.bytes else ()
        names = tuple((label, self._traces[spec.scenario].threads.get(t, "")) for t, label in threads.items())
        after = spec.after.replace("{xor}", unmasking(data)) if "{xor}" in spec.after else spec.after
        return Section(spec.heading, spec.text, after, names, tuple(rows), arrows, data)

    def _steps(self, spec: SectionSpec) -> list[Step]:
        if spec.scenario not in self._chains:
            raise LookupError(f"there is no trace of the scenario {spec.scenario!r}")
        chains = self._chains[spec.scenario]
        if spec.chain in ("arrival", "reading"):
            reads = [w for w in chains.trace.wires if w.direction == "in"]
            if spec.wire >= len(reads):
                raise LookupError(f"the trace has {len(reads)} reads, no number {spec.wire}")
            wire = reads[spec.wire]
            steps = chains.arrival(wire) if spec.chain == "arrival" else chains.reading(wire)
        else:
            lane, _, qualname = spec.call.partition(":")
            calls = chains.find(lane, qualname)
            if spec.nth >= len(calls):
                raise LookupError(f"{qualname} of {lane} was called {len(calls)} times, there is no number {spec.nth}")
            call = calls[spec.nth]
            steps = chains.upward(call) if spec.chain == "upward" else [chains.below(call)]
        return prune(fold(steps), spec.depth)

    def _rows(self, steps: Sequence[Step], threads: Mapping[int, str], scrub: Scrub) -> list[Row]:
        rows, major, minor = [], 0, 0
        for step in steps:
            crossing = step.crosses or step.kind in ("handoff", "return")
            major, minor = (major + 1, 0) if crossing else (major, minor + 1)
            rows.append(self._row(step, f"{major}" if crossing else f"{major}.{minor}", crossing, threads, scrub))
        return rows

    def _row(self, step: Step, number: str, crossing: bool, threads: Mapping[int, str], scrub: Scrub) -> Row:
        code, caller = step.code, step.caller
        note = ""
        if code is not None and step.kind in ("call", "resume"):
            note = self._notes.get(code.lane, code.qualname, needed=crossing and self._strict)
        elif step.kind in ("wire", "thread", "handoff", "return"):
            note = self._notes.get("step", step.wire.op if step.wire else step.kind, needed=self._strict)
        if caller is not None and not caller.lane:  # the recorder, which calls the program's first line
            caller = None
        definition = self._link(code, code.first, last_line(code)) if code and step.kind != "handoff" else None
        site_link = self._link(caller, step.line, step.line) if caller else None
        return Row(
            number, step.kind, crossing, step.depth, threads[step.thread], _lane(step), _name(step),
            definition, _site(caller, step.line), site_link, note, _value(step, scrub),
            step.count, step.hidden, step.call,
        )  # fmt: skip

    def _link(self, code: Code, first: int, last: int) -> Link:
        facts = code.file.facts
        if facts.kind == "program" and self._own:
            lines = f"#L{first}" if first == last else f"#L{first}-L{last}"
            return Link(
                f"{self._own}/{quote(facts.relative)}{lines}", Status.OWN, facts.relative, "the program's own file"
            )
        link = self._links.link(facts, first, last)
        if self._strict and facts.kind == "distribution" and link.status is not Status.PROVEN:
            raise ReportError(f"the link to {code.qualname} is not proven: {link.why}")
        return link

    # -- bytes ---------------------------------------------------------------------------------------------

    def _bytes(self, scenario: str, steps: Sequence[Step], rows: Sequence[Row], where: str) -> tuple[Bytes, ...]:
        found = []
        for step, row in zip(steps, rows, strict=True):
            if step.wire is not None and step.wire.direction:
                fields, start, data = self._fields(scenario, step.wire, where)
                count = f"{step.wire.size:,} byte{'s' if step.wire.size != 1 else ''}"
                word = "received" if step.wire.direction == "in" else "sent"
                scrub = self._scrubs[scenario]
                table = tuple(r for f in fields for r in byte_rows(f, data, start, scrub))
                found.append(Bytes(row.number, f"{count} {word} by `{step.wire.op}`", table))
        return tuple(found)

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


def _thread_labels(steps: Sequence[Step], trace: Trace) -> dict[int, str]:
    """main, then A, B, … in the order in which the chain meets them."""
    labels: dict[int, str] = {}
    letters = iter(ascii_uppercase)
    for step in steps:
        if step.thread not in labels:
            labels[step.thread] = "main" if trace.threads.get(step.thread) == "MainThread" else next(letters)
    return labels


def _lane(step: Step) -> str:
    if step.kind == "wire":
        return "socket"
    if step.kind == "thread":
        return "threading"
    return step.code.lane if step.code else ""


def _name(step: Step) -> str:
    if step.wire is not None:
        return step.wire.op
    if step.kind == "thread":
        return "a thread starts"
    assert step.code is not None
    name = step.code.qualname.replace(".<locals>", "")
    return name


def _value(step: Step, scrub: Scrub) -> str:
    if step.wire is not None:
        if step.wire.direction:
            return told(step.outcome, scrub)
        return "a new connection" if step.wire.op == "accept" else step.wire.detail
    if step.kind == "thread" or (
        step.ended == "returned" and step.outcome is not None and step.outcome.type == "NoneType"
    ):
        return ""
    text = told(step.outcome, scrub) if step.outcome is not None else ""
    return {
        "raised": f"raises {text.removeprefix('a ').removeprefix('an ')}",
        "yielded": f"yields {text}",
        "open": "",
    }.get(step.ended, text)


def _site(caller: Code | None, line: int) -> str:
    if caller is None:
        return ""
    return f"{caller.file.facts.relative.rpartition('/')[2]}:{line}"
