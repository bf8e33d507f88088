"""What the tests of the committed report share: its pages, and how their Markdown is read."""

from __future__ import annotations

import sys
from functools import cache

from conftest import ROOT
from markdown_it import MarkdownIt

COMMITTED = ROOT / "report" / "flask_sock"
READER = MarkdownIt("commonmark", {"html": True}).enable("table")
SAME_PYTHON = f"Python {'.'.join(map(str, sys.version_info[:3]))};" in (COMMITTED / "README.md").read_text(
    encoding="utf-8"
)


@cache
def committed() -> dict[str, str]:
    return {p.name: p.read_text(encoding="utf-8") for p in sorted(COMMITTED.glob("*.md"))}


PAGES = sorted(committed())
