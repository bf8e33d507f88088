"""Places in files: how they are written, and the links to their lines that a terminal may follow."""

from __future__ import annotations

from rich.style import Style

from ..view.functions import address
from ..view.model import Function, View
from . import palette
from .safe import printable


def defined(view: View, function: Function) -> str:
    """``wsproto/__init__.py:73``: where a function is defined."""
    return printable(f"{view.files[function.file].name}:{function.first}")


def fitted(where: str, room: int) -> str:
    """At most so many columns: the end of a path says more than its beginning."""
    return where if len(where) <= room else "…" + where[len(where) - max(room, 2) + 1 :]


def linked(view: View, function: Function, first: int, last: int) -> Style:
    """The style of a place: a link (OSC 8) where the file has an address. Rich leaves it out where no terminal is."""
    url = address(view.files[function.file], first, last)
    return Style.parse(palette.QUIET) + (Style(link=url) if url else Style())
