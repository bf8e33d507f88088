"""HTML, by selectolax: the text of its blocks and its links. Scripts, styles and what is hidden are left out; nothing
is fetched and nothing is run."""

from __future__ import annotations

import re
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from .document import Block, DocumentError, Read, Target, clean, mark
from .text import decoded

_LEFT_OUT = {"script", "style", "noscript", "template", "svg", "head", "iframe", "object"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_BLOCKS = {"p", "li", "div", "tr", "pre", "blockquote", "section", "article", "dt", "dd", "ul", "ol", "table", "body",
           "figure", "header", "footer", "main", "td", "th", *_HEADINGS}  # fmt: skip
DEEPEST = 200
#: Tags open at once, above which no parser is asked: what each new one costs grows with those around it.
TAGS = 2000
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
#: Tags that are never closed, or need not be.
_OPEN = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
    "p", "li", "td", "th", "tr", "dt", "dd", "option", "thead", "tbody", "tfoot",
})  # fmt: skip


def read(path: Path) -> Read:
    """The blocks of an HTML file."""
    text = decoded(path)
    if not is_flat(text):
        raise DocumentError(f"{path}: it is nested too deeply for a report.")
    return blocks(text)


def blocks(text: str) -> Read:
    """The blocks of HTML text."""
    body = LexborHTMLParser(text).body
    made = _Made()
    if body is not None:
        made.walk(body, 0)
        made.put("text")
    return Read(tuple(made.blocks), tuple(made.targets))


def is_flat(text: str) -> bool:
    """Whether a parser may be asked: no more tags are open at once than anybody writes."""
    return _depth(text) <= TAGS


def _depth(text: str) -> int:
    """How many tags are open at once at most, by their names alone."""
    depth = deepest = 0
    for closing, name in _TAG.findall(text):
        if name.lower() not in _OPEN:
            depth = max(0, depth - 1) if closing else depth + 1
            deepest = max(deepest, depth)
    return deepest


class _Made:
    """What was met so far."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.targets: list[Target] = []
        self._held = ""

    def put(self, kind: str) -> None:
        """End a block."""
        if self._held.strip():
            self.blocks.append(Block(kind, self._held.strip(), f"block {len(self.blocks) + 1}"))
        self._held = ""

    def walk(self, node: LexborNode, depth: int) -> None:
        """Everything inside a node, in order."""
        for child in node.iter(include_text=True):
            tag = child.tag or ""
            if tag in _LEFT_OUT or depth > DEEPEST:
                continue
            if tag == "-text":
                self._held += clean(child.text(deep=False) or "")
            elif tag == "a" and child.attributes.get("href"):
                self._held += mark(len(self.targets))
                url, shown = str(child.attributes["href"]).strip(), " ".join(clean(child.text()).split())
                self.targets.append(Target(clean(url), "" if shown == url else shown))
            elif tag == "tr":
                self.put("text")
                for cell in child.iter():
                    self._inline(cell, depth + 1)
                    self._held += " \t "
                self.put("row")
            elif tag in _BLOCKS:
                self.put("text")
                self.walk(child, depth + 1)
                self.put("heading" if tag in _HEADINGS else "text")
            elif tag == "br":
                self._held += "\n"
            else:
                self.walk(child, depth + 1)

    def _inline(self, node: LexborNode, depth: int) -> None:
        """A table's cell: its blocks do not end the row."""
        inner = _Made()
        inner.targets = self.targets
        inner.walk(node, depth)
        inner.put("text")
        self._held += " ".join(block.text for block in inner.blocks)
