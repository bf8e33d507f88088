"""Text from a trace, made harmless for a document: nothing that controls, hides or turns text around, not endless."""

from __future__ import annotations

import unicodedata

#: Characters of one name that a reader reads.
LONGEST = 160
#: Unicode's categories of characters that show nothing or steer the text around them; separators but the plain space.
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean(text: str, longest: int = LONGEST) -> str:
    """`text` on one line; what does not show is written as its number, the middle of what is too long left out."""
    if len(text) > longest:
        half = longest // 2
        text = f"{text[: longest - half]}…{text[-half + 1 :]}"
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character.isspace():
        return " "
    if unicodedata.category(character) in HIDDEN:
        return escaped(character)
    return character


def escaped(character: str) -> str:
    """``\\u202e``, as Python writes it."""
    point = ord(character)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
