"""Markdown, by markdown-it-py: headings, paragraphs, items, rows of tables, links and what they are called."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from . import html
from .document import Block, Read, Target, clean, mark, shifted
from .text import decoded
from .urls import find

if TYPE_CHECKING:
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

#: What is behind us where a bare URL goes on: its scheme, or the code host's name without one.
_SCHEME = re.compile(r"https?$", re.IGNORECASE)
_HOST = re.compile(r"(?<![\w@./:-])(?:www\.)?github\.com/[\w./]*$")
#: A link in HTML's own words, as readmes have it that open one in a new tab.
_ANCHOR = re.compile(r"<a\s[^>]*?\bhref\s*=\s*(?:\"([^\">]*)\"|'([^'>]*)'|([^\s\"'>]+))", re.IGNORECASE)
#: Characters of a URL that are looked at.
LONGEST = 2000


def read(path: Path) -> Read:
    """The blocks of a Markdown file."""
    return blocks(decoded(path))


def blocks(text: str) -> Read:
    """The blocks of Markdown text; HTML in it is read as HTML is."""
    tokens = _parser().parse(clean(text))
    targets: list[Target] = []
    made: list[Block] = []
    kind, row = "text", ""
    in_row, line = False, 0
    for token in tokens:
        line = token.map[0] + 1 if token.map else line
        if token.type == "heading_open":
            kind = "heading"
        elif token.type == "heading_close":
            kind = "text"
        elif token.type == "tr_open":
            in_row, row = True, ""
        elif token.type == "tr_close":
            made.append(Block("row", row, f"line {line}"))
            in_row = False
        elif token.type == "inline":
            said = _inline(token, targets)
            if in_row:
                row += f"{said} \t "
            else:
                made.append(Block(kind, said, f"line {line}"))
        elif token.type == "html_block" and html.is_flat(token.content):
            inside = html.blocks(token.content)
            made += [replace(one, text=shifted(one.text, len(targets)), place=f"line {line}") for one in inside.blocks]
            targets += inside.targets
        elif token.type in ("fence", "code_block", "html_block"):
            made.append(Block("text", token.content, f"line {line}"))
    return Read(tuple(made), tuple(targets))


@cache
def _parser() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": True, "maxNesting": 20}).enable("table")
    made.inline.ruler.before("backticks", "bare_url", _bare_url)
    return made


def _bare_url(state: StateInline, silent: bool) -> bool:
    """A URL that stands in the text is taken as it is: the underscores of `__init__.py` make nothing bold."""
    scheme = (_SCHEME if state.src[state.pos] == ":" else _HOST).search(state.pending)
    if scheme is None:
        return False
    start = state.pos - len(scheme[0])
    found = find(state.src[start : min(state.posMax, start + LONGEST)])
    if not found or found[0].start or start + found[0].stop <= state.pos:
        return False
    stop = start + found[0].stop
    if not silent:
        state.pending += state.src[state.pos : stop]
    state.pos = stop
    return True


def _inline(token: Token, targets: list[Target]) -> str:
    said, link, name = "", "", ""

    def ended() -> str:
        targets.append(Target(link, "" if name.strip() == link else name.strip()))
        return mark(len(targets) - 1)

    for child in token.children or []:
        tag = child.content if child.type == "html_inline" else ""
        anchor = _ANCHOR.match(tag)
        if child.type == "link_open":
            link, name = str(child.attrGet("href") or ""), ""
        elif anchor is not None:
            link, name = unescape(next(url for url in anchor.groups() if url is not None)), ""
        elif child.type == "link_close" or (link and tag.lower().startswith("</a")):
            said += ended()
            link = ""
        else:
            words = child.content if child.type in ("text", "code_inline") else " " if "break" in child.type else ""
            if link:
                name += words
            else:
                said += words
    return said + (ended() if link else "")  # a tag that nobody closed
