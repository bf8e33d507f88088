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
class Row:
    """One step as a person reads it. `number` is "7" for a crossing, "7.2" for a step inside a lane."""

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


@dataclass(frozen=True)
class Arrow:
    """One arrow of the sequence diagram, between (lane, thread) pairs."""

    number: str
    source: tuple[str, str]
    target: tuple[str, str]
    text: str
    dashed: bool


@dataclass(frozen=True)
class ByteRow:
    """One field of bytes that crossed a socket."""

    offset: str
    data: str
    name: str
    value: str
    section: str
    level: int


@dataclass(frozen=True)
class Bytes:
    """One wire event with its fields."""

    number: str
    title: str
    rows: tuple[ByteRow, ...]


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
