"""The traceback of a program that ends with an error, without our frames."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Any

from .scope import OWN

#: Whose functions Python calls where the program calls none.
HOOKS = ("settrace.py", "monitoring.py", "sharing.py")


def hide_our_frames() -> None:
    """The program is over, and ends with an error: have it shown without our frames. The program's own hook, if it has
    one, is still the one that shows it."""
    shown = sys.excepthook

    def excepthook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        sys.excepthook = shown
        leave_out_our_frames(error)
        sys.last_traceback = error.__traceback__
        try:
            shown(kind, error, error.__traceback__)
        except SystemExit:
            raise
        except BaseException as own:  # what the interpreter says then
            leave_out_our_frames(own)
            sys.stderr.write("Error in sys.excepthook:\n")
            sys.__excepthook__(type(own), own, own.__traceback__)
            sys.stderr.write("\nOriginal exception was:\n")
            sys.__excepthook__(kind, error, error.__traceback__)

    sys.excepthook = excepthook


def leave_out_our_frames(error: BaseException) -> None:
    """Take our frames out of the traceback of `error`, and of all that it came from."""
    todo: list[Any] = [error]
    seen: set[int] = set()
    while todo:
        one = todo.pop()
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            BaseException.with_traceback(one, _without_ours(one.__traceback__))
            todo += [one.__cause__, one.__context__, *(getattr(one, "exceptions", None) or ())]


def _without_ours(traceback: TracebackType | None) -> TracebackType | None:
    """Above the program are the frames that run it. Within it a single one stands in for a function that we replaced,
    and what it called is the original's; where there are more, or one of a trace function, the error (a signal's
    handler raised it) came while we were at work, and what we had called is none of the program's."""
    entry = first = _next_not_ours(traceback)
    while entry is not None and (ours := entry.tb_next) is not None:
        after = _next_not_ours(ours)
        replaces = after is ours or (after is ours.tb_next and not _file(ours).endswith(HOOKS))
        entry.tb_next = after if replaces else None
        entry = entry.tb_next
    return first


def _next_not_ours(entry: TracebackType | None) -> TracebackType | None:
    while entry is not None and _file(entry).startswith(OWN):
        entry = entry.tb_next
    return entry


def _file(entry: TracebackType) -> str:
    return os.path.abspath(entry.tb_frame.f_code.co_filename)
