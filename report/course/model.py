"""What a course's report is made of: frozen values, made of a trace by `make.py`; `layout.py` says how they read."""

from __future__ import annotations

from dataclasses import dataclass

from tracer.reading.links import Link

from ..model import Row


@dataclass(frozen=True)
class Place:
    """A place in a source, as a name and a link; `link.url` is '' where there is none, and `link.why` says why."""

    name: str
    link: Link


@dataclass(frozen=True)
class Licence:
    """A licence as the package's metadata names it; what it allows and asks for is '' where it is not one that is
    known here, and then `url` is ''."""

    name: str
    url: str
    allows: str
    asks: str


@dataclass(frozen=True)
class Library:
    """A library that the run used: `repository` is at the release's commit, where that is known; `links` says in a
    sentence how sure the links into it are."""

    name: str
    version: str
    repository: str
    licence: Licence
    links: str


@dataclass(frozen=True)
class Told:
    """Hops that another section tells, up to its number `hop`: they are not repeated."""

    section: str
    anchor: str
    hop: int
    name: str


@dataclass(frozen=True)
class Chain:
    """The hops of one way, in order, numbered from `start` on; `told` says which lead to the first of them, or
    (`beyond`) which follow it and are not repeated; `left_out` counts hops that are not shown. `threads` are
    (letter, name)."""

    title: str
    text: str
    told: tuple[Told, ...]
    hops: tuple[Row, ...]
    threads: tuple[tuple[str, str], ...]
    start: int = 1
    left_out: int = 0
    beyond: bool = False


@dataclass(frozen=True)
class Octets:
    """One field of a frame: which bytes, what they mean, and whose hands they went through."""

    offset: str
    data: str
    name: str
    meaning: str
    level: int
    hand: tuple[Place, ...]
    by: str


@dataclass(frozen=True)
class Frame:
    """The bytes of one message, field by field."""

    title: str
    rows: tuple[Octets, ...]


@dataclass(frozen=True)
class Section:
    """One technology: a protocol (TCP, HTTP headers, WebSockets) or one function of a library that the program calls.

    `kind` is tcp, http_headers, websockets or api; `name` the function's ``module:qualname``, '' for a protocol; `uses`
    are the places in the program, `calls` how often they called it; `also` what Python called for the same lines;
    `refers` says of what (in words) the
    chain is told in which other section (title, anchor)."""

    kind: str
    title: str
    anchor: str
    name: str
    text: str
    library: str
    definition: Place | None
    uses: tuple[Place, ...]
    calls: int
    chains: tuple[Chain, ...]
    frames: tuple[Frame, ...] = ()
    also: tuple[Place, ...] = ()
    refers: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Report:
    """A course's report on one run of one program. `remarks` are sentences about what could not be linked or found."""

    program: str
    python: str
    libraries: tuple[Library, ...]
    sections: tuple[Section, ...]
    remarks: tuple[str, ...]
