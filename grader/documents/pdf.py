"""PDF, by pypdf: the text line by line, and the hyperlinks behind it, which count first.

A link annotation is a rectangle; the words that it lies on are those of the lines at its height. Where these are a URL
that differs from the target, both are told. A PDF without text is told so: it is no empty report.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdf
from pypdf.errors import PyPdfError

from .document import Block, DocumentError, Read, Target, clean, mark
from .limits import PAGES
from .text import blocks as text_blocks
from .urls import direct, find

#: What a damaged PDF has its reader raise.
_DAMAGE = (
    PyPdfError, OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, ArithmeticError,
    AssertionError, NotImplementedError, MemoryError,
)  # fmt: skip
#: Points by which a line may lie below its rectangle, or above.
SLACK = 3.0


@dataclass(frozen=True)
class _Area:
    url: str
    left: float
    bottom: float
    right: float
    top: float


@dataclass
class _Line:
    """Pieces of text at one height: (x, text)."""

    y: float
    pieces: list[tuple[float, str]]

    @property
    def text(self) -> str:
        return "".join(text for _, text in self.pieces)

    def goes_on_below(self, x: float, y: float) -> bool:
        """Whether a piece stands on a line of its own, though it comes as this one's: as in a cell of a table."""
        return bool(self.pieces) and y < self.y - SLACK and x <= self.pieces[-1][0]


