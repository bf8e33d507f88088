"""DOCX, by python-docx: paragraphs, rows of tables, notes, hyperlinks by their relations and by field codes.

The file is a ZIP from a stranger: what is packed in it is measured before anything is unpacked.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
from docx.enum.style import WD_STYLE_TYPE
from docx.opc.exceptions import OpcError
from docx.oxml import parse_xml

from .document import Block, DocumentError, Read, Target, clean, mark
from .limits import MEGABYTE, MEMBERS, RATIO, UNPACKED

_FIELD = re.compile(r"HYPERLINK\s+\"([^\"]+)\"(?:\s+\\l\s+\"([^\"]+)\")?")
#: What is looked into: insertions that are tracked, controls, smart tags, simple fields. Deletions are not among them.
_AROUND = frozenset({"ins", "moveTo", "sdt", "sdtContent", "smartTag", "customXml", "fldSimple"})
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_COMPATIBLE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def read(path: Path) -> Read:
    """The blocks of a DOCX file. Raises `DocumentError`."""
    _measure(path)
    try:
        opened = docx.Document(str(path))
        made = _Made(opened.part)
        made.walk(opened.element.body)
    except (
        OpcError,
        KeyError,
        ValueError,
        OSError,
        zipfile.BadZipFile,
        zlib.error,
        SyntaxError,
        AttributeError,
    ) as error:
        raise DocumentError(f"{path}: the DOCX is damaged ({_told(error)}).") from None
    return Read(tuple(made.blocks), tuple(made.targets))


def _measure(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DocumentError(f"{path}: the DOCX is damaged ({_told(error)}).") from None
    size = sum(member.file_size for member in members)
    packed = max((member.file_size / max(member.compress_size, 1) for member in members if member.file_size > MEGABYTE),
                 default=0)  # fmt: skip
    if len(members) > MEMBERS:
        raise DocumentError(f"{path}: {len(members):,} files are packed in it, which no report needs.")
    if size > UNPACKED or packed > RATIO:
        raise DocumentError(f"{path}: it unpacks to {size // MEGABYTE} MB, which no report does.")


def _told(error: Exception) -> str:
    said = " ".join(str(error).split())
    return clean(said)[:120] or type(error).__name__


class _Made:
    """What was met so far. `part` holds what is read: its relations say where its hyperlinks lead."""

    def __init__(self, part: Any) -> None:
        self.blocks: list[Block] = []
        self.targets: list[Target] = []
        self._part = part
        self._styles: dict[str | None, str] = {}
        self._notes = {kind: _notes(part, kind) for kind in ("footnote", "endnote")}

    def walk(self, element: Any) -> None:
        """Paragraphs and tables in order, also inside what Word wraps around them."""
        for child in element:
            kind = _kind(child)
            if kind == "p":
                heading = self._style(child).startswith(("Heading", "Title"))
                self._put("heading" if heading else "text", self._said(child, self._part))
                for box in self._boxes(child):
                    self.walk(box)
            elif kind == "tbl":
                for row in child.iterchildren(f"{_WORD}tr"):
                    cells = row.iterchildren(f"{_WORD}tc")
                    said = (" ".join(self._said(p, self._part) for p in cell.iter(f"{_WORD}p")) for cell in cells)
                    self._put("row", " \t ".join(said))
            elif kind in _AROUND:
                self.walk(child)

    def _boxes(self, paragraph: Any) -> Iterator[Any]:
        """The text boxes that hang on a paragraph, each once: for old programs there is a copy of each."""
        for box in paragraph.iter(f"{_WORD}txbxContent"):
            around = [str(one.tag) for one in box.iterancestors()]
            if f"{_COMPATIBLE}Fallback" not in around and around.count(f"{_WORD}txbxContent") == 0:
                yield box

    def _style(self, paragraph: Any) -> str:
        """The name of a paragraph's style; looking one up takes long, and there are few."""
        if paragraph.style not in self._styles:
            style = self._part.get_style(paragraph.style, WD_STYLE_TYPE.PARAGRAPH)
            self._styles[paragraph.style] = style.name or ""
        return self._styles[paragraph.style]

    def _put(self, kind: str, text: str) -> None:
        if text.strip():
            self.blocks.append(Block(kind, text, f"paragraph {len(self.blocks) + 1}"))

    def _said(self, element: Any, part: Any) -> str:
        """The text of a paragraph as it is printed: with what was inserted, without what was deleted; a note's text
        stands where its number does."""
        said, codes = "", ""
        for child in element:
            kind = _kind(child)
            if kind == "r":
                codes += "".join(node.text or "" for node in child.iter(f"{_WORD}instrText"))
                said += clean(child.text)
                for note in child.iter(f"{_WORD}footnoteReference", f"{_WORD}endnoteReference"):
                    said += self._note(note)
            elif kind == "hyperlink":
                said += self._hyperlink(child, part)
            elif kind in _AROUND:
                codes += child.get(f"{_WORD}instr") or ""
                said += self._said(child, part)
        # Links that Word keeps as instructions; a visible URL of the same target stands for itself.
        named = (url + (f"#{anchor}" if anchor else "") for url, anchor in _FIELD.findall(codes))
        fields = (url for url in named if url not in said)
        return said + "".join(" " + self._link(url, "") for url in fields)

    def _hyperlink(self, element: Any, part: Any) -> str:
        shown = self._said(element, part)
        relation = part.rels.get(element.get(f"{_RELATION}id") or "")
        if relation is None or not relation.is_external:
            return shown
        anchor = element.get(f"{_WORD}anchor")
        return self._link(relation.target_ref + (f"#{anchor}" if anchor else ""), shown)

    def _note(self, reference: Any) -> str:
        notes, part = self._notes[_kind(reference).removesuffix("Reference")]
        note = notes.pop(reference.get(f"{_WORD}id"), None)
        if note is None:
            return ""
        return " (" + " ".join(self._said(p, part) for p in note.iter(f"{_WORD}p")).strip() + ") "

    def _link(self, url: str, shown: str) -> str:
        self.targets.append(Target(clean(url), "" if shown.strip() == url else clean(shown)))
        return mark(len(self.targets) - 1)


def _kind(element: Any) -> str:
    """A tag of Word's own, without its namespace."""
    return str(element.tag).removeprefix(_WORD)


def _notes(part: Any, kind: str) -> tuple[dict[str, Any], Any]:
    """The footnotes or endnotes of a document by their ids, and the part that they are in."""
    for relation in part.rels.values():
        if relation.reltype.endswith(f"/{kind}s") and not relation.is_external:
            root = parse_xml(relation.target_part.blob)
            return {note.get(f"{_WORD}id"): note for note in root.iter(f"{_WORD}{kind}")}, relation.target_part
    return {}, part
