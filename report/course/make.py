"""A course's report, made of a trace: the protocols that it spoke, the APIs that it called, the libraries of both."""

from __future__ import annotations

from pathlib import PurePath

from tracer.reading import lock as locks
from tracer.reading.links import Status, metadata_repository, repository_url
from tracer.reading.lock import Lock
from tracer.reading.trace import File, Trace

from .. import notes as sentences
from ..notes import Notes, ReportError
from . import apis, protocols
from .licences import licence
from .model import Library, Report, Section
from .run import Run
from .safe import clean

#: The standard library's repository and licence, which no metadata names.
PYTHON, PYTHON_LICENCE = "https://github.com/python/cpython", "PSF-2.0"
STANDARD = "Python's standard library"


def make(trace: Trace, *, lock: Lock | None = None, notes: Notes | None = None) -> Report:
    """The report on one trace. Raises `ReportError` where the program called nothing that could be told."""
    run = Run(trace, lock or locks.load(), notes or sentences.load())
    own, plumbing = apis.wanted(run)
    told = [(j, one.title, one.anchor) for one in own for j in (one.given, one.sent) if j is not None]
    found = [protocols.tcp(run), protocols.headers(run), protocols.websockets(run, told)]
    sections: list[Section] = [section for section in found if section is not None]
    sections += [apis.section(run, one, plumbing, _owner(one.api.code.file)) for one in own]
    if not sections:
        raise ReportError(
            f"{trace.path}: the program called no library that was recorded, and moved no bytes over a socket"
        )
    return Report(
        clean(_program(trace)),
        clean(trace.meta.get("python", "")),
        _libraries(run),
        tuple(sections),
        tuple(_remarks(run, found)),
    )


def _program(trace: Trace) -> str:
    """The file that was run; where no line of it was seen, the program's folder."""
    own = [call.code for call in trace.calls.values() if call.code.file.facts.kind == "program"]
    first = next((code.file.facts for code in own if code.kind == "module"), own[0].file.facts if own else None)
    if first is not None:
        return PurePath(first.relative or first.path).name
    return PurePath(trace.meta.get("program", "")).name or trace.path.stem


def _owner(file: File) -> str:
    """The library that a file is of, as the list of libraries names it."""
    if file.facts.kind == "stdlib":
        return STANDARD
    return clean(file.distribution.name) if file.distribution is not None else clean(file.lane)


def _libraries(run: Run) -> tuple[Library, ...]:
    """Every library that ran, in the order in which the run met them; Python's own last."""
    first: dict[str, File] = {}
    for call in run.trace.calls.values():
        file = call.code.file
        if file.facts.kind != "program":
            first.setdefault(_owner(file), file)
    names = [*(name for name in first if name != STANDARD), *([STANDARD] if STANDARD in first else [])]
    return tuple(_library(run, name, first[name]) for name in names)


def _library(run: Run, name: str, file: File) -> Library:
    owner = file.distribution
    if name == STANDARD:
        return Library(name, clean(file.facts.version), PYTHON, licence(PYTHON_LICENCE), _proof(run, name))
    if owner is None:
        return Library(name, "", "", licence(""), _proof(run, name))
    known = run.lock.packages.get(owner.name)
    repository = known.repository if known is not None else metadata_repository(owner.urls)
    return Library(name, clean(owner.version), repository, licence(owner.licence), _proof(run, name))


def _proof(run: Run, name: str) -> str:
    """How sure the links into a library are, of all its files that ran: in one sentence, or one for each reason."""
    files = {call.code.file.id: call.code.file for call in run.trace.calls.values() if _owner(call.code.file) == name}
    found: dict[str, int] = {}
    for file in files.values():
        link = run.linker.link(file)
        proven = link.status is Status.PROVEN
        why = "Each link is proven: the file that ran equals the one at the linked commit." if proven else link.why
        found[why] = found.get(why, 0) + 1
    if len(found) == 1:
        return clean(next(iter(found)), 400)
    return " ".join(f"{clean(why, 400)} ({count} of {len(files)} files)" for why, count in sorted(found.items()))


def _remarks(run: Run, found: list[Section | None]) -> list[str]:
    """What this run has nothing of, and what keeps the program's own lines from being linked."""
    told = []
    names = (protocols.TCP, protocols.HEADERS, protocols.WEBSOCKETS)
    missing = [name for name, section in zip(names, found, strict=True) if section is None]
    if missing:
        told.append(f"This run has nothing of: {', '.join(missing)}. What a run does not do is in no trace of it.")
    own = [file for file in run.trace.files.values() if file.facts.kind == "program"]
    reasons = {run.linker.link(file).why for file in own if not run.linker.link(file).url}
    remotes = {repository_url(file.facts.remote) for file in own if file.facts.remote} - {""}
    if remotes and not reasons:
        told.append("Links to the program's own lines are true once its commit is pushed.")
    told += [f"Lines of the program are named, not linked: {clean(why, 400)}" for why in sorted(reasons)]
    return told
