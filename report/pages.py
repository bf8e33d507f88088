"""What the committed pages are: title, purpose, and which chains of which scenarios (pages.toml).

A section names a scenario and one chain of it:

    below    a call, with everything inside it        call = "lane:qualname", nth, depth
    upward   from accept to what a call returned      call, nth
    arrival  from accept to one read                  wire (the nth read with bytes of the trace)
    reading  the same, and all that its thread did    wire, depth

It may name a value whose way is told beside the chain: `way`, with its direction (in: to the program, out: from it),
the `value` as text or the `bytes` in hexadecimal, and `nth` of the journeys of such a value. `nobody` says for the
name of a field why no call took it.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .notes import ReportError, _toml

PAGES_FILE = Path(__file__).parent / "pages.toml"
CHAINS = ("below", "upward", "arrival", "reading")
DIRECTIONS = ("in", "out")


@dataclass(frozen=True)
class WaySpec:
    """The journey of one value: text as `value`, or bytes (hexadecimal) as `bytes`."""

    direction: str
    value: str = ""
    bytes: str = ""
    nth: int = 0

    @property
    def data(self) -> str | builtins.bytes:
        """The value itself. Raises `ValueError` where `bytes` is no hexadecimal."""
        return builtins.bytes.fromhex(self.bytes) if self.bytes else self.value


@dataclass(frozen=True)
class SectionSpec:
    """One chain to show. `depth`: levels shown below the top although they cross no lane."""

    heading: str
    text: str
    scenario: str
    chain: str
    call: str = ""
    nth: int = 0
    wire: int = 0
    depth: int = 2
    after: str = ""
    bytes: bool = True
    way: WaySpec | None = None
    nobody: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PageSpec:
    """One page: the technology it is about, why one uses it, its chains, and what is easily missed."""

    slug: str
    title: str
    summary: str
    purpose: str
    technologies: tuple[str, ...]
    sections: tuple[SectionSpec, ...]
    missed: tuple[str, ...]


def load(path: Path = PAGES_FILE) -> tuple[PageSpec, ...]:
    """Read the pages. Raises `ReportError` naming the page and what is wrong with it."""
    data: dict[str, Any] = dict(_toml(path))
    return tuple(_page(page, path) for page in data.get("page", []))


def _page(data: dict[str, Any], path: Path) -> PageSpec:
    try:
        sections = tuple(_section(section) for section in data["section"])
        page = PageSpec(
            data["slug"],
            data["title"],
            data["summary"],
            data["purpose"].strip(),
            tuple(data["technologies"]),
            sections,
            tuple(data.get("missed", ())),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ReportError(f"{path.name}, page {data.get('slug', '?')!r}: {error}") from None
    for section in page.sections:
        if section.chain not in CHAINS:
            raise ReportError(f"{path.name}, page {page.slug!r}: there is no chain {section.chain!r}")
    return page


def _section(data: dict[str, Any]) -> SectionSpec:
    """One section. Raises what `_page` turns into a sentence."""
    way = WaySpec(**data["way"]) if "way" in data else None
    if way is not None and (way.direction not in DIRECTIONS or bool(way.value) == bool(way.bytes) or not way.data):
        raise ValueError(f"a way has a direction ({', '.join(DIRECTIONS)}) and either a value or bytes")
    return SectionSpec(**{**data, "way": way})
