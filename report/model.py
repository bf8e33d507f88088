"""What a page is made of: frozen values with finished text and links, made by `sections.py`, shown by the pages."""

from __future__ import annotations

from dataclasses import dataclass

from tracer.reading.links import Link


@dataclass(frozen=True)
class Technology:
    """A library of the stack: its repository and its licence, from the installed metadata."""

    name: str
    version: str
    repository: str
    licence: str


@dataclass(frozen=True)
class Change:
    """What happened to a value on its way. `kind` is read, written, same, held, slice, made, handoff or begins; `how` a
    word for what was made; `place` the bytes concerned ("6–10"); `holder` where the value is held; `value` the value
    itself, as text. `doubtful`: something else was as close. `beside`: the step gave something else back too.
    `arrives`: with this the program has it."""

    kind: str
    how: str = ""
    place: str = ""
    holder: str = ""
    value: str = ""
    doubtful: bool = False
    beside: bool = False
    arrives: bool = False


@dataclass(frozen=True)
class Row:
    """One step as a person reads it. `number` is "7" for a crossing, "7.2" for a step inside a lane. `change` is what
    happened there to the value whose way the section tells."""

    number: str
    kind: str
    crossing: bool
    depth: int
    thread: str
    lane: str
    name: str
    definition: Link | None
    site: str
    site_link: Link | None
    note: str
    value: str
    count: int
    hidden: int
    evidence: int
    change: Change | None = None


@dataclass(frozen=True)
class Leg:
    """One leg of a value's way: by which calls (name, link), the first of them called from `site`; `steps` are the
    numbers of the chain's table where it is told in full."""

    steps: str
    thread: str
    lane: str
    calls: tuple[tuple[str, Link | None], ...]
    site: str
    site_link: Link | None
    change: Change


@dataclass(frozen=True)
class Arrow:
    """One arrow of the sequence diagram, between (lane, thread) pairs."""

    number: str
    source: tuple[str, str]
    target: tuple[str, str]
    text: str
    dashed: bool


@dataclass(frozen=True)
class Hand:
    """The call that took bytes, or made them: `verb` ("", "made by", "given to") and its name; `at` (a word) and the
    line; by way of `through`. `others` further calls had just these bytes too; `doubtful`: something else was as close.
    `run` are the bytes that it had, where these are more than the field."""

    verb: str
    name: str
    definition: Link | None
    at: str = ""
    site: str = ""
    site_link: Link | None = None
    through: str = ""
    others: int = 0
    doubtful: bool = False
    run: str = ""


@dataclass(frozen=True)
class ByteRow:
    """One field of bytes that crossed a socket. Who had it is `hand`, or told in `by`."""

    offset: str
    data: str
    name: str
    value: str
    section: str
    level: int
    hand: Hand | None = None
    by: str = ""


@dataclass(frozen=True)
class Bytes:
    """One wire event with its fields; `by` heads the column of those who consumed or produced them."""

    number: str
    title: str
    rows: tuple[ByteRow, ...]
    by: str = "consumed by"


@dataclass(frozen=True)
class Section:
    """One chain on a page."""

    heading: str
    text: str
    after: str
    threads: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    arrows: tuple[Arrow, ...]
    bytes: tuple[Bytes, ...]
    way: tuple[Leg, ...] = ()


@dataclass(frozen=True)
class Page:
    """One page."""

    slug: str
    title: str
    summary: str
    purpose: str
    technologies: tuple[Technology, ...]
    sections: tuple[Section, ...]
    missed: tuple[str, ...]
