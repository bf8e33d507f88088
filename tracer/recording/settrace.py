"""The engine that every Python has: `sys.settrace`, one closure a thread.

The global trace function decides once for each code object and writes the call; the local one writes what
happens to it. A closure bound to the thread's own list needs no look-up of the thread. Lines are switched off
for each frame unless they were asked for. Kinds of "call" and "return" are told apart by `bytecode.py`.
"""

from __future__ import annotations

import sys
import threading
from _thread import get_ident
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

from .events import CALL, LINE, RAISE, RESUME, RETURN, UNWIND, YIELD, ThreadLog
from .kinds import PLAIN
from .scope import beyond_us
from .snapshots import loose, taker

if TYPE_CHECKING:
    from .recorder import Recorder

#: A thread that has this many items unwritten waits for the writer, so that memory stays bounded.
FULL = 400_000


class SettraceEngine:
    """Hooks `sys.settrace` for this thread and all that start; restores what was there."""

    name = "settrace"

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._previous: Any = None
        self._previous_threads: Any = None
        self._thread = 0
        #: Whether the thread that began the recording had lost its hook when it ended.
        self.lost = False
        self.boot = self._first_event

    def start(self) -> None:
        """Install the hooks. Threads that run already are hooked on 3.12 and newer only."""
        self._thread = get_ident()
        self._previous = sys.gettrace()
        self._previous_threads = threading.gettrace()
        if hasattr(threading, "settrace_all_threads"):
            threading.settrace_all_threads(self.boot)
        else:
            threading.settrace(self.boot)
        sys.settrace(self.boot)

    def stop(self) -> None:
        """Put back what was there. A thread that still runs drops its hook at its next event (before 3.12)."""
        ours = getattr(sys.gettrace(), "__code__", None)
        self.lost = get_ident() == self._thread and (ours is None or ours.co_filename != __file__)
        if hasattr(threading, "settrace_all_threads"):
            threading.settrace_all_threads(self._previous_threads)
        else:
            threading.settrace(self._previous_threads)
        if ours is not None and ours.co_filename == __file__:
            sys.settrace(self._previous)

    def _first_event(self, frame: FrameType, event: str, argument: Any) -> Any:
        """The first event of a thread: give it a trace function of its own."""
        if not self._recorder.active:
            sys.settrace(None)
            return None
        trace = make_tracer(self._recorder, self._recorder.thread_log())
        sys.settrace(trace)
        return trace(frame, event, argument)


def make_tracer(recorder: Recorder, log: ThreadLog) -> Any:
    """The global trace function of one thread."""
    put, events, tick = log.extend, log.events, recorder.tick
    files: dict[str, Any] = recorder.files
    entry_of = recorder.entry
    keep_values = recorder.options.values
    plain, take, beyond = PLAIN, taker(recorder.known), beyond_us
    deep = recorder.known.deep.get
    #: The exceptions on their way out, told by "exception" some time before "return" comes with None: more than one
    #: where something runs while a frame is being left (a `finally`, a generator that is dropped).
    leaving = log.leaving

    def on_call(frame: FrameType, event: str, argument: Any) -> Any:
        try:
            code = frame.f_code
            codes = files.get(code.co_filename)
            if codes is None:
                if code.co_filename in files:
                    return None
                codes = recorder.file(code.co_filename)
                if codes is None:
                    return None
            entry: Any = codes.get(id(code), False)
            if entry is False:
                entry = entry_of(code, codes)
            if entry is None:
                return None
            if not recorder.active:
                sys.settrace(None)
                return None
            frame.f_trace_lines = entry.lines
            back = frame.f_back
            caller: CodeType | None = None
            lasti = 0
            if back is not None:
                if entry.tapped:
                    back = beyond(back)
                caller, lasti = back.f_code, back.f_lasti
            if entry.suspends:
                if frame.f_lasti > entry.beginning:
                    put((RESUME, tick(), entry, caller, lasti, id(frame)))
                    return on_event
                key = id(frame)
            else:
                key = 0
            if not keep_values:
                arguments = []
            elif entry.pick is not None:
                values = entry.pick(frame.f_locals)
                if entry.variable:
                    arguments = [
                        value if id(type(value)) in plain else (deep(id(value)) or take(value))
                        for value in values[: -entry.variable]
                    ]
                    arguments += map(loose, values[-entry.variable :])
                else:
                    arguments = [
                        value if id(type(value)) in plain else (deep(id(value)) or take(value)) for value in values
                    ]
            elif entry.arguments:
                value = frame.f_locals[entry.arguments[0]]
                arguments = [
                    loose(value)
                    if entry.variable
                    else value
                    if id(type(value)) in plain
                    else (deep(id(value)) or take(value))
                ]
            else:
                arguments = []
            put((CALL, tick(), entry, caller, lasti, key, arguments))
            if len(events) > FULL:
                recorder.wait(events)
            return on_event
        except Exception as error:
            return failed(error)

    def on_event(frame: FrameType, event: str, argument: Any) -> Any:
        try:
            if event == "return":
                left = _left(leaving, id(frame)) if leaving else None
                if argument is None:
                    lasti = frame.f_lasti
                    entry = files[frame.f_code.co_filename][id(frame.f_code)]
                    if lasti not in entry.returns and (
                        lasti not in entry.suspended or (left is not None and left[2] == lasti)
                    ):
                        put((UNWIND, tick(), left and left[0]))
                    else:
                        put((YIELD if lasti in entry.suspended else RETURN, tick(), None))
                    return on_event
                if keep_values and id(type(argument)) not in plain:
                    argument = deep(id(argument)) or take(argument)
                code = frame.f_code
                if code.co_flags & 0x2A0 and frame.f_lasti in files[code.co_filename][id(code)].suspended:
                    put((YIELD, tick(), argument if keep_values else None))
                else:
                    put((RETURN, tick(), argument if keep_values else None))
            elif event == "line":
                put((LINE, tick(), frame.f_lineno))
            elif event == "exception":
                error, code = argument[1], frame.f_code
                if type(error) is StopIteration and not _raised_here(argument[2], frame):
                    return on_event  # how a for loop hears that its iterator has ended; not an error, not in 3.11
                if leaving and leaving[-1][1] == id(frame):
                    if leaving[-1][0] is not error:
                        put((RAISE, tick(), (code, frame.f_lasti), error))
                    leaving[-1] = [error, id(frame), frame.f_lasti]
                else:
                    put((RAISE, tick(), (code, frame.f_lasti), error))
                    leaving.append([error, id(frame), frame.f_lasti])
            return on_event
        except Exception as error:
            return failed(error)

    def failed(error: Exception) -> None:
        """What the program raised inside a hook (in a signal's handler) goes on to it; Python takes a trace
        function away that raises, so a profile function puts it back at the next event."""
        try:
            recorder.fault(error)
        except Exception:
            profile = sys.getprofile()

            def again(*_: Any) -> None:
                sys.setprofile(profile)
                if recorder.active:
                    sys.settrace(on_call)

            sys.setprofile(again)
            raise

    return on_call


def _left(leaving: list[list[Any]], frame: int) -> list[Any] | None:
    """Take the exception that was last seen in this frame, which has ended, and all above it."""
    for index in range(len(leaving) - 1, -1, -1):
        if leaving[index][1] == frame:
            found = leaving[index]
            del leaving[index:]
            return found
    return None


def _raised_here(traceback: Any, frame: FrameType) -> bool:
    return traceback is not None and (traceback.tb_next is not None or traceback.tb_frame is frame)
