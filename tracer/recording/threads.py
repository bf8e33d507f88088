"""Who started which thread: noted when `Thread.start` is called, tied to the thread's own first event.

The method is replaced while recording, as the wiretap's are, and put back. Threads begun below `threading`
(by `_thread.start_new_thread`) are recorded too, only without a parent; under settrace not those begun by a
reference to that function which was taken before the recording.
"""

from __future__ import annotations

import _thread
import sys
import threading
from _thread import get_ident
from types import FrameType
from typing import TYPE_CHECKING, Any

from .events import START

if TYPE_CHECKING:
    from .recorder import Recorder


class ThreadStarts:
    """Gives each new thread its number before it runs."""

    def __init__(self, recorder: Recorder, boot: Any = None) -> None:
        """`boot` is the trace function for threads begun below `threading`, where the engine needs one."""
        self._recorder = recorder
        self._boot = boot
        self._raw: Any = None
        self._ours: Any = None
        self._original: Any = None
        self._pending: dict[int, tuple[Any, int]] = {}

    def start(self) -> None:
        """Replace `Thread.start`."""
        self._original = original = threading.Thread.start
        recorder, pending = self._recorder, self._pending

        def start(self: Any) -> None:
            if not recorder.active:
                return original(self)
            frame, number = sys._getframe(1), 0
            try:
                number = recorder.next_thread()
                pending[id(self)] = (self, number)
                if not recorder.greenlets.on:
                    _note(recorder, frame, number)
                    number = 0
            except Exception as error:
                recorder.fault(error)
            try:
                return original(self)
            finally:
                if number:  # it may be a greenlet: that has a number by itself, which is known now
                    try:
                        number = recorder.greenlets.number(self.__dict__.get("_ident")) or number
                        _note(recorder, frame, number)
                    except Exception as error:
                        recorder.fault(error)

        start.__name__, start.__qualname__, start.__doc__ = "start", "Thread.start", original.__doc__
        threading.Thread.start = start  # type: ignore[method-assign]
        if self._boot is not None:
            self._hook_raw_threads(self._boot)

    def _hook_raw_threads(self, boot: Any) -> None:
        """`threading.settrace` does not reach threads begun below `threading`; they set the hook themselves."""
        self._raw = original = _thread.start_new_thread
        recorder = self._recorder

        def start_new_thread(function: Any, *rest: Any, **named: Any) -> int:
            if not recorder.active:
                return original(function, *rest, **named)

            def run(*args: Any, **kwargs: Any) -> Any:
                sys.settrace(boot)
                return function(*args, **kwargs)

            return original(run, *rest, **named)

        _thread.start_new_thread = self._ours = start_new_thread

    def stop(self) -> None:
        """Put `Thread.start` back."""
        if self._original is not None:
            threading.Thread.start = self._original  # type: ignore[method-assign]
            self._original = None
        if self._raw is not None:
            if _thread.start_new_thread is self._ours:  # else the program has put another in its place
                _thread.start_new_thread = self._raw
            self._raw = self._ours = None
        self._pending.clear()

    def identify(self) -> tuple[int, str] | None:
        """(number, name) of the thread that asks; None while `threading` is still setting it up, which is
        before `sys.settrace` would see it and no part of the program. `threading.current_thread` is not asked:
        it would make an object for a thread that has none, and the program would see it."""
        ident = get_ident()
        active: dict[int, Any] = threading._active  # type: ignore[attr-defined]
        thread = active.get(ident)
        if thread is None:
            starting = list(threading._limbo.values())  # type: ignore[attr-defined]
            if any(other.__dict__.get("_ident") == ident for other in starting):
                return None
            return self._recorder.next_thread(), f"thread {ident}"
        name = thread.__dict__.get("_name", "")
        pending = self._pending.pop(id(thread), None)
        if pending is not None and pending[0] is thread:
            return pending[1], name
        return self._recorder.next_thread(), name


def _note(recorder: Recorder, frame: FrameType, number: int) -> None:
    caller = recorder.codes.number(frame.f_code)
    recorder.thread_log().extend((START, recorder.tick(), caller, frame.f_lasti, number))
