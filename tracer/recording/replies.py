"""A worker that `multiprocessing` forked off has a trace before anybody hears of it.

A pool ends its workers by SIGTERM as soon as it has their results, which may be sooner than anything of theirs was
written: they would leave no trace, and nobody would be told. So what such a worker sends waits, until its trace has
begun, for what was recorded before it.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from .endings import alike

if TYPE_CHECKING:
    from .recorder import Recorder


#: Seconds that the first of it waits, at most.
PATIENCE = 5.0
#: Seconds between two commits of such a process, and between two that it is woken up for.
INTERVAL = 0.01


def write_before_replies(recorder: Recorder) -> None:
    """Have what this process sends through a pipe of `multiprocessing`'s wait for its trace to begin. From then on
    nothing waits, but what was recorded is written soon."""
    kind: Any = getattr(sys.modules.get("multiprocessing.connection"), "Connection", None)
    original = getattr(kind, "_send_bytes", None)
    if original is None:
        return
    recorder.interval = INTERVAL
    woken = 0.0

    def shim(self: Any, *args: Any) -> Any:
        nonlocal woken
        now = time.monotonic()
        if recorder.active and now - woken > INTERVAL and recorder.unwritten:
            woken = now
            recorder.hurry()
            while _not_begun(recorder) and time.monotonic() - now < PATIENCE:
                time.sleep(0.001)
        return original(self, *args)

    kind._send_bytes = alike(shim, original)


def _not_begun(recorder: Recorder) -> bool:
    """Whether what was recorded is still to be the first of a trace. Asked in this order: what is not waiting any more
    has been written, or is being so."""
    return recorder.active and recorder.unwritten and not recorder.begun
