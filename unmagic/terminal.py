"""Text of a trace on a terminal: shown, never obeyed."""

from __future__ import annotations

from rich.text import Text


def plain(text: str, style: str = "") -> Text:
    """`text` as it is, no markup in it followed, and what a terminal would follow (escapes, line ends) spelled out."""
    return Text("".join(c if c.isprintable() else repr(c)[1:-1] for c in text), style)
