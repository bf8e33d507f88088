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


#: (module, function, whether a call with these arguments ends the process, what to do before).
ENDINGS: tuple[tuple[Any, str, Callable[..., bool], str], ...] = (
    (os, "_exit", _always, "leave"),
    (os, "abort", _always, "write"),
    (os, "execv", _always, "execute"),
    (os, "execve", _always, "execute"),
    (os, "kill", _hits_us, "write"),
    (os, "killpg", _hits_our_group, "write"),
    (signal, "raise_signal", _always, "write"),
)


def act_before_endings(acts: dict[str, Callable[[float], object]]) -> None:
    """Have every function that may end the process do one of the `acts` first, for `PATIENCE` seconds at most: "leave"
    before an end that is sure, "write" before one that may not come, "execute" before another program takes the
    process over. For the process's whole life: what has imported a function by name keeps it."""
    for module, name, ends, act in ENDINGS:
        if hasattr(module, name):
            setattr(module, name, _after(acts[act], getattr(module, name), ends))


def _after(act: Callable[[float], object], original: Any, ends: Callable[..., bool]) -> Any:
    def shim(*args: Any, **kwargs: Any) -> Any:
        if ends(*args):
            act(PATIENCE)
        return original(*args, **kwargs)

    return alike(shim, original)


def alike(shim: Any, original: Any) -> Any:
    """`shim`, called as what it stands for."""
    for name in ("__name__", "__qualname__", "__module__", "__doc__", "__text_signature__"):
        if hasattr(original, name):
            setattr(shim, name, getattr(original, name))
    return shim
