"""One recording: an engine, the wiretap, the thread starts and the writer, put together and taken apart again.

    recorder = Recorder("run.trace", Options())
    recorder.start()
    ...
    summary = recorder.stop()

The recorder is the only mutable thing that the others share. An error of ours never reaches the program: the
first one switches the recording off, is kept in `faults`, and is told at the end.
"""

from __future__ import annotations

import os
import sys
import time
from _thread import _local, allocate_lock, get_ident
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from time import sleep
from types import CodeType
from typing import Any

from . import behind, store
from .events import ThreadLog
from .forks import forget, leave_signals_to_others, watch_forks
from .kinds import forget_plans
from .known import Known
from .monitoring import EngineError, MonitoringEngine
from .scope import DEFAULT, OWN, Entry, Scope
from .secrets import Secrets
from .settrace import FULL, SettraceEngine
from .store import Store
from .threads import ThreadStarts
from .wiretap import Wiretap
from .writer import Writer

#: Seconds between two commits while the program runs, and while nothing happens. What is written soon is still in the
#: processor's cache.
INTERVAL = 0.05
RESTING = 0.2
#: What the trace says where its main thread had no hook any more in the end.
LOST = (
    "the end of the main thread may be missing: its trace function was gone (Python takes it away where a signal's "
    "handler raises just then, and at the recursion limit; or the program set its own). The engine monitoring has no "
    "such end"
)


class RecorderError(Exception):
    """The recording cannot start; the message is one sentence for the user."""


@dataclass(frozen=True)
class Options:
    """What to record. `max_value`: bytes or characters kept of one value; `keep`: bytes of text and data that
    may be held in memory so that identity can be followed; `thorough`: look into an object whenever it is seen, also
    where it has stayed as it was for a while, so that nothing hangs on the clock; `program`: the folder of the program,
    if it has one.
    """

    engine: str = "auto"
    scope: tuple[str, ...] = DEFAULT
    exclude: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    values: bool = True
    wire: bool = True
    max_value: int = 1 << 17
    thorough: bool = False
    keep: int = 32 << 20
    show_secrets: bool = False
    program: str | None = None
    about: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Summary:
    """What was recorded: counts, the size in bytes, what was masked, and our own faults, if any."""

    path: str
    engine: str
    calls: int
    threads: int
    connections: int
    size: int
    masked: dict[str, int]
    faults: tuple[str, ...]
    unmatched: tuple[str, ...]


