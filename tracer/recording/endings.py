"""Ends that Python hears nothing of: `os._exit`, a signal that the program sends itself, `os.execv`.

They would take with them what was recorded since the last commit, so these functions write that first. A signal
from outside that nothing handles still does: then the trace is complete up to the last commit.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

#: Seconds to wait for the writer, at most: a signal's handler may have interrupted the very writing.
PATIENCE = 1.0


def _always(*_: Any, **__: Any) -> bool:
    return True


def _hits_us(pid: Any = 0, number: Any = 0, *_: Any) -> bool:
    return type(pid) is int and bool(number) and (pid <= 0 or pid == os.getpid())


def _hits_our_group(group: Any = 0, number: Any = 0, *_: Any) -> bool:
    return bool(number) and group in (0, os.getpgrp())


ENDINGS: tuple[tuple[Any, str, Callable[..., bool]], ...] = (
    (os, "_exit", _always),
    (os, "abort", _always),
    (os, "execv", _always),
    (os, "execve", _always),
    (os, "kill", _hits_us),
    (os, "killpg", _hits_our_group),
    (signal, "raise_signal", _always),
)


def write_before_endings(write: Callable[[float], None]) -> None:
    """Have every function that may end the process call `write(PATIENCE)` first. For the process's whole life: what
    has imported one by name keeps it."""
    for module, name, ends in ENDINGS:
        if hasattr(module, name):
            setattr(module, name, _after(write, getattr(module, name), ends))


def _after(write: Callable[[float], None], original: Any, ends: Callable[..., bool]) -> Any:
    def shim(*args: Any, **kwargs: Any) -> Any:
        if ends(*args):
            write(PATIENCE)
        return original(*args, **kwargs)

    for name in ("__name__", "__qualname__", "__module__", "__doc__", "__text_signature__"):
        if hasattr(original, name):
            setattr(shim, name, getattr(original, name))
    return shim
