"""The engine that every Python has: `sys.settrace`, one closure a thread.

The global trace function decides once for each code object and writes the call; the local one writes what
happens to it. A closure bound to the thread's own list needs no look-up of the thread. Lines are switched off
for each frame unless they were asked for. Kinds of "call" and "return" are told apart by `bytecode.py`.
"""

from __future__ import annotations

import sys
import threading
from _thread import get_ident
from types import FrameType
from typing import TYPE_CHECKING, Any
from weakref import ref

from .bytecode import SUSPENDS
from .events import INNERMOST, LINE, LOW, LOW_BITS, RETURN, UNWIND, YIELD, ThreadLog
from .kinds import WEAKLY, attributes, plan
from .scope import beyond_us

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
    entries: dict[int, Any] = recorder.decisions.entries
    decide, number_of = recorder.decisions.decide, recorder.codes.number
    keep_values = recorder.options.values
    rows, look, beyond = recorder.known.rows.get, recorder.known.readers.get, beyond_us
    take, arguments = recorder.hand.take, recorder.hand.arguments
    #: The exceptions on their way out, told by "exception" some time before "return" comes with None: more than one
    #: where something runs while a frame is being left (a `finally`, a generator that is dropped).
    leaving = log.leaving
    #: Those that a generator which is suspended has been through: it may raise one again when it goes on. By frame id,
    #: then by where.
    held = recorder.held

    def on_call(frame: FrameType, event: str, argument: Any) -> Any:
        try:
            code = frame.f_code
            try:
                entry = entries[id(code)]
            except KeyError:
                entry = decide(code)
            if entry is None:
                return None
            if not recorder.active:
                sys.settrace(None)
                return None
            frame.f_trace_lines = entry.lines
            back = frame.f_back
            if back is None:
                caller = lasti = 0
            elif back.f_trace is on_plain:  # no generator: one that delegates is not told of what is thrown through it
                caller, lasti = INNERMOST, back.f_lasti
            else:
                if entry.tapped:
                    back = beyond(back)
                caller, lasti = number_of(back.f_code), back.f_lasti
            if entry.suspends:
                key = id(frame)
                if frame.f_lasti > entry.beginning:
                    put((entry.resumes, tick(), caller, lasti, key & LOW, key >> LOW_BITS))
                    return on_event
                if held:
                    held.pop(key, None)
                if not keep_values or not entry.how:
                    put((entry.begins, tick(), caller, lasti, key & LOW, key >> LOW_BITS))
                elif entry.how == 1:
                    one = frame.f_locals[entry.first]
                    row = rows(id(one)) or look(id(type(one)), take)(one)
                    put((entry.begins, tick(), caller, lasti, key & LOW, key >> LOW_BITS, row))
                else:
                    found = arguments(entry, frame.f_locals)
                    put((entry.begins, tick(), caller, lasti, key & LOW, key >> LOW_BITS, *found))
                return on_event
            if not keep_values or not entry.how:
                put((entry.begins, tick(), caller, lasti))
            elif entry.how == 1:
                one = frame.f_locals[entry.first]
                put((entry.begins, tick(), caller, lasti, rows(id(one)) or look(id(type(one)), take)(one)))
            elif entry.how == 2:
                one, two = entry.pick(frame.f_locals)
                first = rows(id(one)) or look(id(type(one)), take)(one)
                second = rows(id(two)) or look(id(type(two)), take)(two)
                put((entry.begins, tick(), caller, lasti, first, second))
            elif entry.how == 3:
                found = [rows(id(one)) or look(id(type(one)), take)(one) for one in entry.pick(frame.f_locals)]
                put((entry.begins, tick(), caller, lasti, *found))
            else:
                put((entry.begins, tick(), caller, lasti, *arguments(entry, frame.f_locals)))
            if len(events) > FULL:
                recorder.wait(events)
            return on_plain
        except Exception as error:
            return failed(error)

    def on_plain(frame: FrameType, event: str, argument: Any) -> Any:
        """What happens to a function that cannot be suspended, most of the time: an exception leaves it only after
        "exception" was told of it."""
        if event != "return" or leaving:
            return on_event(frame, event, argument)
        try:
            if keep_values:
                put((RETURN, tick(), rows(id(argument)) or look(id(type(argument)), take)(argument)))
            else:
                put((RETURN, tick()))
            return None
        except Exception as error:
            return failed(error)

    def on_event(frame: FrameType, event: str, argument: Any) -> Any:
        try:
            if event == "return":
                kind = RETURN
                if leaving or frame.f_code.co_flags & SUSPENDS:
                    left, lasti = _left(leaving, id(frame)) if leaving else None, frame.f_lasti
                    entry, key = entries[id(frame.f_code)], id(frame)
                    if lasti in entry.suspended and (
                        argument is not None or left is None or left[2] != lasti or not entry.handlers.restores(lasti)
                    ):
                        kind = YIELD
                        if left and (sys.version_info < (3, 11) or entry.handlers.around(lasti) is not None):
                            held[key] = _places(left, held.get(key))
                    else:
                        raised = held.pop(key, None) if held else None
                        if argument is None and lasti not in entry.returns:
                            raised = _places(left, raised) if left else raised
                            number = entry.handlers.leaves(lasti, raised) if raised else log.raised
                            put((UNWIND, tick(), number))
                            return on_event
                if keep_values:
                    put((kind, tick(), rows(id(argument)) or look(id(type(argument)), take)(argument)))
                else:
                    put((kind, tick()))
            elif event == "line":
                put((LINE, tick(), frame.f_lineno))
            elif event == "exception":
                error = argument[1]
                if type(error) is StopIteration and not _raised_here(argument[2], frame):
                    return on_event  # how a for loop hears that its iterator has ended; not an error, not in 3.11
                here = leaving[-1] if leaving and leaving[-1][1] == id(frame) else None
                same = here is not None and _is(here[0], error)
                if not same:
                    log.raised = rows(id(error)) or take(error)
                    put((entries[id(frame.f_code)].raises, tick(), frame.f_lasti, log.raised))
                if here is None:
                    leaving.append([_kept(error), id(frame), frame.f_lasti, log.raised, None])
                elif same:
                    leaving[-1] = [here[0], id(frame), frame.f_lasti, here[3], here[4]]
                else:  # it may go on when this one has been dealt with
                    leaving[-1] = [_kept(error), id(frame), frame.f_lasti, log.raised, _places(here)]
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


def _kept(error: BaseException) -> Any:
    """An exception to be known again. It is not held: what its frames hold goes where the program has dealt with it."""
    return ref(error) if plan(type(error)).held == WEAKLY else attributes(error)


def _is(kept: Any, error: BaseException) -> bool:
    return (kept() if type(kept) is ref else kept) is (error if type(kept) is ref else attributes(error))


def _places(seen: list[Any], before: dict[int, int] | None = None) -> dict[int, int]:
    """The numbers of all exceptions that were in a frame, by where each was raised, the latest last; `before`: in the
    time before it was suspended."""
    found = dict(before or ())
    for place, number in (*(seen[4] or {}).items(), (seen[2], seen[3])):
        found.pop(place, None)
        found[place] = number
    return found


def _raised_here(traceback: Any, frame: FrameType) -> bool:
    return traceback is not None and (traceback.tb_next is not None or traceback.tb_frame is frame)