class Recorder:
    """Records from `start` to `stop`; can be used once."""

    def __init__(self, path: str, options: Options | None = None) -> None:
        self.options = options or Options()
        self.path = os.path.abspath(path)
        self.active = False
        self.faults: list[str] = []
        self.tick: Any = count(1).__next__
        self.known = Known(self.options.keep, self.options.thorough)
        #: co_filename -> {id(code): Entry or None}; None where nothing of the file is in scope.
        self.files: dict[str, dict[int, Entry | None] | None] = {}
        o = self.options
        self.scope = Scope(o.scope, o.exclude, o.lines, o.program)
        self._secrets = Secrets(o.show_secrets)
        self._entries = count(1).__next__
        self._thread_numbers = count(1).__next__
        self._logs: list[ThreadLog] = []
        self._here = _local()
        self._drain_lock = allocate_lock()
        self._entry_lock = allocate_lock()
        self._wake = allocate_lock()
        self._ended = allocate_lock()
        self._gone: Callable[[], object] = bool
        self._connections: dict[int, tuple[str, str, str, str, bool]] = {}
        self._ending = False
        self._owner = 0
        self._forks = 0
        self._summary: Summary | None = None
        self._keep_alive: list[CodeType] = []
        self._engine: SettraceEngine | MonitoringEngine = self._choose_engine()
        self._wiretap = Wiretap(self)
        self._starts = ThreadStarts(self, getattr(self._engine, "boot", None))

    def _choose_engine(self) -> SettraceEngine | MonitoringEngine:
        wanted, has = self.options.engine, hasattr(sys, "monitoring")
        if wanted == "monitoring" and not has:
            version = ".".join(map(str, sys.version_info[:2]))
            raise RecorderError(f"Python {version} has no sys.monitoring (3.12 brought it); use the engine settrace")
        if wanted not in ("auto", "settrace", "monitoring"):
            raise RecorderError(f"there is no engine {wanted!r}: choose auto, settrace or monitoring")
        return MonitoringEngine(self) if has and wanted != "settrace" else SettraceEngine(self)

    # -- for users -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Open the trace and hook in. Raises `RecorderError`; nothing is left hooked then."""
        if self._owner:
            raise RecorderError("a recorder records once; make another one")
        try:
            self._store = Store(self.path)
        except store.StoreError as error:
            raise RecorderError(str(error)) from None
        o = self.options
        self._writer = Writer(self._store, self.scope, self._secrets, self.known, o.max_value, o.values)
        try:
            self._writer.meta(self._about())
        except Exception as error:
            self._store.discard()
            raise RecorderError(f"cannot write the trace {self.path}: {error}") from None
        self._owner = os.getpid()
        watch_forks(self)
        self._ended.acquire()
        self._wake.acquire()
        self.active = True
        try:
            if o.wire:
                self._wiretap.start()
            self._starts.start()
            self._engine.start()
        except EngineError as error:
            self._unhook()
            self._store.close()
            raise RecorderError(str(error)) from None
        self._gone = behind.start(self._write_behind)

    def stop(self) -> Summary:
        """Unhook, write what is left, close the trace. Never raises for a fault while recording: see `faults`.
        Called again, and in a process forked off meanwhile, it does nothing more."""
        if self._summary is None and self._owner == os.getpid():
            self._summary = self._stop()
        return self._summary or self._summarize()

    def _stop(self) -> Summary:
        self._unhook()
        forget(self)
        self._ending = True
        self._hurry()
        self._ended.acquire()
        self._gone()  # so that no frame of the writer's holds what the program has let go
        self.known.clear()
        forget_plans()
        return self._summarize()

    def _summarize(self) -> Summary:
        return Summary(
            self.path,
            self._engine.name,
            self._writer.calls,
            len(self._logs),
            len(self._connections),
            os.path.getsize(self.path) if os.path.exists(self.path) else 0,
            dict(self._secrets.masked),
            tuple(self.faults),
            self.scope.unmatched(),
        )

    def _unhook(self) -> None:
        self.active = False
        self._engine.stop()
        self._starts.stop()
        self._wiretap.stop()

    def _about(self) -> dict[str, str]:
        return {
            "recorder": "unmagic",
            "python": ".".join(map(str, sys.version_info[:3])),
            "implementation": sys.implementation.name,
            "platform": sys.platform,
            "engine": self._engine.name,
            "scope": " ".join(self.options.scope),
            "exclude": " ".join(self.options.exclude),
            "lines": " ".join(self.options.lines),
            "values": str(int(self.options.values)),
            "max_value": str(self.options.max_value),
            "thorough": str(int(self.options.thorough)),
            "keep": str(self.options.keep),
            "secrets": "shown" if self.options.show_secrets else "masked",
            "program": self.options.program or "",
            "started": str(time.time()),
            "clock": str(time.perf_counter_ns()),
            **self.options.about,
        }

    def _closing(self) -> dict[str, str]:
        closing = {"complete": "1", "ended": str(time.time()), "forgotten": str(self.known.cut)}
        closing["forks"] = str(self._forks)
        closing["unmatched"] = " ".join(self.scope.unmatched())
        if isinstance(self._engine, SettraceEngine) and self._engine.lost:
            closing["lost"] = LOST
        if self.faults:
            closing["faults"] = "\n".join(self.faults)
        return closing

    # -- for the hooks -------------------------------------------------------------------------------------

    def file(self, filename: str) -> dict[int, Entry | None] | None:
        """Decide about a file, once; None where nothing in it is recorded."""
        with self._entry_lock:
            if filename not in self.files:
                self.files[filename] = {} if self.scope.concerns(filename) else None
            return self.files[filename]

    def entry(self, code: CodeType, codes: dict[int, Entry | None]) -> Entry | None:
        """Decide about a code object, once. It is kept alive with its entry, so that its id stays its own."""
        with self._entry_lock:
            if id(code) not in codes:
                entry = self.scope.entry(code, self._entries())
                codes[id(code)] = entry
                if entry is None:
                    self._keep_alive.append(code)
            return codes[id(code)]

    def next_thread(self) -> int:
        """A number for a thread that is about to be."""
        number: int = self._thread_numbers()
        return number

    def thread_log(self) -> ThreadLog:
        """The list of the thread that asks, made at its first event."""
        try:
            log: ThreadLog = self._here.log
        except AttributeError:
            identity = self._starts.identify()
            if identity is None:
                return ThreadLog(0, "", 0)  # taken by nobody
            log = self._here.log = ThreadLog(*identity, get_ident())
            self._logs.append(log)
        return log

    def connection(self, number: int, family: str, local: str, peer: str, tls: bool, role: str) -> None:
        """A connection was seen, or has learned one of its ends."""
        old = self._connections.get(number)
        self._connections[number] = (family, local, peer, role or (old[3] if old else ""), tls)

    def fault(self, error: BaseException) -> None:
        """An error inside a hook. One of ours ends the recording and nothing else. One that came through code that
        is not ours is the program's (a signal's handler ran just then) and goes on to it."""
        where = error.__traceback__
        while where is not None and where.tb_frame.f_code.co_filename.startswith(OWN):
            where = where.tb_next
        if where is not None:
            raise error
        self.active = False
        self._note_fault(error)

    def _note_fault(self, error: BaseException) -> None:
        where = error.__traceback__
        while where is not None and where.tb_next is not None:
            where = where.tb_next
        place = f" ({os.path.basename(where.tb_frame.f_code.co_filename)}:{where.tb_lineno})" if where else ""
        if len(self.faults) < 10:
            self.faults.append(f"{type(error).__name__}: {error}{place}")

    def pause(self) -> None:
        """Before a fork: let go of the file, and keep the writer out."""
        self._drain_lock.acquire()
        if self._summary is None:
            self._store.pause()

    def resume(self) -> None:
        """After a fork, in the parent."""
        self._forks += 1
        if self._summary is None:
            self._store.resume()
        self._drain_lock.release()

    def forked(self) -> None:
        """After a fork, in the child: nothing is recorded here."""
        self._drain_lock.release()
        if self._summary is None:
            self._unhook()

    def drain(self) -> None:
        """Write what every thread has recorded so far. A hook that finds the writer at work goes on."""
        with self._drain_lock:
            self._writer.drain(list(self._logs), self._connections)
            self.known.sweep()
            for log in list(self._logs):
                log.let_go()

    def wait(self, events: list[Any]) -> None:
        """Hold a thread whose list has grown too long until the writer has taken it. The thread does not write by
        itself: a signal's handler that raises would leave the rows half-made."""
        self._hurry()
        while self.active and len(events) > FULL:
            sleep(0.001)

    def _hurry(self) -> None:
        with suppress(RuntimeError):  # it is awake already
            self._wake.release()

    def _write_behind(self) -> None:
        """Write every `INTERVAL` seconds, and what is left when the recording ends. Runs on a thread that `threading`
        does not know, so that the program does not see it among its own, and where no signal is handled."""
        ending = False
        try:
            leave_signals_to_others()
            seen = 0
            while not ending:
                self._wake.acquire(timeout=INTERVAL if self._writer.events > seen else RESTING)
                seen, ending = self._writer.events, self._ending
                self.drain()
        except Exception as error:
            self.active = False
            self._note_fault(error)
        try:
            while not self._ending:
                self._wake.acquire()
            self._writer.finish(self._closing())
            self._store.close()
        except Exception as error:
            self._note_fault(error)
        finally:
            self._ended.release()


def record(path: str, options: Options | None = None) -> AbstractContextManager[Recorder]:
    """Record what runs inside the block, on every thread, into the trace file at `path`. The program is, where the
    options do not say, the folder of the file that calls this."""
    options = options or Options()
    file = sys._getframe(1).f_globals.get("__file__")
    if options.program is None and isinstance(file, str):
        options = replace(options, program=os.path.dirname(os.path.abspath(file)))
    return _recorded(path, options)


@contextmanager
def _recorded(path: str, options: Options) -> Iterator[Recorder]:
    recorder = Recorder(path, options)
    recorder.start()
    try:
        yield recorder
    finally:
        recorder.stop()
