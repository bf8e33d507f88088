"""The terminal that a command prints on: as wide as it is, coloured where it can be; plain where it is none."""

from __future__ import annotations

import os

from rich.console import Console

from report.terminal import plain

#: Columns of tables where nobody looks at a terminal: a program that reads them wants them whole.
WIDE = 400


def console(*, stderr: bool = False) -> Console:
    """Where to print. Without colours (https://no-color.org) there are no hyperlinks and no bold type either: a reader
    that wants none gets no escape at all."""
    made = Console(stderr=stderr, highlight=False, emoji=False, markup=False)
    if not made.is_terminal:
        return Console(stderr=stderr, highlight=False, emoji=False, markup=False, width=WIDE)
    if os.environ.get("NO_COLOR"):
        return Console(stderr=stderr, highlight=False, emoji=False, markup=False, color_system=None)
    return made


def room(to: Console) -> int | None:
    """The columns that lines should keep to; None where they may be as long as they are."""
    return to.width if to.is_terminal else None


__all__ = ["console", "plain", "room"]
