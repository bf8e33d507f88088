"""Run a program as `__main__`, recorded, with its errors shown and its end come as if we were not there.

The same process may become several: what is forked off begins a trace of its own.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from . import calling
from .again import heard
from .begin import Names
from .endings import act_before_endings
from .following import Follower, follow
from .forks import begin_in_children
from .late import LateStore
from .options import Options, RecorderError
from .recorder import Recorder
from .replies import write_before_replies
from .rivals import RIVAL, rival_in
from .tracebacks import hide_our_frames

#: The exit code of a recording that cannot start; the command line's for bad input (unmagic/errors.py).
CANNOT_START = 2


class Guest:
    """One program with its recorder, from the start of the process to its end."""

    def __init__(self, config: str, words: list[str], run: Callable[[Names], object]) -> None:
        """`config` is the bootstrap's: besides the fields of `Options`, `trace`; `settle`, seconds to wait at the end
        for threads that are still at work, daemon ones too; `began`, how this process came to be, where it is not the
        first one of its program: then its trace stands beside `trace`; `call`, the one function to be called and
        recorded, in place of the program: its `target`, `arguments` and `keywords`. Ends the process with one sentence
        where it asks for what cannot be. `words` name the program, `run` executes it."""
        try:
            fields: dict[str, Any] = json.loads(config)
            self._call: dict[str, Any] = fields.pop("call", {})  # once: not what another process of it shall do
            self._follower = Follower(dict(fields), words)
            self._settle = float(fields.pop("settle", 0))
            self._trace = fields.pop("trace")
            began = fields.pop("began", "")
            self._words, self._first = words, not began
            fields.pop("again", None)
            given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
            self._options = Options(**given)
            self._recorder = self._made(began)
        except (RecorderError, ValueError, TypeError, KeyError) as error:
            _refuse(error)
        self._program = self._run_call if self._call else run
        self._outcome: tuple[str, Any] = "", None

    def _made(self, began: str) -> Recorder:
        """A recorder for this process; `began` is '' for the first one."""
        about = {"pid": str(os.getpid()), "parent": str(os.getppid()), "began": began or "run"}
        options = replace(self._options, about={**self._options.about, **about})
        return Recorder(self._trace, options, LateStore) if began else Recorder(self._trace, options)

    def start(self) -> Callable[[Names], None]:
        """Begin to record. What is returned runs the program in the namespace that it is given."""
        if not self._call:
            self._begin()
        atexit.register(self._stop)
        follow(self._follower)
        act_before_endings({"write": self._write, "leave": self._leave, "execute": self._execute})
        begin_in_children(self._begin_again)
        return self._run

    def _begin(self) -> None:
        try:
            self._recorder.start()
        except RecorderError as error:
            _refuse(error)
        rival = rival_in(self._words) if self._first and self._recorder.engine == "settrace" else ""
        if rival:
            sys.stderr.write(f"unmagic: {rival} {RIVAL}\n")

    def _run_call(self, names: Names) -> None:
        """Call the one function. What it raises is told, and goes on to the interpreter."""
        target, arguments, keywords = (self._call[key] for key in ("target", "arguments", "keywords"))
        try:
            function = calling.found(target)
            calling.fitting(target, function, arguments, keywords)
        except calling.CallError as error:
            _refuse(error)
        calling.prepare(function)
        self._begin()
        try:
            self._outcome = calling.perform(function, arguments, keywords)
        except BaseException as error:
            self._outcome = "raised", error
            raise

    def _begin_again(self) -> None:
        """In a process that was forked off: a trace of its own."""
        try:
            self._recorder = self._made("fork")
            self._recorder.start()
            write_before_replies(self._recorder)
        except RecorderError:
            pass  # an engine that cannot be had twice: this process goes on without

    def _run(self, names: Names) -> None:
        """Execute the program. What it raises goes on to the interpreter, which gives it the meaning it always has (a
        traceback, an exit code, death by signal); only our frames are left out."""
        try:
            self._program(names)
        except SystemExit:
            raise
        except BaseException:
            hide_our_frames()
            raise

    def _write(self, patience: float) -> None:
        """Write what is recorded so far, unless the writer is at work and does not come to its end."""
        recorder, lock = self._recorder, self._recorder._drain_lock
        try:
            if recorder.active and lock.acquire(timeout=patience):
                lock.release()
                recorder.drain()
        except Exception as error:
            recorder.fault(error)

    def _leave(self, patience: float) -> None:
        self._recorder.leave(patience)
        self._tell()

    def _execute(self, patience: float) -> None:
        """Another program takes over. What was forked off only for that is nothing to keep."""
        if self._recorder.active and self._recorder.begun:
            self._write(patience)

    def _stop(self) -> None:
        """At the interpreter's end, after every non-daemon thread and after the program's own atexit functions."""
        with heard():
            self._end()

    def _end(self) -> None:
        deadline = time.monotonic() + self._settle
        for thread in threading.enumerate():
            # a dummy stands for a thread begun below `threading`, which cannot be waited for
            if thread is not threading.current_thread() and not isinstance(thread, threading._DummyThread):
                thread.join(max(0.0, deadline - time.monotonic()))
        if not self._recorder.active and self._call and not self._outcome[0]:
            return  # it never began
        self._recorder.stop()
        did, value = self._outcome
        if did:
            text = calling.told(value, self._recorder.masked)
            sys.stderr.write(f"unmagic: {self._call['target']} {did} {text}\n")
        self._tell()

    def _tell(self) -> None:
        """What the trace itself cannot tell, at the end, on the stream for such."""
        recorder = self._recorder
        for fault in recorder.faults[recorder.told :][:1]:
            with suppress(Exception):
                sys.stderr.write(f"unmagic: the recording is not whole: {fault}\n")


def _refuse(error: Exception) -> None:
    why = (
        str(error)
        if isinstance(error, (RecorderError, calling.CallError))
        else f"the recorder was asked for what it cannot do: {error!r}"
    )
    sys.stderr.write(f"unmagic: {why}\n")
    sys.exit(CANNOT_START)
