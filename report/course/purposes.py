"""The sentences that an author has written into a report, read back, so that making it again keeps them."""

from __future__ import annotations

import html
import re

from ..view.purpose import TODO

#: A section begins with the mark that links inside the document lead to.
_SECTION = re.compile(r'^<a id="([a-z0-9-]+)"></a>\s*$', re.MULTILINE)
#: What is written after the label, to the next fact, heading or empty line.
_PURPOSE = re.compile(r"^- \*\*Purpose:\*\*(.*?)(?=\n\s*\n|\n- \*\*|\n#|\Z)", re.MULTILINE | re.DOTALL)


def purposes(markdown: str) -> dict[str, str]:
    """The written purposes in a report as Markdown, by their sections' anchors; those that still wait are left out."""
    pieces = _SECTION.split(markdown.replace("\r\n", "\n"))
    found = {}
    for anchor, text in zip(pieces[1::2], pieces[2::2], strict=False):
        match = _PURPOSE.search(text)
        said = _plain(match[1]) if match else ""
        if said and TODO not in said:
            found[anchor] = said
    return found


def _plain(text: str) -> str:
    """Words as they were meant, on one line; who wrote them in place of the mark may have left it bold."""
    text = " ".join(text.split())
    text = text[2:-2] if text.startswith("**") and text.endswith("**") and len(text) > 4 else text
    return html.unescape(re.sub(r"\\([\\`*_\[\]<>&|~#()!.{}+-])", r"\1", text)).strip()
