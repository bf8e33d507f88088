"""Text from a trace on its way into another program's format: one line, printable, short, and spelled safely."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tracer.reading.trace import Code, Value

from ..text import Scrub, told

#: Characters that a name or a value is cut to, where the format sets no other limit.
LIMIT = 200


def plain(text: str, limit: int = LIMIT) -> str:
    r"""One printable line of at most `limit` characters: "a\nb" -> "a\\nb"; a longer one ends in "…"."""
    shown = "".join(c if c.isprintable() else _escape(c) for c in text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "replace").decode("ascii")


def spelled(text: str, spell: Callable[[int], str]) -> str:
    """`text` with every character that any format could read as syntax spelled by `spell`, which is given its code
    point. Letters, digits, blanks, and single `_`, `.`, `,`, `/`, `-` and `=` stay as they are: doubled, some of them
    are markup (``//``, ``--``, ``__``)."""
    return re.sub(r"([_./,=-])\1+|[^\w .,/=-]", lambda found: "".join(spell(ord(c)) for c in found[0]), text)


def function(code: Code, limit: int = LIMIT) -> str:
    """A function's qualified name."""
    return plain(code.qualname.replace(".<locals>", ""), limit)


def said(value: Value | None, scrub: Scrub, limit: int = 60) -> str:
    """A value in a few words, as everywhere; printable whatever it is."""
    return plain(told(value, scrub, limit), limit + 40)


def where(code: Code, line: int) -> str:
    """``wsproto/connection.py:99``: the file inside its package, and a line of it."""
    return plain(f"{code.file.facts.relative}:{line}")


def whole(text: str) -> str:
    """Text as it is, but for lone surrogates, which no UTF-8 can hold: each becomes U+FFFD."""
    return _SURROGATES.sub("\ufffd", text)


_SURROGATES = re.compile("[\ud800-\udfff]")


def as_json(value: Any, indent: int | None = None) -> str:
    """JSON in ASCII: no reader takes U+2028 for the end of a line, and none can have the encoding wrong."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False, indent=indent)
