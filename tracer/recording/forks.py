"""What happens to a whole process while it is recorded: it forks, and it gets signals."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found,unused-ignore]
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .recorder import Recorder


def leave_signals_to_others() -> None:
    """A signal that the kernel gave to this thread would wake no main thread that is waiting for a lock."""
    if hasattr(_signal, "pthread_sigmask"):
        _signal.pthread_sigmask(_signal.SIG_BLOCK, _signal.valid_signals())


_recording: list[Recorder] = []
_registered: list[bool] = []


def watch_forks(recorder: Recorder) -> None:
    """A fork copies an open SQLite connection, which must not be closed in the child: so it is closed before, and
    the parent opens it again. The child is unhooked, and records nothing."""
    _recording.append(recorder)
    if not _registered and hasattr(os, "register_at_fork"):
        _registered.append(True)
        os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child)


def forget(recorder: Recorder) -> None:
    """A recording that has ended."""
    if recorder in _recording:
        _recording.remove(recorder)


def _before_fork() -> None:
    for recorder in _recording:
        recorder.pause()


def _after_fork() -> None:
    for recorder in _recording:
        recorder.resume()


def _in_child() -> None:
    for recorder in _recording:
        recorder.forked()
    _recording.clear()
