"""The sections on the functions of libraries that the program's own lines call, one each.

Which way a chain goes is read from the trace: where what a call gave back came from a socket, up to it; where what
it was passed was written to one, down to the write; where only its own doing reached a socket, down to there; else all
that ran inside it, as deep as a reader reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tracer.reading.apis import ATTRIBUTE, Api, Apis
from tracer.reading.journeys import Journey
from tracer.reading.steps import Step, fold, prune
from tracer.reading.trace import Call

from .model import Chain, Place, Section
from .run import Run
from .safe import clean

#: Hops of a chain that is no way to a socket; deeper calls are counted.
ENOUGH = 30
#: Levels inside one library that such a chain goes down to, most first.
DEPTHS = (2, 1, 0)


@dataclass(frozen=True)
class Wanted:
    """An API that gets a section, and whose ways it tells: of what the program was given, of what it sent."""

    api: Api
    anchor: str
    given: Journey | None
    sent: Journey | None

    @property
    def title(self) -> str:
        """The heading."""
        return clean(self.api.qualname)


def wanted(run: Run) -> tuple[tuple[Wanted, ...], tuple[Api, ...]]:
    """The APIs that get a section, in the order of the first call; and those that Python called for the same lines."""
    own: list[Wanted] = []
    rest: list[Api] = []
    anchors: set[str] = set()
    found = Apis(run.trace).all
    public = {site for api in found if not api.plumbing for site in api.sites}
    for api in found:
        calls = {call.id for use in api.uses for call in (use.call, use.through)}
        ways = [journey for journey in run.journeys if journey.call.id in calls]
        given = next((journey for journey in ways if journey.direction == "in"), None)
        sent = next((journey for journey in ways if journey.direction == "out"), None)
        if given is None and sent is None and api.plumbing and set(api.sites) <= public:
            rest.append(api)
        else:
            own.append(Wanted(api, _anchor(api, anchors), given, sent))
    return tuple(own), tuple(rest)


def _anchor(api: Api, taken: set[str]) -> str:
    """A name for links inside the document: letters, digits and - only, each once."""
    base = re.sub(r"[^a-z0-9]+", "-", f"{api.code.lane} {api.qualname}".lower()).strip("-")[:60] or "api"
    anchor, number = base, 1
    while anchor in taken:
        number += 1
        anchor = f"{base}-{number}"
    taken.add(anchor)
    return anchor


def section(run: Run, one: Wanted, plumbing: Sequence[Api], library: str) -> Section:
    """The section on one API."""
    api = one.api
    uses = tuple(run.line(run.trace.codes[code], line) for code, line in api.sites)
    also = [run.definition(other.uses[0].call.code) for other in plumbing if set(other.sites) & set(api.sites)]
    return Section(
        "api", one.title, one.anchor, clean(api.name), "", library, run.definition(api.code), uses, _times(api),
        tuple(_chains(run, one)), (), tuple(_different(also)),
    )  # fmt: skip


def _times(api: Api) -> int:
    """How often the program's lines did it: what one of them called and then called again was one time."""
    at_once: dict[tuple[tuple[int, int], int], int] = {}
    for use in api.uses:
        at_once[use.site, use.call.code.id] = at_once.get((use.site, use.call.code.id), 0) + 1
    return sum(max(n for (at, _), n in at_once.items() if at == site) for site in api.sites)


def _different(places: Sequence[Place]) -> Iterator[Place]:
    yield from dict.fromkeys(places)


def _chains(run: Run, one: Wanted) -> Iterator[Chain]:
    here = (one.title, one.anchor)
    if one.given is not None:
        steps = run.spines.into(one.given)
        text = "What it gave back, followed from the bytes that were read."
        own = run.chains.span_step(one.given.call.first)
        yield run.chain("From the TCP socket to what it returned", text, steps, here, journey=one.given, own=own)
    if one.sent is not None:
        text = "What it was passed, followed to the bytes that were written."
        yield run.chain("From the call to the TCP socket", text, run.spines.out_of(one.sent), here, journey=one.sent)
    if one.given is not None or one.sent is not None:
        return
    for use in one.api.uses:
        steps = run.spines.down(use.call)
        if steps:
            text = "The calls from it to each kind of thing that it did with a socket."
            yield run.chain("From the call to the TCP socket", text, steps, here, own=steps[0])
            return
    yield _inside(run, one, here)


def _inside(run: Run, one: Wanted, here: tuple[str, str]) -> Chain:
    """All that ran inside the first call, and inside those that the same line made."""
    first = one.api.uses[0]
    calls = [use.call for use in one.api.uses if use.site == first.site]
    text = "No byte of a socket was moved here: this ran when the line did."
    try:
        steps = _pruned([run.spines.whole(call) for call in _first_of_each(calls)])
    except RecursionError:  # a tree deeper than Python's stack, which nobody reads
        steps = [run.chains.span_step(call.first) for call in _first_of_each(calls)]
        text = "What ran inside is nested too deeply to be told."
    flat = [step for top in steps for step in top.walk()]
    chain = run.chain("All that it calls", text, [replace(step, children=()) for step in flat[:ENOUGH]], here)
    return replace(chain, left_out=max(len(flat) - ENOUGH, 0))


def _pruned(whole: Sequence[Step]) -> list[Step]:
    """As many levels as a reader reads."""
    steps: list[Step] = []
    for depth in DEPTHS:
        steps, _ = _told_once(prune(fold(whole), depth), set())
        if sum(1 for top in steps for _ in top.walk()) <= ENOUGH:
            break
    return steps


def _told_once(steps: Sequence[Step], met: set[int]) -> tuple[list[Step], int]:
    """The steps without attribute accesses in which nothing runs that was not told already, and how many calls these
    were. `met` are the functions that were told."""
    kept: list[Step] = []
    dropped = 0
    for step in steps:
        inside = {one.code.id for one in step.walk() if one.code is not None}
        if step.code is not None and step.code.qualname.rpartition(".")[2] in ATTRIBUTE and inside <= met:
            dropped += sum(one.count + one.hidden for one in step.walk())
            continue
        met |= {step.code.id} if step.code is not None else set()
        inner, fewer = _told_once(step.children, met)
        kept.append(replace(step, children=tuple(inner), hidden=step.hidden + fewer))
    return kept, dropped


def _first_of_each(calls: Sequence[Call]) -> list[Call]:
    """Of a line that ran many times, one call of each function."""
    found: dict[int, Call] = {}
    for call in calls:
        found.setdefault(call.code.id, call)
    return list(found.values())
