"""One message in one line, as it completes.

12:04:31.027 → text         11 bytes  Hello                              connection 2  w17
"""

from __future__ import annotations

from datetime import datetime

from rich.text import Text

from ..live import Line
from . import palette
from .safe import plain, short

ARROWS = {"in": "→", "out": "←"}
#: Columns of the longest usual kind, and of a size.
KIND, SIZE = 8, 12


def line(one: Line, at: datetime, width: int | None, whose: str = "") -> Text:
    """The line; what the message says is cut where `width` columns have no room for it. `whose` is the trace's name,
    where there are several."""
    text = Text().append(f"{at:%H:%M:%S}.{at.microsecond // 1000:03d} ", palette.QUIET)
    style = palette.DIRECTIONS[one.direction]
    text.append(f"{ARROWS[one.direction]} {one.kind.ljust(KIND)}", f"bold {style}")
    size = f"{one.size:,} byte{'' if one.size == 1 else 's'}"
    text.append(f"{size.rjust(SIZE)}  ", palette.QUIET)
    where = f"connection {one.connection}  w{one.wire}{f' of {whose}' if whose else ''}"
    cut = "" if one.whole else "(cut off) "
    room = 400 if width is None else max(width - text.cell_len - len(where) - len(cut) - 2, 8)
    text.append(cut, "yellow").append(plain(short(one.title, room)))
    if width is not None:
        text.append(" " * (width - text.cell_len - len(where) - 2))
    return text.append("  ").append(where, palette.QUIET)
