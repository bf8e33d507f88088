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

from .events import CALL, LINE, RAISE, RESUME, RETURN, UNWIND, YIELD
from .kinds import PLAIN
from .scope import beyond_us
from .settrace import FULL
from .snapshots import loose, taker

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
        files: dict[str, Any] = recorder.files
        tick, entry_of = recorder.tick, recorder.entry
        keep_values = recorder.options.values
        plain, take, frame_of, beyond = PLAIN, taker(recorder.known), sys._getframe, beyond_us
        deep = recorder.known.deep.get
        own = events.PY_START | events.PY_RETURN | events.PY_YIELD | events.PY_RESUME
        here = _local()

        def log() -> Any:
            """This thread's list, at its first event."""
            thread_log = recorder.thread_log()
            if thread_log.number:
                here.events = thread_log.events
                here.put = thread_log.extend
            return thread_log.extend

        def entry_for(code: CodeType) -> Any:
            codes = files.get(code.co_filename)
            if codes is None:
                if code.co_filename in files:
                    return None
                codes = recorder.file(code.co_filename)
                if codes is None:
                    return None
            entry = codes.get(id(code), False)
            if entry is False:
                entry = entry_of(code, codes)
                if entry is not None:
                    local_codes.append(code)
                    monitoring.set_local_events(tool, code, own | (events.LINE if entry.lines else 0))
            return entry

        def on_start(code: CodeType, offset: int) -> Any:
            try:
                codes = files.get(code.co_filename)
                entry: Any = codes.get(id(code), False) if codes is not None else False
                if entry is False:
                    entry = entry_for(code)
                if entry is None:
                    return disable
                frame = frame_of(1)
                back = frame.f_back
                caller: CodeType | None = None
                lasti = 0
                if back is not None:
                    if entry.tapped:
                        back = beyond(back)
                    caller, lasti = back.f_code, back.f_lasti
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
                try:
                    put = here.put
                except AttributeError:
                    put = log()
                put((CALL, tick(), entry, caller, lasti, id(frame) if entry.suspends else 0, arguments))
                if len(put.__self__) > FULL:
                    recorder.wait(put.__self__)
            except Exception as error:
                recorder.fault(error)
            return None

        def on_resume(code: CodeType, offset: int, *_: Any) -> None:
            try:
                codes = files.get(code.co_filename)
                entry: Any = codes.get(id(code), False) if codes is not None else False
                if entry is False:  # thrown into before any call of it began
                    entry = entry_for(code)
                if entry is None:
                    return
                frame = frame_of(1)
                back = frame.f_back
                caller, lasti = (back.f_code, back.f_lasti) if back is not None else (None, 0)
                try:
                    put = here.put
                except AttributeError:
                    put = log()
                if frame.f_lasti > entry.beginning:
                    put((RESUME, tick(), entry, caller, lasti, id(frame)))
                else:  # thrown into before it began
                    put((CALL, tick(), entry, caller, lasti, id(frame), []))
            except Exception as error:
                recorder.fault(error)

        def on_end(kind: int) -> Any:
            def on_value(code: CodeType, offset: int, value: Any) -> None:
                try:
                    if not keep_values:
                        value = None
                    elif id(type(value)) not in plain:
                        value = deep(id(value)) or take(value)
                    try:
                        here.put((kind, tick(), value))
                    except AttributeError:
                        log()((kind, tick(), value))
                except Exception as error:
                    recorder.fault(error)

            return on_value

        def on_unwind(code: CodeType, offset: int, exception: BaseException) -> None:
            codes = files.get(code.co_filename)
            if codes is not None and codes.get(id(code)) is not None:
                try:
                    here.put((UNWIND, tick(), exception))
                except AttributeError:
                    log()((UNWIND, tick(), exception))

        def on_raise(code: CodeType, offset: int, exception: BaseException) -> None:
            codes = files.get(code.co_filename)
            if codes is not None and codes.get(id(code)) is not None:
                try:
                    last = here.raised
                except AttributeError:
                    last = None
                frame = frame_of(1)
                if last != (id(exception), id(frame)):
                    here.raised = (id(exception), id(frame))
                    try:
                        here.put((RAISE, tick(), (code, offset), exception))
                    except AttributeError:
                        log()((RAISE, tick(), (code, offset), exception))

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
