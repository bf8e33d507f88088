"""A document as DOCX, by python-docx: real headings, real hyperlinks, links inside the document, code in monospace.

The same document gives the same bytes: the archive's times are fixed, and nothing of the day is written into it.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

import docx
from docx.enum.text import WD_LINE_SPACING
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Emu, Pt, RGBColor
from docx.text.paragraph import Paragraph as Para

from .document import Block, Contents, Document, Facts, Heading, Hops, Inline, Inner, Line, Link, Paragraph, Table, Text

#: The font of code, and of the rest; each is on any machine, or has a near one that takes its place.
CODE, SANS = "Courier New", "Arial"
INK, QUIET, BLUE, TODO = (RGBColor.from_string(colour) for colour in ("1F2328", "5B6470", "0B57B0", "A3390B"))
RULE = "D0D7DE"
#: Centimetres, in Word's own unit.
CM = 360000
#: The oldest time that an archive can hold.
EPOCH = (1980, 1, 1, 0, 0, 0)
#: Centimetres that a hop's number takes, and that each level of depth adds.
NUMBER, DEEPER = 0.9, 0.5


def docx_bytes(document: Document) -> bytes:
    """The file's bytes."""
    return _Writer(document).bytes()


class _Writer:
    def __init__(self, document: Document) -> None:
        self._file = docx.Document()
        anchors = [block.anchor for block in document.blocks if isinstance(block, Heading) and block.anchor]
        #: Word wants names of letters, digits and _, of 40 characters at most.
        self._marks = {anchor: f"section_{number}" for number, anchor in enumerate(anchors, 1)}
        properties = self._file.core_properties
        properties.title, properties.author, properties.comments = document.title[:255], "", ""
        self._styles()
        for block in document.blocks:
            self._block(block)

    def bytes(self) -> bytes:
        made, out = io.BytesIO(), io.BytesIO()
        self._file.save(made)
        with zipfile.ZipFile(made) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
            for name in source.namelist():
                entry = zipfile.ZipInfo(name, EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                target.writestr(entry, source.read(name))
        return out.getvalue()

    def _styles(self) -> None:
        section = self._file.sections[0]
        section.page_width, section.page_height = Emu(21 * CM), Emu(int(29.7 * CM))
        section.left_margin = section.right_margin = Emu(2 * CM)
        section.top_margin = section.bottom_margin = Emu(2 * CM)
        sizes = {"Normal": 10, "Heading 1": 20, "Heading 2": 15, "Heading 3": 11.5}
        for name, size in sizes.items():
            style: Any = self._file.styles[name]
            style.font.name, style.font.size, style.font.color.rgb = SANS, Pt(size), INK
            fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
            for attribute in list(fonts.attrib):
                if attribute.endswith("Theme"):
                    del fonts.attrib[attribute]
            for attribute in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
                fonts.set(qn(attribute), SANS)
            style.paragraph_format.space_after = Pt(4)
            style.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
        for border in self._file.styles["Table Grid"].element.iter(qn("w:tblBorders")):
            for edge in border:
                edge.set(qn("w:color"), RULE)
        for name, before in (("Heading 2", 20), ("Heading 3", 10)):
            heading: Any = self._file.styles[name]
            heading.paragraph_format.space_before = Pt(before)
            heading.paragraph_format.keep_with_next = True

    # -- blocks ------------------------------------------------------------------------------------------------------

    def _block(self, block: Block) -> None:
        if isinstance(block, Heading):
            self._bookmark(self._file.add_heading(block.text, block.level), block.anchor)
        elif isinstance(block, Paragraph):
            paragraph = self._file.add_paragraph()
            paragraph.paragraph_format.keep_with_next = block.leads or None
            self._line(paragraph, block.line)
        elif isinstance(block, Facts):
            for label, line in block.items:
                paragraph = self._file.add_paragraph()
                self._indent(paragraph, 0.4, -0.4)
                paragraph.add_run(f"{label}: ").bold = True
                self._line(paragraph, line)
        elif isinstance(block, Hops):
            self._hops(block)
        elif isinstance(block, Table):
            self._table(block)
        elif isinstance(block, Contents):
            for level, text, anchor in block.entries:
                paragraph = self._file.add_paragraph()
                self._indent(paragraph, 0.6 * level, 0)
                paragraph.paragraph_format.space_after = Pt(1)
                self._inline(paragraph, Inner(text, anchor))

    def _hops(self, hops: Hops) -> None:
        for number, (item, depth) in enumerate(zip(hops.items, hops.depths, strict=True), hops.start):
            paragraph = self._file.add_paragraph()
            self._indent(paragraph, NUMBER + DEEPER * min(depth, 6), -NUMBER)
            paragraph.paragraph_format.tab_stops.add_tab_stop(Emu(int((NUMBER + DEEPER * min(depth, 6)) * CM)))
            paragraph.paragraph_format.keep_together = True
            self._words(paragraph, f"{number}.\t", "quiet")
            for place, line in enumerate(item):
                if place:
                    paragraph.add_run().add_break()
                self._line(paragraph, line)

    def _table(self, table: Table) -> None:
        made: Any = self._file.add_table(1 + len(table.rows), len(table.headers))
        made.style, made.autofit = self._file.styles["Table Grid"], False
        width = 17 * CM
        for column, share in zip(made.columns, table.widths, strict=True):
            column.width = Emu(width * share // sum(table.widths))
        for row, lines in enumerate([tuple((_bold(h),) for h in table.headers), *table.rows]):
            for column, line in enumerate(lines):
                cell = made.cell(row, column)
                cell.width = Emu(width * table.widths[column] // sum(table.widths))
                paragraph = cell.paragraphs[0]
                paragraph.paragraph_format.space_after = Pt(0)
                self._line(paragraph, line, 7.5)
        self._file.add_paragraph().paragraph_format.space_after = Pt(0)

    def _indent(self, paragraph: Para, left: float, first: float) -> None:
        paragraph.paragraph_format.left_indent = Emu(int(left * CM))
        paragraph.paragraph_format.first_line_indent = Emu(int(first * CM))

    # -- words -------------------------------------------------------------------------------------------------------

    def _line(self, paragraph: Para, line: Line, size: float = 0) -> None:
        for one in line:
            self._inline(paragraph, one, size)

    def _inline(self, paragraph: Para, one: Inline, size: float = 0) -> None:
        if isinstance(one, Link):
            related = paragraph.part.relate_to(one.url, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
            self._hyperlink(paragraph, one.text, {"r:id": related}, one.code, size)
        elif isinstance(one, Inner):
            self._hyperlink(paragraph, one.text, {"w:anchor": self._marks.get(one.anchor, "")}, False, size)
        else:
            self._words(paragraph, one.text, one.style, size)

    def _words(self, paragraph: Para, text: str, style: str, size: float = 0) -> None:
        run = paragraph.add_run(text)
        run.bold = style in ("bold", "todo") or None
        run.italic = style == "italic" or None
        if style == "code":
            _monospace(run)
        if style in ("quiet", "todo"):
            run.font.color.rgb = QUIET if style == "quiet" else TODO
        if size:
            run.font.size = Pt(size)

    def _hyperlink(self, paragraph: Para, text: str, target: dict[str, str], code: bool, size: float) -> None:
        run = paragraph.add_run(text)
        if code:
            _monospace(run)
        run.font.color.rgb = BLUE
        if size:
            run.font.size = Pt(size)
        link = OxmlElement("w:hyperlink")
        for name, value in target.items():
            link.set(qn(name), value)
        link.append(run._r)
        paragraph._p.append(link)

    def _bookmark(self, paragraph: Para, anchor: str) -> None:
        if not anchor:
            return
        for place, kind in ((0, "w:bookmarkStart"), (len(paragraph._p), "w:bookmarkEnd")):
            mark = OxmlElement(kind)
            mark.set(qn("w:id"), self._marks[anchor].rpartition("_")[2])
            if kind.endswith("Start"):
                mark.set(qn("w:name"), self._marks[anchor])
            paragraph._p.insert(place + (1 if place else 0), mark)


def _bold(text: str) -> Inline:
    return Text(text, "bold")


def _monospace(run: Any) -> None:
    run.font.name = CODE
    fonts = run._r.get_or_add_rPr().get_or_add_rFonts()
    for attribute in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
        fonts.set(qn(attribute), CODE)
    run.font.size = Pt(9)
