"""Run a program's compiled code as `__main__`, with its errors shown as if we were not there."""

from __future__ import annotations

import sys
from types import CodeType, TracebackType
from typing import Any


def run_program(code: CodeType, names: dict[str, Any]) -> None:
    """Execute `code` in the namespace `names`. What it raises goes on to the interpreter, which gives it the
    meaning it always has (a traceback, an exit code, death by signal); only our frames are left out."""
    try:
        exec(code, names)
    except SystemExit:
        raise
    except BaseException:
        _hide_our_frames(code)
        raise


def _hide_our_frames(code: CodeType) -> None:
    """Have the traceback begin at the program's first line. The program is over: its own hook, if it has one, is
    still the one that shows it."""
    shown = sys.excepthook

    def excepthook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        while traceback is not None and traceback.tb_frame.f_code is not code:
            traceback = traceback.tb_next
        shown(kind, error.with_traceback(traceback), traceback)

    sys.excepthook = excepthook
