"""A document as PDF, by ReportLab: text that copies out, one annotation for each link, bookmarks for the headings.

A link's words never break over two lines, so its address is in one piece for whoever reads the annotations. The fonts
are DejaVu's, which lie beside this file; a character that they do not have is written as its number. The same document
gives the same bytes.
"""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import cm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Spacer, TableStyle
from reportlab.platypus import Paragraph as Para
from reportlab.platypus import Table as Grid

from .document import Block, Contents, Document, Facts, Heading, Hops, Inline, Inner, Line, Link, Paragraph, Table
from .safe import escaped

FONTS = Path(__file__).parent / "fonts"
TEXT, BOLD, CODE = "DejaVuSansCondensed", "DejaVuSansCondensed-Bold", "DejaVuSansMono"
INK, QUIET, BLUE, TODO, RULE, BAND = (
    HexColor(c) for c in ("#1f2328", "#5b6470", "#0b57b0", "#a3390b", "#d0d7de", "#f6f8fa")
)
MARGIN = 2 * cm
#: Characters of a link's words that a line has room for; of longer ones the middle is left out.
WIDE, NARROW = 62, 38
#: Centimetres that a hop's number takes, and that each level of depth adds.
NUMBER, DEEPER = 0.85 * cm, 0.5 * cm
#: Sizes and spaces of headings by level: size, before, after.
HEADINGS = {1: (20, 0, 8), 2: (14.5, 20, 5), 3: (10.5, 9, 3)}


def pdf(document: Document) -> bytes:
    """The file's bytes."""
    _register()
    out = io.BytesIO()
    made = _Template(out, document.title)
    made.build([flowable for block in document.blocks for flowable in _block(block)])
    return out.getvalue()


@cache
def _register() -> None:
    for name in (TEXT, BOLD, CODE):
        pdfmetrics.registerFont(TTFont(name, str(FONTS / f"{name}.ttf")))
    pdfmetrics.registerFontFamily(TEXT, normal=TEXT, bold=BOLD, italic=TEXT, boldItalic=BOLD)


class _Template(BaseDocTemplate):  # type: ignore[misc]
    """Pages with their number; a bookmark and an outline's entry at each heading."""

    def __init__(self, out: io.BytesIO, title: str) -> None:
        super().__init__(out, pagesize=A4, title=title, author="", creator="unmagic", lang="en", invariant=1)
        width, height = A4
        frame = Frame(MARGIN, MARGIN, width - 2 * MARGIN, height - 2 * MARGIN, 0, 0, 0, 0)
        self.addPageTemplates(PageTemplate("page", [frame], onPage=_numbered))

    def afterFlowable(self, flowable: Flowable) -> None:
        """Where a heading has come to stand."""
        entry = getattr(flowable, "outlined", None)
        if entry is not None:
            level, text, anchor = entry
            self.canv.bookmarkPage(anchor, fit="XYZ", top=self.frame._y + flowable.height + 6)
            self.canv.addOutlineEntry(text, anchor, level=level, closed=level > 0)


def _numbered(canvas: Any, template: Any) -> None:
    canvas.showOutline()
    canvas.saveState()
    canvas.setFont(TEXT, 8)
    canvas.setFillColor(QUIET)
    canvas.drawRightString(A4[0] - MARGIN, MARGIN / 2, f"{template.page}")
    canvas.restoreState()


# -- blocks ----------------------------------------------------------------------------------------------------------


def _style(name: str, size: float, **more: Any) -> ParagraphStyle:
    options: dict[str, Any] = {"fontName": TEXT, "fontSize": size, "leading": size * 1.4, "textColor": INK}
    return ParagraphStyle(name, **{**options, "allowWidows": 0, "allowOrphans": 0, **more})


PLAIN = _style("plain", 9, spaceAfter=4)
LEADING = _style("leading", 9, spaceAfter=4, keepWithNext=1)
FACT = _style("fact", 9, leftIndent=0.45 * cm, bulletIndent=0, spaceAfter=2.5)
SMALL = _style("small", 7.2, leading=9.5)


