"""Run a program as `__main__`, recorded, with its errors shown and its end come as if we were not there."""

from __future__ import annotations

import atexit
import json
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable
from types import CodeType, TracebackType
from typing import Any

from .endings import write_before_endings
from .recorder import Options, Recorder, RecorderError
from .scope import OWN

#: The exit code of a recording that cannot start; the command line's for bad input (unmagic/errors.py).
CANNOT_START = 2
#: Whose functions Python calls where the program calls none.
HOOKS = ("settrace.py", "monitoring.py")


def compile_program(path: str) -> CodeType | None:
    """The program at `path`; None where it cannot be read or compiled. Python's warnings about it are shown only
    when nothing is wrong with it: else the interpreter shows them once more."""
    try:
        with open(path, "rb") as file:
            source = file.read()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, path, "exec", dont_inherit=True)
        return compile(source, path, "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class Guest:
    """One program with its recorder, from the start of the process to its end."""

    def __init__(self, config: str, program: str, code: CodeType) -> None:
        """`config` is the bootstrap's. Ends the process with one sentence where it asks for what cannot be."""
        try:
            fields: dict[str, Any] = json.loads(config)
            self._settle = float(fields.pop("settle", 0))
            trace = fields.pop("trace")
            given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
            options = Options(**given)
            self._recorder = Recorder(trace, options)
        except (RecorderError, ValueError, TypeError, KeyError) as error:
            _refuse(error)
        self._code = code

    def start(self) -> Callable[[dict[str, Any]], None]:
        """Begin to record. What is returned runs the program in the namespace that it is given."""
        try:
            self._recorder.start()
        except RecorderError as error:
            _refuse(error)
        atexit.register(self._stop)
        write_before_endings(self._write)
        return self._run

    def _run(self, names: dict[str, Any]) -> None:
        """Execute the program. What it raises goes on to the interpreter, which gives it the meaning it always has (a
        traceback, an exit code, death by signal); only our frames are left out."""
        try:
            exec(self._code, names)
        except SystemExit:
            raise
        except BaseException:
            _hide_our_frames()
            raise

    def _write(self, patience: float) -> None:
        """Write what is recorded so far, unless the writer is at work and does not come to its end."""
        recorder, lock = self._recorder, self._recorder._drain_lock
        try:
            if recorder.active and lock.acquire(timeout=patience):
                lock.release()
                recorder.drain()
        except Exception as error:
            recorder.fault(error)

    def _stop(self) -> None:
        """At the interpreter's end, after every non-daemon thread and after the program's own atexit functions."""
        deadline = time.monotonic() + self._settle
        for thread in threading.enumerate():
            # a dummy stands for a thread begun below `threading`, which cannot be waited for
            if thread is not threading.current_thread() and not isinstance(thread, threading._DummyThread):
                thread.join(max(0.0, deadline - time.monotonic()))
        self._recorder.stop()


def _refuse(error: Exception) -> None:
    why = str(error) if isinstance(error, RecorderError) else f"the recorder was asked for what it cannot do: {error!r}"
    sys.stderr.write(f"unmagic: {why}\n")
    sys.exit(CANNOT_START)


def _hide_our_frames() -> None:
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
