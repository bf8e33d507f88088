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
import threading
from _thread import _local, allocate_lock, get_ident
from collections.abc import Callable
from contextlib import closing as closed
from contextlib import suppress
from itertools import count
from time import sleep
from typing import Any

from . import behind, store
from .about import about, closing
from .codes import Codes
from .decisions import Decisions
from .events import ThreadLog, WireRecord
from .forks import forget, soon, watch_forks
from .greenlets import Greenlets
from .kinds import forget_plans
from .known import Known
from .monitoring import EngineError, MonitoringEngine
from .options import FULL_TRACE, Options, RecorderError, Summary
from .scope import OWN, Scope
from .secrets import Secrets
from .settrace import FULL, SettraceEngine
from .sharing import share
from .snapshots import Hand
from .store import Store
from .threads import ThreadStarts
from .wiretap import Wiretap
from .writer import Writer

#: Seconds between two commits while the program runs, and while nothing happens. What is written soon is still in the
#: processor's cache.
INTERVAL = 0.05
RESTING = 0.2


class Recorder:
    """Records from `start` to `stop`; can be used once."""

    def __init__(self, path: str, options: Options | None = None, store: type[Store] = Store) -> None:
        """`store` makes the file."""
        self.options = options or Options()
        self._make_store = store
        self.path = os.path.abspath(path)
        self.active = False
        self.faults: list[str] = []
        self.tick: Any = count(1).__next__
        self.known = Known(self.options.keep, self.options.thorough)
        self.codes = Codes()
        #: Socket calls that ended, in the order in which they were noted.
        self.wires: list[WireRecord] = []
        self.held: dict[int, dict[int, int]] = {}  # the settrace engine's: what suspended generators have raised
        o = self.options
        self.scope, self._secrets = Scope(o.scope, o.exclude, o.lines, o.program, o.cells), Secrets(o.show_secrets)
        self.hand = Hand(self.known, self._secrets)
        self.decisions = Decisions(self.scope, self.codes, self._secrets, self.look)
        self._thread_numbers = count(1).__next__
        self._logs: list[ThreadLog] = []
        self._here = _local()
        self._drain_lock = allocate_lock()
        self._fork_lock = allocate_lock()
        self._wake = allocate_lock()
        self._ended = allocate_lock()
        self._gone: Callable[[], object] = bool
        self._unshare: Callable[[], object] = bool
        self._connections: dict[int, tuple[str, str, str, str, bool]] = {}
        self._ending = False
        self._forking = False
        self._broken = False
        self._stopped = ""
        self.told = 0  # so many of the faults are in the trace; of the rest it could not be told there
        self._hooked = False
        self.interval = INTERVAL
        self._owner = 0
        self._forks = 0
        self._summary: Summary | None = None
        self._engine: SettraceEngine | MonitoringEngine = self._choose_engine()
        self._wiretap, self.greenlets = Wiretap(self), Greenlets(self)
        self._starts = ThreadStarts(self, getattr(self._engine, "boot", None))

    @property
    def engine(self) -> str:
        """Which engine it has."""
        return self._engine.name

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
            self._store = self._make_store(self.path)
        except store.StoreError as error:
            raise RecorderError(str(error)) from None
        o = self.options
        self._writer = Writer(self._store, self.scope, self._secrets, self.hand, self.codes, o.max_value)
        try:
            self._writer.meta(about(self.options, self._engine.name))
        except Exception as error:
            self._store.discard()
            raise RecorderError(f"cannot write the trace {self.path}: {error}") from None
        self._owner = os.getpid()
        watch_forks(self)
        self._ended.acquire()
        self._wake.acquire()
        self.active = self._hooked = True
        theirs = sys.gettrace(), threading.gettrace()
        try:
            if o.wire:
                self._wiretap.start()
            self._starts.start()
            self._engine.start()
            if isinstance(self._engine, SettraceEngine) and theirs != (None, None):
                self._unshare = share(self._engine.boot, *theirs)
        except EngineError as error:
            self._unhook()
            forget(self)
            self._store.close()
            raise RecorderError(str(error)) from None
        self._gone = behind.start(self._write_behind)

    def stop(self) -> Summary:
        """Unhook, write what is left, close the trace. Never raises for a fault while recording: see `faults`.
        Called again, and in a process forked off meanwhile, it does nothing more."""
        if self._summary is None and self._owner == os.getpid():
            self._summary = self._stop()
        return self._summary or self._summarize()

    def masked(self, text: str) -> str:
        """A text without its secrets, those that were seen in the recording too."""
        return self._secrets.text(text)

    def _stop(self) -> Summary:
        self._go_on()
        self._wiretap.settle()
        self._unhook()
        self.scope.note_compiled(list(sys.modules.values()))
        forget(self)
        self._ending = True
        self.hurry()
        self._ended.acquire()
        self._gone()  # so that no frame of the writer's holds what the program has let go
        self.known.clear()
        forget_plans()
        return self._summarize()

    def _summarize(self) -> Summary:
        return Summary(
            self.path,
            self._engine.name,
            self._writer.events,
            len(self._logs),
            len(self._connections),
            os.path.getsize(self.path) if os.path.exists(self.path) else 0,
            dict(self._secrets.masked),
            tuple(self.faults),
            self.scope.unmatched(),
        )

    def _unhook(self) -> None:
        self.active = False
        if self._hooked:
            self._hooked = False
            self._unshare()
            self._engine.stop()
            self._starts.stop()
            self._wiretap.stop()
            self.greenlets.stop()

    def leave(self, patience: float) -> None:
        """The process ends at once (`os._exit`): write what is left and close the trace, but wait for that no longer
        than `patience` seconds. The hooks stay: a signal's handler may have interrupted whoever holds their locks."""
        if self._summary is None and self._owner == os.getpid() and not self._ending:
            self.active = False
            self._ending = True
            self._go_on()
            self.hurry()
            self._ended.acquire(timeout=patience)

    def _closing(self) -> dict[str, str]:
        lost = isinstance(self._engine, SettraceEngine) and self._engine.lost
        return closing(self.known.cut, self._forks, self._stopped, self.scope.unmatched(), lost, self.faults)

    # -- for the hooks -------------------------------------------------------------------------------------

    def look(self) -> None:
        """Whether a module has been loaded that has sockets, or greenlets, of its own: asked where new code begins."""
        if self.options.wire:
            self._wiretap.look()
        self.greenlets.look()

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
            self.greenlets.look()
        return log

    def ends_of(self, number: int) -> tuple[str, str, str] | None:
        """Family and ends of a connection that is known."""
        return self._connections[number][:3] if number in self._connections else None

    def has_log(self) -> bool:
        """Whether the thread that asks has a list already: before its first event `threading` may not know it yet."""
        return hasattr(self._here, "log")

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
        sentence = isinstance(error, store.StoreError)
        if len(self.faults) < 10:
            self.faults.append(str(error) if sentence else f"{type(error).__name__}: {error}{place}")

    @property
    def begun(self) -> bool:
        """Whether the trace has a file by now."""
        return self._store.begun

    @property
    def unwritten(self) -> bool:
        """Whether there is, or may be, something that is not in the trace yet: what the writer takes, it writes before
        it lets go of the lock."""
        return any(log.events for log in self._logs) or self._drain_lock.locked()

    def pause(self) -> None:
        """Before a fork: let go of the file. The writer's thread ends meanwhile: where it is the only one besides the
        program's, Python (3.12 and newer) would warn the program of its threads."""
        self._fork_lock.acquire()
        if self._summary is None:
            self._forking = True
            self.hurry()
            self._gone()
        self._drain_lock.acquire()
        if self._summary is None:
            self._store.pause()

    def resume(self) -> None:
        """After a fork, in the parent."""
        self._forks += 1
        if self._summary is None:
            try:
                self._store.resume()
            except Exception as error:
                self.active, self._broken = False, True
                self._note_fault(error)
        self._drain_lock.release()
        self._fork_lock.release()
        if self._summary is None:
            soon(self._go_on)

    def _go_on(self) -> None:
        if self._forking:
            self._forking = False
            try:
                self._gone = behind.start(self._write_behind)
            except RuntimeError as error:  # no thread can be had: the process has as many as it may
                self.active = False
                self._note_fault(error)
                self._ended.release()

    def forked(self) -> None:
        """After a fork, in the child: nothing is recorded by this one here."""
        self._logs.clear()
        self._fork_lock.release()
        self._drain_lock.release()
        if self._summary is None:
            self._wiretap.forked()
            self._unhook()

    def drain(self) -> None:
        """Write what every thread has recorded so far. A hook that finds the writer at work goes on."""
        with self._drain_lock:
            self._writer.drain(self._logs, self.wires, self.greenlets.new, self._connections)
            self.known.sweep()
            for log in list(self._logs):
                log.let_go()

    def wait(self, events: list[Any]) -> None:
        """Hold a thread whose list has grown too long until the writer has taken it. The thread does not write by
        itself: a signal's handler that raises would leave the rows half-made."""
        self.hurry()
        while self.active and len(events) > FULL:
            sleep(0.001)

    def hurry(self) -> None:
        """Have the writer write at once."""
        with suppress(RuntimeError):  # it is awake already
            self._wake.release()

    def _write_behind(self) -> None:
        """Write every `INTERVAL` seconds, and what is left when the recording ends. Runs on a thread that `threading`
        does not know, so that the program does not see it among its own, and that gets no signal. It leaves
        while the process forks, and another one goes on."""
        try:
            self._write_until_the_end()
        except Exception as error:
            self.active, self._broken = False, True
            self._note_fault(error)
        while not self._ending and not self._forking:
            self._wake.acquire()
        if self._forking:
            return
        try:
            faults = len(self.faults)
            with closed(self._store):
                self._writer.finish(self._closing())
            self.told = faults
        except Exception as error:
            self._note_fault(error)
        finally:
            self._ended.release()

    def _write_until_the_end(self) -> None:
        seen, ending = -1, self._broken  # what comes first is written soon: a process may be short
        while not ending:
            self._wake.acquire(timeout=self.interval if self._writer.events > seen else RESTING)
            if self._forking:
                return
            seen, ending = self._writer.events, self._ending
            self.drain()
            limit = self.options.max_trace_size
            if limit and self.active and self._store.size() > limit:
                self._stopped = FULL_TRACE.format(limit)
                self._unhook()
