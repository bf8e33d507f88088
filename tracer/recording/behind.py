"""A thread that `threading` does not know, that gets no signal, and that can be waited for until nothing of it is left,
not even a frame.

`threading.Thread.join` does so by the same means: until Python 3.12 a lock that the interpreter releases when it
forgets the thread, from 3.13 on a handle.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found,unused-ignore]
import _thread
from _thread import allocate_lock, start_new_thread  # as it was before a recording began
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

#: The means of each Python; the other one is None.
_set_sentinel: Any = getattr(_thread, "_set_sentinel", None)
_start_joinable: Any = getattr(_thread, "start_joinable_thread", None)


def start(work: Callable[[], object]) -> Callable[[], object]:
    """Run `work` on a thread. What is returned waits until that is gone; call it once."""
    with deaf():
        return _start(work)


@contextmanager
def deaf() -> Iterator[None]:
    """A thread that is begun meanwhile gets no signal: one that the system gave to it would not wake the main thread,
    which alone handles them, out of what it waits for. To block them itself it would be too late: first it has to wait
    for the interpreter."""
    if not hasattr(_signal, "pthread_sigmask"):
        yield
        return
    before = _signal.pthread_sigmask(_signal.SIG_BLOCK, _signal.valid_signals())
    try:
        yield
    finally:
        _signal.pthread_sigmask(_signal.SIG_SETMASK, before)


def _start(work: Callable[[], object]) -> Callable[[], object]:
    if _start_joinable is not None:
        joined: Callable[[], object] = _start_joinable(work, daemon=True).join
        return joined
    gone: list[Any] = []
    begun = allocate_lock()
    begun.acquire()

    def run() -> None:
        released_when_gone = _set_sentinel()
        released_when_gone.acquire()
        gone.append(released_when_gone)
        begun.release()
        work()

    start_new_thread(run, ())
    return lambda: begun.acquire() and gone[0].acquire()
