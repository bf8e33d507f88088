"""A document as Markdown, as GitHub shows it and as CommonMark reads it."""

from __future__ import annotations

import re

from ..markdown import code
from .document import Block, Contents, Document, Facts, Heading, Hops, Inline, Inner, Line, Link, Paragraph, Table

#: Stands around words by their style.
MARKS = {"": "", "bold": "**", "italic": "*", "quiet": "", "todo": "**"}


def markdown(document: Document) -> bytes:
    """The file's bytes."""
    text = "\n\n".join(_block(block) for block in document.blocks)
    return (re.sub(r"[ \t]+\n", "\n", text).strip() + "\n").encode("utf-8", "backslashreplace")


def words(text: str) -> str:
    """Text of which nothing is markup, and nothing becomes a link by itself."""
    text = re.sub(r"([\\`*_\[\]<>&|~#])", r"\\\1", text)
    return re.sub(r"(?i)((?:https?|ftp)(?=:)|mailto(?=:)|www(?=\.)|(?=@))(.)", lambda m: f"{m[1]}&#{ord(m[2])};", text)


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        anchor = f'<a id="{block.anchor}"></a>\n\n' if block.anchor else ""
        return f"{anchor}{'#' * block.level} {words(block.text)}"
    if isinstance(block, Paragraph):
        return _line(block.line)
    if isinstance(block, Facts):
        return "\n".join(f"- **{label}:** {_line(line)}" for label, line in block.items)
    if isinstance(block, Hops):
        return "\n".join(_hop(number, item) for number, item in enumerate(block.items, block.start))
    if isinstance(block, Table):
        return _table(block)
    assert isinstance(block, Contents)
    return "\n".join(f"{'  ' * level}- [{words(text)}](#{anchor})" for level, text, anchor in block.entries)


def _hop(number: int, item: tuple[Line, ...]) -> str:
    mark = f"{number}. "
    first, *rest = [_line(line) for line in item]
    return "\n".join([mark + first, *(" " * len(mark) + line for line in rest)]).replace("\n", "  \n")


def _table(table: Table) -> str:
    rows = [[_line(line) for line in row] for row in table.rows]
    head = [list(table.headers), ["---"] * len(table.headers)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [*head, *rows])


def _line(line: Line) -> str:
    return "".join(_inline(one) for one in line)


def _inline(one: Inline) -> str:
    if isinstance(one, Link):
        if one.text == one.url:
            return f"<{one.url}>"
        return f"[{code(one.text) if one.code else words(one.text)}]({one.url})"
    if isinstance(one, Inner):
        return f"[{words(one.text)}](#{one.anchor})"
    if one.style == "code":
        return code(one.text)
    mark = MARKS[one.style]
    text = words(one.text)
    if text.startswith("    "):
        text = "&nbsp;" * (len(text) - len(text.lstrip())) + text.lstrip()
    return f"{mark}{text}{mark}" if text.strip() else text
