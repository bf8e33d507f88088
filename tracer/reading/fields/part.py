"""Part: what one name of an RFC and its section are, how a name becomes a `Field`, and how values are written.

Each protocol keeps its names in one enum made from `Part`. Values are safe text: printable, at most `WIDTH` long.
"""

from __future__ import annotations

from enum import Enum

from .field import WIRE, Field

WIDTH = 80


class Part(Enum):
    """A name and where it is defined: ``METHOD = ("method", "RFC 9110, 9")``."""

    def __init__(self, word: str, section: str) -> None:
        self.word = word
        self.section = section

    def at(
        self,
        start: int,
        stop: int,
        value: str = "",
        children: tuple[Field, ...] = (),
        *,
        bits: tuple[int, int] | None = None,
        buffer: str = WIRE,
        section: str = "",
    ) -> Field:
        """The field of this name at `buffer[start:stop]`; `section` where a narrower one than the name's is known."""
        return Field(self.word, start, stop, section or self.section, clip(value), bits, buffer, None, children)

    def derived(self, buffer: str, content: bytes, value: str, children: tuple[Field, ...] = ()) -> Field:
        """The field of this name that opens a derived buffer holding `content`."""
        return Field(self.word, 0, len(content), self.section, clip(value), None, buffer, content, children)


def in_order(start: int, *pieces: tuple[Part, int, str]) -> tuple[Field, ...]:
    """Fields side by side from `start`, each (name, where it stops, value); the empty ones are left out."""
    fields = []
    for part, stop, value in pieces:
        if stop > start:
            fields.append(part.at(start, stop, value))
            start = stop
    return tuple(fields)


def clip(text: str) -> str:
    """`text` made safe and short: what does not print is escaped, what is over `WIDTH` characters ends in "…"."""
    text = text[: WIDTH + 1]  # enough to see that it is too long
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode("ascii") for c in text)
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


def shown(content: bytes) -> str:
    r"""Bytes as text, cut to `WIDTH`: b"caf\xc3\xa9\n" -> "café\\n"; what is not UTF-8 stays an escape."""
    return clip(content[: WIDTH * 4 + 4].decode("utf-8", "backslashreplace"))  # a character is at most 4 bytes


def hexed(content: bytes) -> str:
    """Bytes as hexadecimal, the first 26 of them: b"7!=" -> "37 21 3d"."""
    return content[:26].hex(" ") + (" …" if len(content) > 26 else "")


def count(number: int) -> str:
    return "1 byte" if number == 1 else f"{number} bytes"


def incomplete(have: int, want: int, least: str = "") -> str:
    """What is said of a field that the end of the stream cuts; `least` is "at least " where its size is not known."""
    return f"incomplete: {have} of {least}{count(want)}"
