"""A document as plain values: what Markdown, DOCX and PDF have in common, so that all three say and link the same.

Texts are finished: `safe.clean` has seen whatever came from a trace; a renderer escapes for its own format and no more.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """Words; `style` is '', bold, italic, code, quiet (less important) or todo (somebody has to write this)."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Link:
    """Words that lead to an address outside; `code` sets them as code."""

    text: str
    url: str
    code: bool = True


@dataclass(frozen=True)
class Inner:
    """Words that lead to a heading of this document."""

    text: str
    anchor: str


Inline = Text | Link | Inner
Line = tuple[Inline, ...]


@dataclass(frozen=True)
class Heading:
    """A heading; `level` counts from 1, the title. With an `anchor` it can be led to."""

    level: int
    text: str
    anchor: str = ""
    code: bool = False


@dataclass(frozen=True)
class Paragraph:
    """Words in a paragraph; with `leads` it stays on the page of what follows."""

    line: Line
    leads: bool = False


@dataclass(frozen=True)
class Facts:
    """Short facts, each with its label."""

    items: tuple[tuple[str, Line], ...]


@dataclass(frozen=True)
class Hops:
    """Numbered items from `start` on; the first line of each is the most important. Each has a depth."""

    start: int
    items: tuple[tuple[Line, ...], ...]
    depths: tuple[int, ...]


@dataclass(frozen=True)
class Table:
    """Rows below headers; `widths` are shares of the page's width."""

    headers: tuple[str, ...]
    rows: tuple[tuple[Line, ...], ...]
    widths: tuple[int, ...]


@dataclass(frozen=True)
class Contents:
    """The headings that follow: (level from 0, text, anchor)."""

    entries: tuple[tuple[int, str, str], ...]


Block = Heading | Paragraph | Facts | Hops | Table | Contents


@dataclass(frozen=True)
class Document:
    """A whole document."""

    title: str
    blocks: tuple[Block, ...]


def links(document: Document) -> list[tuple[str, str]]:
    """Every outward link, (words, address), in the order of reading."""
    return [(one.text, one.url) for line in lines(document) for one in line if isinstance(one, Link)]


def lines(document: Document) -> list[Line]:
    """Every line of a document, in the order of reading."""
    found: list[Line] = []
    for block in document.blocks:
        if isinstance(block, Paragraph):
            found.append(block.line)
        elif isinstance(block, Facts):
            found += [line for _, line in block.items]
        elif isinstance(block, Hops):
            found += [line for item in block.items for line in item]
        elif isinstance(block, Table):
            found += [line for row in block.rows for line in row]
    return found
