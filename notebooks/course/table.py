"""A table as a notebook shows it: HTML that needs no script and no style sheet, and the same as aligned text.

In: headings and rows of cells. Out: `text/html`, which GitHub, an untrusted notebook and a screen reader show alike,
and `text/plain` for a terminal. All text of a cell is data: it is escaped.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

#: Jupyter aligns cells to the right where nobody says otherwise.
LEFT = "text-align:left"
#: Characters of one cell in the text form.
WIDEST = 60


@dataclass(frozen=True)
class Cell:
    """One cell: its text, where a link goes, whether it is code, and a colour for its left edge ('': none)."""

    text: str
    href: str = ""
    code: bool = False
    edge: str = ""

    def html(self) -> str:
        inner = escape(self.text)
        if self.href:
            inner = f'<a href="{escape(self.href, quote=True)}">{inner}</a>'
        if self.code and self.text:  # around the link: a link in the colour of code would not be seen as one
            inner = f"<code>{inner}</code>"
        style = f"{LEFT};border-left:4px solid {self.edge}" if self.edge else LEFT
        return f'<td style="{style}">{inner}</td>'


class Shown:
    """Something that a notebook shows as HTML and a terminal as text."""

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": self.text()}

    def __repr__(self) -> str:
        return self.text()

    def html(self) -> str:
        raise NotImplementedError

    def text(self) -> str:
        raise NotImplementedError


@dataclass(frozen=True, repr=False)
class Table(Shown):
    """`heads` are the headings, `rows` as many cells each; `caption` stands above."""

    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""

    def html(self) -> str:
        head = "".join(f'<th style="{LEFT}">{escape(name)}</th>' for name in self.heads)
        body = "".join(f"<tr>{''.join(cell.html() for cell in row)}</tr>\n" for row in self.rows)
        caption = f"<p><b>{escape(self.caption)}</b></p>\n" if self.caption else ""
        return f"{caption}<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>"

    def text(self) -> str:
        lines = [list(self.heads), *([textwrap.shorten(c.text, WIDEST, placeholder="…") for c in r] for r in self.rows)]
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.heads))]
        lines.insert(1, ["-" * width for width in widths])
        drawn = ["  ".join(t.ljust(w) for t, w in zip(line, widths, strict=True)).rstrip() for line in lines]
        return "\n".join([self.caption, *drawn] if self.caption else drawn)


@dataclass(frozen=True, repr=False)
class Said(Shown):
    """A sentence with a mark at its left: `word` says how it is meant, the colour only repeats that."""

    word: str
    sentence: str
    colour: str = "#1f86c0"

    def html(self) -> str:
        paragraphs = [f"<b>{escape(self.word)}</b>", *map(_line, self.sentence.split("\n"))]
        style = f"border-left:4px solid {self.colour};padding:0.2em 0.8em;margin:0.2em 0"
        return f'<div style="{style}">{"<br>".join(paragraphs)}</div>'

    def text(self) -> str:
        return f"{self.word}\n{self.sentence}".strip()


def _line(line: str) -> str:
    """A line of ours, in which `code` stands as in Markdown."""
    parts = line.split("`")
    return "".join(f"<code>{escape(p)}</code>" if n % 2 else escape(p) for n, p in enumerate(parts))