def read(path: Path) -> Read:
    """The blocks of a PDF file. Raises `DocumentError`."""
    try:
        reader = pypdf.PdfReader(path, strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentError(f"{path}: the PDF is locked by a password.")
        count = len(reader.pages)
        if count > PAGES:
            raise DocumentError(f"{path}: {count:,} pages are too many for a report; at most {PAGES}.")
        pages = [_page(page) for page in reader.pages]
    except DocumentError:
        raise
    except _DAMAGE as error:
        said = clean(" ".join(str(error).split()))[:120] or type(error).__name__
        raise DocumentError(f"{path}: the PDF is damaged ({said}).") from None
    if sum(len(line.text.strip()) for lines, _ in pages for line in lines) < 20:
        raise DocumentError(f"{path}: no text layer: these are pictures of text, so hand in a PDF with text in it.")
    return _read(pages)


def _page(page: Any) -> tuple[list[_Line], list[_Area]]:
    lines: list[_Line] = []

    def visit(text: str, matrix: Any, place: Any, font: Any, size: Any) -> None:
        x = place[4] * matrix[0] + place[5] * matrix[2] + matrix[4]
        y = place[4] * matrix[1] + place[5] * matrix[3] + matrix[5]
        for number, part in enumerate(text.split("\n")):
            if number or not lines or (part and lines[-1].goes_on_below(x, y)):
                lines.append(_Line(y, []))
            if part:
                if not lines[-1].pieces:
                    lines[-1].y = y
                lines[-1].pieces.append((x, clean(part)))

    page.extract_text(visitor_text=visit)
    return lines, list(_areas(page))


def _areas(page: Any) -> Iterator[_Area]:
    """The links of a page; an annotation that is damaged, or does something else than lead somewhere, is none."""
    for reference in page.get("/Annots") or ():
        try:
            area = _area(reference.get_object())
        except _DAMAGE:
            continue
        if area is not None:
            yield area


def _area(annotation: Any) -> _Area | None:
    action = annotation.get("/A") if annotation.get("/Subtype") == "/Link" else None
    url = action.get_object().get("/URI") if action is not None else None
    rectangle = annotation.get("/Rect")
    if not url or rectangle is None or len(rectangle) != 4:
        return None
    url = url.decode("utf-8", "replace") if isinstance(url, bytes) else str(url)
    x0, y0, x1, y1 = (float(number) for number in rectangle)
    return _Area(clean(direct(url)[1]), min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def _read(pages: list[tuple[list[_Line], list[_Area]]]) -> Read:
    """Text with a mark at the end of each link's words; a visible URL that is the target is left to the text."""
    made: list[Block] = []
    targets: list[Target] = []
    warnings: list[str] = []
    for number, (lines, areas) in enumerate(pages, 1):
        said = {place: line.text for place, line in enumerate(lines)}
        for url, places in _merged(lines, areas):
            if _written_out(said, places, url):
                continue  # the text says it itself, however its lines cut it
            visible = " ".join(said[place].strip() for place in places)
            around = _with_neighbours(places, len(lines))
            shown = find("\n".join(said[place] for place in around))
            if any(_alike(one.url, url) == 1.0 for one in shown):
                continue  # the text says it itself
            begin = sum(len(said[place]) + 1 for place in around if place < places[0])
            end = begin + sum(len(said[place]) + 1 for place in places)
            mine = [one for one in shown if begin <= one.start < end and not url.startswith(one.url)]
            near = max(mine, key=lambda one: _alike(one.url, url), default=None)
            if near is not None and "://" in visible and _alike(near.url, url) > 0.6:
                warnings.append(f"page {number}: the link that is seen ({near.url}) leads elsewhere: {url}")
            said[places[-1]] = _held(said[places[-1]], lines[places[-1]], areas, url, len(targets))
            targets.append(Target(url, _words(lines, places, areas, url)))
        made.append(Block("text", "\n".join(said[place] for place in range(len(lines))), f"page {number}"))
    return _cut(made, targets, warnings)


def _written_out(said: dict[int, str], places: list[int], url: str) -> bool:
    """Whether the text of these lines is the target, with spaces and lines' ends in it; then it is joined there."""
    lines = "\n".join(said[place] for place in places)
    if "".join(url.split()) not in "".join(lines.split()):
        return False
    found = re.search(r"\s*".join(map(re.escape, url)), lines)
    if found is None:
        return False
    for place in places:
        said[place] = ""
    said[places[0]] = f"{lines[: found.start()]}{url}{lines[found.end() :]}"
    return True


def _hold(number: int) -> str:
    """A mark that survives the cutting into blocks: letters, since that lets no marks of strangers through."""
    return f"unmagic⟦{number}⟧"


def _held(said: str, line: _Line, areas: list[_Area], url: str, number: int) -> str:
    """A line with the mark of a link after its words, or at the end where these cannot be told apart. Marks that it
    has already stay where they are."""
    under = [area for area in areas if area.url == url and area.bottom - SLACK <= line.y <= area.top + SLACK]
    right = max(area.right for area in under)
    before = "".join(text for x, text in line.pieces if x < right - SLACK)
    at, seen = 0, 0
    while at < len(said) and seen < len(before):
        mark_here = re.compile(r" unmagic⟦\d+⟧").match(said, at)
        if mark_here:
            at = mark_here.end()
        else:
            at, seen = at + 1, seen + 1
    return f"{said[:at]} {_hold(number)}{said[at:]}"


def _cut(pages: list[Block], targets: list[Target], warnings: list[str]) -> Read:
    """All pages as running text, cut into blocks, with both kinds of links."""
    read = text_blocks("\n".join(page.text for page in pages))
    shift = len(read.targets)
    blocks = tuple(
        Block(block.kind, re.sub(r"unmagic⟦(\d+)⟧", lambda m: mark(int(m[1]) + shift), block.text), block.place)
        for block in read.blocks
    )
    return Read(blocks, (*read.targets, *targets), tuple(warnings))


def _merged(lines: list[_Line], areas: list[_Area]) -> list[tuple[str, list[int]]]:
    """(target, its lines) in reading order; rectangles of one target on lines that follow each other are one link."""
    found: list[tuple[str, list[int]]] = []
    placed = [(area, _lines_at(lines, area)) for area in areas]
    for area, places in sorted((one for one in placed if one[1]), key=lambda one: (one[1][0], one[0].left)):
        if found and found[-1][0] == area.url and places[0] - found[-1][1][-1] <= 1:
            found[-1] = (area.url, sorted({*found[-1][1], *places}))
        else:
            found.append((area.url, places))
    return found


def _lines_at(lines: list[_Line], area: _Area) -> list[int]:
    return [n for n, line in enumerate(lines) if line.pieces and area.bottom - SLACK <= line.y <= area.top + SLACK]


def _words(lines: list[_Line], places: list[int], areas: list[_Area], url: str) -> str:
    """The words that a link's rectangles lie on, as far as pieces of text can tell."""
    words = []
    for place in places:
        line = lines[place]
        for area in areas:
            if area.url == url and area.bottom - SLACK <= line.y <= area.top + SLACK:
                words += [text for x, text in line.pieces if area.left - SLACK <= x < area.right]
    return " ".join("".join(words).split())


def _with_neighbours(places: list[int], count: int) -> list[int]:
    """The lines of a link and one on each side, over which its visible URL may be wrapped."""
    return list(range(max(0, places[0] - 2), min(count, places[-1] + 3)))


def _alike(one: str, other: str) -> float:
    if one.rstrip("/") == other.rstrip("/"):
        return 1.0
    return min(0.99, difflib.SequenceMatcher(None, one[:500], other[:500], autojunk=False).ratio())
