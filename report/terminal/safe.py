"""Text of a trace on a terminal: shown, never obeyed; and cut where there is no room."""

from __future__ import annotations

from rich.text import Text


def plain(text: str, style: str = "") -> Text:
    """`text` as it is, no markup in it followed, and what a terminal would follow (escapes, line ends) spelled out."""
    return Text(printable(text), style)


def printable(text: str) -> str:
    """`text` with what does not print spelled out."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def short(text: str, limit: int) -> str:
    """At most `limit` characters of printable text; an ellipsis says that there was more."""
    text = printable(text)
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"
