"""What happens to a whole process while it is recorded: it forks."""

from __future__ import annotations

import os
import sys
from _thread import get_ident
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from .scope import OWN

if TYPE_CHECKING:
    from .recorder import Recorder


_recording: list[Recorder] = []
_registered: list[bool] = []
#: What begins another recording in a child that was forked off.
_heirs: list[Callable[[], None]] = []
#: The threads that fork just now only to execute another program.
_passing: set[int] = set()


def watch_forks(recorder: Recorder) -> None:
    """A fork copies an open SQLite connection, which must not be closed in the child: so it is closed before, and
    the parent opens it again. The child is unhooked; `begin_in_children` tells who records there."""
    _recording.append(recorder)
    if not _registered and hasattr(os, "register_at_fork"):
        _registered.append(True)
        os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child)


def begin_in_children(begin: Callable[[], None]) -> None:
    """Have `begin` called in every process that is forked off from now on."""
    _heirs.append(begin)


@contextmanager
def passing() -> Iterator[None]:
    """What this thread forks off within the block executes another program at once: nothing is begun there."""
    _passing.add(get_ident())
    try:
        yield
    finally:
        _passing.discard(get_ident())


def forget(recorder: Recorder) -> None:
    """A recording that has ended."""
    if recorder in _recording:
        _recording.remove(recorder)


def recording() -> bool:
    """Whether this process is being recorded: by this copy of the recorder, or by the one that `unmagic run` has
    brought along under its private name."""
    copies = (sys.modules.get(name) for name in (__name__, "_unmagic_recording.forks"))
    return any(copy._recording for copy in copies if copy is not None)


def soon(act: Callable[[], None]) -> None:
    """Call `act`, which begins a thread, when a fork is over in the parent. From 3.13 on Python counts the threads only
    when the handlers are done: there the next call of any function is waited for."""
    if sys.version_info < (3, 13):
        act()
        return
    profile = sys.getprofile()

    def next_call(frame: FrameType, event: str, _: Any) -> None:
        if event in ("call", "c_call"):
            sys.setprofile(profile)
            act()

    sys.setprofile(next_call)


def _before_fork() -> None:
    for recorder in _recording:
        recorder.pause()


def _after_fork() -> None:
    for recorder in _recording:
        recorder.resume()


def _in_child() -> None:
    on_the_way = get_ident() in _passing
    _passing.clear()
    for recorder in _recording:
        recorder.forked()
    _recording.clear()
    _release(sys._getframe(1))
    for begin in () if on_the_way else _heirs:
        begin()


def _release(frame: FrameType | None) -> None:
    """What ran when the process forked has the trace functions of the parent's recording: they would go on writing
    down what nobody takes."""
    while frame is not None:
        code = getattr(frame.f_trace, "__code__", None)
        if code is not None and code.co_filename.startswith(OWN):
            frame.f_trace = None
        frame = frame.f_back