def _block(block: Block) -> list[Flowable]:
    if isinstance(block, Heading):
        return [_heading(block)]
    if isinstance(block, Paragraph):
        return [Para(_line(block.line), LEADING if block.leads else PLAIN)]
    if isinstance(block, Facts):
        return [Para(f"<b>{_words(label)}:</b> {_line(line)}", FACT, bulletText="•") for label, line in block.items]
    if isinstance(block, Hops):
        return _hops(block)
    if isinstance(block, Table):
        return [_table(block), Spacer(1, 6)]
    assert isinstance(block, Contents)
    indented = [_style(f"contents{level}", 9, leftIndent=level * DEEPER, spaceAfter=1.5) for level in range(3)]
    return [Para(_inline(Inner(text, anchor)), indented[min(level, 2)]) for level, text, anchor in block.entries]


def _heading(heading: Heading) -> Flowable:
    size, before, after = HEADINGS[heading.level]
    style = _style(f"h{heading.level}", size, fontName=BOLD, leading=size * 1.25, spaceBefore=before, spaceAfter=after,
                   keepWithNext=1, splitLongWords=1)  # fmt: skip
    made = Para(_words(heading.text), style)
    if heading.anchor:
        made.outlined = (0, _shown(heading.text), heading.anchor)
    return made


def _hops(hops: Hops) -> list[Flowable]:
    found = []
    for number, (item, depth) in enumerate(zip(hops.items, hops.depths, strict=True), hops.start):
        left = NUMBER + DEEPER * min(depth, 6)
        style = _style(f"hop{depth}", 9, leading=12.4, leftIndent=left, bulletIndent=left - NUMBER, spaceAfter=3.5,
                       bulletFontName=TEXT, bulletFontSize=8, bulletColor=QUIET, allowOrphans=0)  # fmt: skip
        found.append(Para("<br/>".join(_line(line) for line in item), style, bulletText=f"{number}."))
    return found


def _table(table: Table) -> Flowable:
    width = A4[0] - 2 * MARGIN
    widths = [width * share / sum(table.widths) for share in table.widths]
    rows = [[Para(f"<b>{_words(header)}</b>", SMALL) for header in table.headers]]
    rows += [[Para(_line(line, NARROW), SMALL) for line in row] for row in table.rows]
    look = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
        ("BACKGROUND", (0, 0), (-1, 0), BAND),
        ("LEFTPADDING", (0, 0), (-1, -1), 3), ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ("TOPPADDING", (0, 0), (-1, -1), 2), ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]  # fmt: skip
    return Grid(rows, colWidths=widths, repeatRows=1, style=TableStyle(look))


# -- words -----------------------------------------------------------------------------------------------------------


def _line(line: Line, room: int = WIDE) -> str:
    return "".join(_inline(one, room) for one in line)


def _inline(one: Inline, room: int = WIDE) -> str:
    if isinstance(one, Link):
        size = "" if not one.code else f' name="{CODE}" size="{8 if room == WIDE else 6.2}"'
        words = _words(_fitted(one.text, room)).replace(" ", "\u00a0")
        return f'<a href={quoteattr(one.url)} color="#0b57b0"><font{size}>{words}</font></a>'
    if isinstance(one, Inner):
        words = _words(_fitted(one.text, WIDE)).replace(" ", "\u00a0")
        return f'<a href={quoteattr("#" + one.anchor)} color="#0b57b0">{words}</a>'
    words = _words(one.text)
    if words.startswith("    "):
        words = "\u00a0" * (len(words) - len(words.lstrip())) + words.lstrip()
    marked = {
        "bold": f"<b>{words}</b>",
        "code": f'<font name="{CODE}" size="{8 if room == WIDE else 6.2}">{words}</font>',
        "quiet": f'<font color="#5b6470">{words}</font>',
        "todo": f'<font color="#a3390b"><b>{words}</b></font>',
    }
    return marked.get(one.style, words)


def _fitted(text: str, room: int) -> str:
    """A link's words, so short that they stand on one line."""
    return text if len(text) <= room else f"{text[: room // 2]}…{text[-room // 2 + 1 :]}"


def _words(text: str) -> str:
    return escape(_shown(text))


def _shown(text: str) -> str:
    """Text of which the fonts have every character."""
    known = pdfmetrics.getFont(CODE).face.charToGlyph, pdfmetrics.getFont(TEXT).face.charToGlyph
    return "".join(c if all(ord(c) in glyphs for glyphs in known) else escaped(c) for c in text)
