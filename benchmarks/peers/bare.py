"""The least that any recorder written in Python can cost: a callback at each call and each return of the libraries that
puts a tuple into a ring, and nothing else. Nothing is written, no call site is told, no socket is listened to; with
`arguments` the callback asks the frame for its locals, too, which is the only way to a call's arguments.

What a real recorder costs beyond it is its own; what this costs, nobody who uses `sys.settrace` or `sys.monitoring`
from Python can save.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from itertools import count
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

#: So many events are kept.
RING = 10_000


def bare_settrace(files: tuple[str, ...], arguments: bool) -> Any:
    """Start; what stops it again and says how many calls there were."""
    put, tick, calls = deque[Any](maxlen=RING).append, count().__next__, count()
    wanted: dict[CodeType, bool] = {}

    def on_return(frame: FrameType, event: str, value: Any) -> Any:
        if event == "return":
            put((frame.f_code, tick(), value))

    def on_call(frame: FrameType, event: str, value: Any) -> Any:
        code = frame.f_code
        if code not in wanted:
            wanted[code] = code.co_filename.startswith(files)
        if not wanted[code]:
            return None
        frame.f_trace_lines = False
        next(calls)
        put((code, tick(), frame.f_locals) if arguments else (code, tick()))
        return on_return

    threading.settrace(on_call)
    sys.settrace(on_call)

    def stop() -> int:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
        return next(calls)

    return stop


def bare_monitoring(files: tuple[str, ...], arguments: bool) -> Any:
    """The same with `sys.monitoring`: code of other files is switched off at its first call."""
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
    put, tick, calls, frame_of = deque[Any](maxlen=RING).append, count().__next__, count(), sys._getframe
    tool, events, disable, wanted = 4, monitoring.events, monitoring.DISABLE, dict[CodeType, bool]()

    def on_start(code: CodeType, offset: int) -> Any:
        if code not in wanted:
            wanted[code] = code.co_filename.startswith(files)
            if wanted[code]:
                monitoring.set_local_events(tool, code, events.PY_START | events.PY_RETURN | events.PY_YIELD)
        if not wanted[code]:
            return disable
        next(calls)
        put((code, tick(), frame_of(1).f_locals) if arguments else (code, tick()))
        return None

    def on_return(code: CodeType, offset: int, value: Any) -> None:
        put((code, tick(), value))

    monitoring.use_tool_id(tool, "bare")
    monitoring.register_callback(tool, events.PY_START, on_start)
    for event in (events.PY_RETURN, events.PY_YIELD):
        monitoring.register_callback(tool, event, on_return)
    monitoring.set_events(tool, events.PY_START)

    def stop() -> int:
        monitoring.set_events(tool, 0)
        for code in wanted:
            monitoring.set_local_events(tool, code, 0)
        monitoring.free_tool_id(tool)
        return next(calls)

    return stop


def bare(engine: str, arguments: bool, files: Any) -> Any:
    """A recorder's `start`, as `KINDS` wants it; `files` gives how the paths of the recorded files begin."""

    def start(folder: Path) -> Any:
        return (bare_monitoring if engine == "monitoring" else bare_settrace)(files(), arguments)

    return start
