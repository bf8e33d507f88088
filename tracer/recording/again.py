"""Ctrl-C once more, when the program has ended and the rest of its trace is being written: nothing of the program hears
it any more, and a recording that was told to stop is not to be lost by somebody's impatience."""

from __future__ import annotations

import signal
import sys
import time
from _signal import raise_signal  # type: ignore[import-not-found,unused-ignore]  # the one that nothing was put before
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

WRITING = "unmagic: the rest of the trace is being written; Ctrl-C once more leaves it out\n"
#: Seconds in which a second signal is no second key: one that is held down, or one that came by two ways.
MOMENT = 0.5


@contextmanager
def heard() -> Iterator[None]:
    """Meanwhile the first Ctrl-C is answered by a sentence, and the next one ends the process: the trace has what was
    written until then. Where Ctrl-C is ignored, or is not ours to hear, it stays so."""
    answer = _Answer()
    before = _instead(answer)
    try:
        yield
    finally:
        if before is not None and signal.getsignal(signal.SIGINT) is answer:
            _instead(before)


class _Answer:
    def __init__(self) -> None:
        self._told = 0.0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self._told:
            self._told = now
            with suppress(Exception):
                sys.stderr.write(WRITING)
        elif now - self._told > MOMENT:
            signal.signal(number, signal.SIG_DFL)
            raise_signal(number)


def _instead(handler: object) -> object:
    """Have Ctrl-C handled by this; what did so before, None where nothing was changed."""
    try:
        before = signal.getsignal(signal.SIGINT)
        if before in (None, signal.SIG_IGN):
            return None
        with suppress(KeyboardInterrupt):  # one that came a moment ago
            signal.signal(signal.SIGINT, handler)  # type: ignore[arg-type]
            return before
        signal.signal(signal.SIGINT, handler)  # type: ignore[arg-type]
    except ValueError:  # not the main thread
        return None
    return before
