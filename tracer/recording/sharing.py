"""Another trace function beside ours: coverage's, a debugger's.

`sys.settrace` has one place a thread. Where it is taken when a recording begins, both get it: each event is told to
ours and then to theirs, each with the local function that it asked for, and each gets the lines that it wants. When
ours has ended, theirs has the place alone again. (`sys.monitoring` has places for several, and needs none of this.)
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any


def share(boot: Any, theirs: Any, theirs_of_threads: Any) -> Callable[[], None]:
    """Give this thread's place, and that of threads to come, to `boot` and to what was there before, where there was
    something. Called when `boot` is in both places; what is returned puts ours alone there again."""
    if theirs is not None:
        sys.settrace(Both(boot, theirs))
    if theirs_of_threads is not None:

        def first_event(frame: Any, event: str, argument: Any) -> Any:
            trace = Both(boot, theirs_of_threads)  # each thread has its own
            sys.settrace(trace)
            return trace(frame, event, argument)

        threading.settrace(first_event)

    def undo() -> None:
        if theirs_of_threads is not None:
            threading.settrace(boot)
        there = sys.gettrace()
        if isinstance(there, Both):
            sys.settrace(there.ours)

    return undo


class Both:
    """One thread's trace function out of two. Either may put another one, or None, into its place while it is called:
    ours does at a thread's first event, and when the recording is over; coverage's to be called from C."""

    __slots__ = ("ours", "theirs")

    def __init__(self, ours: Any, theirs: Any) -> None:
        self.ours = ours
        self.theirs = theirs

    def __call__(self, frame: Any, event: str, argument: Any) -> Any:
        """A call begins: what is given back is told of the rest of it."""
        mine = self.ours(frame, event, argument)
        now = sys.gettrace()
        if now is None:
            sys.settrace(self.theirs)
            return self.theirs(frame, event, argument)
        self.ours = self.ours if now is self else now
        lines = mine is not None and frame.f_trace_lines
        frame.f_trace_lines = True
        sys.settrace(self)
        their = self.theirs(frame, event, argument)
        now = sys.gettrace()
        if now is None:
            sys.settrace(self.ours)
            frame.f_trace_lines = lines
            return mine
        self.theirs = self.theirs if now is self else now
        sys.settrace(self)
        if their is None:
            frame.f_trace_lines = lines
            return mine
        return their if mine is None else _local(mine, their, lines, frame)


def _local(mine: Any, their: Any, lines: bool, frame: Any) -> Any:
    """The two functions of one frame; `lines` says whether ours wants them."""
    theirs_wants = frame.f_trace_lines
    frame.f_trace_lines = lines or theirs_wants

    def on_event(frame: Any, event: str, argument: Any) -> Any:
        nonlocal mine, their
        if mine is not None and (lines or event != "line"):
            mine = mine(frame, event, argument)
        if their is not None and (theirs_wants or event != "line"):
            their = their(frame, event, argument)
        return on_event

    return on_event
