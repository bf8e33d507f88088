"""The engine of 3.12 and newer: `sys.monitoring`, which asks nothing of code outside the scope.

A global PY_START event only discovers code objects: out of scope, its place is switched off for good; in scope,
it gets events of its own. PY_UNWIND, PY_THROW and RAISE cannot be local, so they fire for all code and are
filtered here; they only come with exceptions. One callback serves all threads: the list to write to hangs on a
thread-local.
"""

from __future__ import annotations

import sys
from _thread import _local
from types import CodeType
from typing import TYPE_CHECKING, Any

from .events import LINE, LOW, LOW_BITS, RETURN, UNWIND, YIELD
from .scope import beyond_us
from .settrace import FULL

if TYPE_CHECKING:
    from .recorder import Recorder

#: Tool ids to try: 0 to 2 belong to debuggers, coverage and profilers, 5 to optimisers (the documentation).
IDS = (4, 3)


class EngineError(Exception):
    """The engine cannot be used here; the message is one sentence."""


class MonitoringEngine:
    """Registers as a tool of `sys.monitoring`; leaves nothing registered behind."""

    name = "monitoring"

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._tool = -1
        self._local: list[CodeType] = []

    def start(self) -> None:
        """Take a tool id and switch the events on. Raises `EngineError` if every id is taken."""
        monitoring = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
        for tool in IDS:
            if monitoring.get_tool(tool) is None:
                monitoring.use_tool_id(tool, "unmagic")
                self._tool = tool
                break
        else:
            names = ", ".join(str(monitoring.get_tool(tool)) for tool in IDS)
            raise EngineError(f"sys.monitoring has no tool id left for us (taken by {names}); try --engine settrace")
        events = monitoring.events
        callbacks = self._callbacks(monitoring.DISABLE, monitoring, events)
        for event, callback in callbacks.items():
            monitoring.register_callback(tool, event, callback)
        monitoring.set_events(tool, events.PY_START | events.PY_UNWIND | events.PY_THROW | events.RAISE)

    def stop(self) -> None:
        """Switch every event off, unregister, give the id back, and wake what was switched off."""
        monitoring = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
        if self._tool < 0:
            return
        events, tool, self._tool = monitoring.events, self._tool, -1
        monitoring.set_events(tool, 0)
        for code in self._local:
            monitoring.set_local_events(tool, code, 0)
        kinds = ("PY_START", "PY_RESUME", "PY_RETURN", "PY_YIELD", "PY_UNWIND", "PY_THROW", "RAISE", "LINE")
        for kind in kinds:
            monitoring.register_callback(tool, getattr(events, kind), None)
        monitoring.free_tool_id(tool)
        monitoring.restart_events()
        self._local.clear()

    def _callbacks(self, disable: Any, monitoring: Any, events: Any) -> dict[int, Any]:
        recorder, tool, local_codes = self._recorder, self._tool, self._local
        #: The entry of each code object whose own events are on. It comes to be known only then: another thread that
        #: began to run the same code meanwhile would have no end.
        entries: dict[int, Any] = {}
        decided = recorder.decisions.entries
        decide, number_of, tick = recorder.decisions.decide, recorder.codes.number, recorder.tick
        numbers = recorder.codes.numbers
        keep_values, frame_of, beyond = recorder.options.values, sys._getframe, beyond_us
        rows, look = recorder.known.rows.get, recorder.known.readers.get
        take, arguments = recorder.hand.take, recorder.hand.arguments
        own = events.PY_START | events.PY_RETURN | events.PY_YIELD | events.PY_RESUME
        here = _local()

        def log() -> Any:
            """This thread's list, at its first event."""
            thread_log = recorder.thread_log()
            if thread_log.number:
                here.put, here.events = thread_log.extend, thread_log.events
            return thread_log.extend

        def entry_for(code: CodeType) -> Any:
            """The entry of code that is seen for the first time; None where it is not recorded."""
            entry = decided[id(code)] if id(code) in decided else decide(code)
            if entry is not None:
                local_codes.append(code)
                monitoring.set_local_events(tool, code, own | (events.LINE if entry.lines else 0))
                entries[id(code)] = entry
            return entry

        def on_start(code: CodeType, offset: int) -> Any:
            entry: Any = None
            frame: Any = None
            try:
                try:
                    entry = entries[id(code)]
                except KeyError:
                    entry = entry_for(code)
                if entry is None:
                    return disable
                frame = frame_of(1)
                back = frame.f_back
                if back is None:
                    caller = lasti = 0
                else:
                    if entry.tapped:
                        back = beyond(back)
                    code = back.f_code
                    lasti = back.f_lasti
                    try:
                        caller = numbers[id(code)]
                    except KeyError:
                        caller = number_of(code)
                try:
                    put = here.put
                except AttributeError:
                    put = log()
                if entry.suspends:
                    key = id(frame)
                    if not keep_values or not entry.how:
                        put((entry.begins, tick(), caller, lasti, key & LOW, key >> LOW_BITS))
                    elif entry.how == 1:
                        one = frame.f_locals[entry.first]
                        row = rows(id(one)) or look(id(type(one)), take)(one)
                        put((entry.begins, tick(), caller, lasti, key & LOW, key >> LOW_BITS, row))
                    else:
                        found = arguments(entry, frame.f_locals)
                        put((entry.begins, tick(), caller, lasti, key & LOW, key >> LOW_BITS, *found))
                elif not keep_values or not entry.how:
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
                if len(put.__self__) > FULL:
                    recorder.wait(put.__self__)
            except (
                RecursionError
            ) as error:  # the program has gone as deep as it may: there is no room to look at values
                if entry is None or frame is None or not hasattr(here, "put"):
                    recorder.fault(error)
                    return None
                bare = (id(frame) & LOW, id(frame) >> LOW_BITS) if entry.suspends else ()
                here.put((entry.begins, tick(), 0, 0, *bare, *(entry.nothing if keep_values else ())))
            except Exception as error:
                recorder.fault(error)
            return None

        def on_resume(code: CodeType, offset: int, *_: Any) -> None:
            try:
                entry = entries[id(code)] if id(code) in entries else entry_for(code)  # thrown into before it began
                if entry is None:
                    return
                frame = frame_of(1)
                back = frame.f_back
                caller, lasti = (number_of(back.f_code), back.f_lasti) if back is not None else (0, 0)
                try:
                    put = here.put
                except AttributeError:
                    put = log()
                if frame.f_lasti > entry.beginning:
                    put((entry.resumes, tick(), caller, lasti, id(frame) & LOW, id(frame) >> LOW_BITS))
                else:  # thrown into before it began
                    found = entry.nothing if keep_values else ()
                    put((entry.begins, tick(), caller, lasti, id(frame) & LOW, id(frame) >> LOW_BITS, *found))
            except Exception as error:
                recorder.fault(error)

        def on_end(kind: int) -> Any:
            def on_value(code: CodeType, offset: int, value: Any) -> None:
                try:
                    told: tuple[int, ...]
                    if keep_values:
                        told = (kind, tick(), rows(id(value)) or look(id(type(value)), take)(value))
                    else:
                        told = (kind, tick())
                    try:
                        here.put(told)
                    except AttributeError:
                        log()(told)
                except RecursionError:
                    here.put((kind, tick(), 0) if keep_values else (kind, tick()))
                except Exception as error:
                    recorder.fault(error)

            return on_value

        def on_unwind(code: CodeType, offset: int, exception: BaseException) -> None:
            if entries.get(id(code)) is not None:
                try:
                    told = (UNWIND, tick(), rows(id(exception)) or take(exception))
                    try:
                        here.put(told)
                    except AttributeError:
                        log()(told)
                except RecursionError:
                    here.put((UNWIND, tick(), 0))
                except Exception as error:
                    recorder.fault(error)

        def on_raise(code: CodeType, offset: int, exception: BaseException) -> None:
            entry = entries.get(id(code))
            if entry is not None:
                try:
                    frame = frame_of(1)
                    if getattr(here, "raised", None) != (id(exception), id(frame)):
                        here.raised = (id(exception), id(frame))
                        told = (entry.raises, tick(), offset, rows(id(exception)) or take(exception))
                        try:
                            here.put(told)
                        except AttributeError:
                            log()(told)
                except RecursionError:
                    pass  # no room: that it left each call is told all the same
                except Exception as error:
                    recorder.fault(error)

        def on_line(code: CodeType, line: int) -> None:
            try:
                here.put((LINE, tick(), line))
            except AttributeError:
                log()((LINE, tick(), line))

        return {
            events.PY_START: on_start,
            events.PY_RESUME: on_resume,
            events.PY_THROW: on_resume,
            events.PY_RETURN: on_end(RETURN),
            events.PY_YIELD: on_end(YIELD),
            events.PY_UNWIND: on_unwind,
            events.RAISE: on_raise,
            events.LINE: on_line,
        }
