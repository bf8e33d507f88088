"""Every byte that crosses a socket, with the call that moved it.

`sys.settrace` sees no C call, and neither it nor `sys.monitoring` sees a C call's data. So, while recording, the
methods of the Python class `socket.socket` (and of the classes that `sockets.LATER` names: of TLS, where the bytes
inside it pass, and of greenlets) are replaced by ones that call the original and note what moved. The program sees the
same objects, of the same types, with the same results and the same exceptions; `stop` puts every attribute back, or
takes it away where the class had only inherited it.

A file made by `makefile` reads through `recv_into` and writes through `send`, so its bytes are here too.
"""

from __future__ import annotations

import socket
import sys
from _thread import allocate_lock, get_ident
from time import monotonic, perf_counter_ns, sleep
from typing import TYPE_CHECKING, Any
from weakref import ref

from .events import WIRE, WireRecord
from .kinds import iterable
from .sockets import (
    FLAGS,
    GATHERING,
    INDEXED,
    LATER,
    LOOK_AHEAD,
    PLAIN_METHODS,
    READS,
    Moved,
    classes,
    copies,
    detail_of,
    ends,
    filled,
    is_socket,
)

if TYPE_CHECKING:
    from .recorder import Recorder

HANDSHAKE = "do_handshake"
WRITES = frozenset({"send", "sendall", "sendto", "sendmsg", "_sendfile_use_sendfile", "write"})
#: Seconds, at most, that the end of a recording waits for writes that have begun.
SETTLE = 0.05
#: What a socket becomes by these.
ROLES = {"connect": "client", "connect_ex": "client", "listen": "listener", "bind": "listener"}

_new = tuple.__new__  # a third of the time that a NamedTuple's own constructor takes


class Wiretap:
    """Replaces the methods while it is on; one for each recording."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._replaced: list[tuple[type, str, Any]] = []
        self._numbers: dict[int, tuple[Any, int]] = {}
        self._count = 0
        #: Modules that are not loaded yet, as far as that is known.
        self._later = dict(LATER)
        #: How many classes of sockets have been looked at.
        self._classes = 0
        #: The connection that each thread has read from last: TLS over buffers lies on one of these.
        self._latest: dict[int, int] = {}
        #: The writes that have begun and are not noted yet, by the order of their begin.
        self._writing: dict[int, None] = {}
        #: Held while methods are replaced or put back: a read that was blocked may end while the recording does.
        self._changing = allocate_lock()
        self._on = False

    def start(self) -> None:
        """Replace the methods; `stop` undoes it."""
        self._on = True
        self._tap(socket.socket, PLAIN_METHODS)
        self.look()

    def look(self) -> None:
        """The same for the classes of modules that have been loaded since."""
        there = classes()
        if (there == self._classes and sys.modules.keys().isdisjoint(self._later)) or not self._changing.acquire(False):
            return
        try:
            for kind in copies() if self._on else ():
                self._tap(kind, PLAIN_METHODS)
            self._classes = there
            for module in [name for name in self._later if name in sys.modules] if self._on else ():
                names = sys.modules[module].__dict__
                if all(name in names for name in self._later[module]):  # else it is being loaded
                    for name, (methods, tls) in self._later.pop(module).items():
                        self._tap(names[name], methods, tls)
        finally:
            self._changing.release()

    def _tap(self, kind: Any, methods: dict[str, Moved], tls: bool = False) -> None:
        wrap = self._wrap_tls if tls else self._wrap
        for name, moved in methods.items():
            if hasattr(kind, name):
                self._replace(kind, name, wrap(name, moved, getattr(kind, name)))
        if not tls:
            self._replace(kind, "accept", self._wrap_accept(kind.accept))
            self._replace(kind, "dup", self._wrap_dup(kind.dup))

    def settle(self) -> None:
        """Wait a moment for what other threads are writing: the peer may have it, and the program end for it, before
        the write has returned and was noted."""
        end = monotonic() + SETTLE
        while self._writing and monotonic() < end:
            sleep(0.001)

    def stop(self) -> None:
        """Put every method back as it was."""
        with self._changing:
            self._on = False
            while self._replaced:
                owner, name, own = self._replaced.pop()
                if own is None:
                    delattr(owner, name)
                else:
                    setattr(owner, name, own)
        self._numbers.clear()
        self._later, self._classes = dict(LATER), 0

    def forked(self) -> None:
        """In a process that was forked off: whoever held the lock, or writes, is not here."""
        self._changing = allocate_lock()
        self._writing.clear()

    def _replace(self, owner: type, name: str, shim: Any) -> None:
        own = owner.__dict__.get(name)
        original = getattr(owner, name)
        shim.__name__, shim.__doc__ = getattr(original, "__name__", name), original.__doc__
        shim.__qualname__ = getattr(original, "__qualname__", name)
        self._replaced.append((owner, name, own))
        setattr(owner, name, shim)

    def _wrap(self, name: str, moved: Moved, original: Any) -> Any:
        recorder, note, gathers = self._recorder, self._note, name in GATHERING
        writes, writing = name in WRITES, self._writing
        #: With so many arguments there is nothing more to tell.
        plain = 0 if name == "shutdown" else FLAGS.get(name, 99)

        def shim(self: Any, *args: Any, **kwargs: Any) -> Any:
            if not recorder.active:
                return original(self, *args, **kwargs)
            if gathers and args and id(type(args[0])) not in INDEXED and iterable(type(args[0])):
                args = (list(args[0]), *args[1:])
            began, t0 = recorder.tick(), perf_counter_ns()
            if writes:
                writing[began] = None
            try:
                result = original(self, *args, **kwargs)
            except BaseException as error:
                note(self, name, began, t0, None, 0, error, detail_of(name, args, kwargs))
                writing.pop(began, None)
                raise
            try:
                detail = "" if len(args) <= plain and not kwargs else detail_of(name, args, kwargs)
                data, size = moved(self, args, kwargs, result) if detail != LOOK_AHEAD else (None, 0)
            except Exception as error:
                recorder.fault(error)
            else:
                note(self, name, began, t0, data, size, None, detail)
            if writes:
                writing.pop(began, None)
            return result

        return shim

    def _wrap_accept(self, original: Any) -> Any:
        recorder, note, number = self._recorder, self._note, self._number

        def accept(self: Any) -> Any:
            if not recorder.active:
                return original(self)
            began, t0 = recorder.tick(), perf_counter_ns()
            try:
                result = original(self)
            except BaseException as error:
                note(self, "accept", began, t0, None, 0, error, "")
                raise
            try:
                note(self, "accept", began, t0, None, 0, None, f"connection {number(result[0], 'server')}")
            except Exception as error:
                recorder.fault(error)
            return result

        return accept

    def _wrap_dup(self, original: Any) -> Any:
        """Two objects of one connection: what one reads may be answered by the other."""
        recorder, number, numbers = self._recorder, self._number, self._numbers

        def dup(self: Any) -> Any:
            result = original(self)
            if recorder.active:
                try:
                    numbers[id(result)] = (ref(result), number(self, ""))
                except Exception as error:
                    recorder.fault(error)
            return result

        return dup

    def _wrap_tls(self, name: str, moved: Moved, original: Any) -> Any:
        recorder, note = self._recorder, self._note
        writes, writing = name in WRITES, self._writing

        def shim(self: Any, *args: Any, **kwargs: Any) -> Any:
            if not recorder.active or self._sslobj is None:
                return original(self, *args, **kwargs)
            began, t0 = recorder.tick(), perf_counter_ns()
            if writes:
                writing[began] = None
            try:
                result = original(self, *args, **kwargs)
            except BaseException as error:
                note(self, name, began, t0, None, 0, error, "inside TLS")
                writing.pop(began, None)
                raise
            try:
                into = name == "read" and ((len(args) > 1 and args[1] is not None) or kwargs.get("buffer") is not None)
                if into:
                    data, size = filled(self, (args[1] if len(args) > 1 else kwargs["buffer"],), {}, result)
                else:
                    data, size = moved(self, args, kwargs, result)
                note(self, name, began, t0, data, size, None, "inside TLS")
            except Exception as error:
                recorder.fault(error)
            if writes:
                writing.pop(began, None)
            return result

        return shim

    def _note(
        self, sock: Any, op: str, began: int, t0: int, data: Any, size: int, error: BaseException | None, detail: str
    ) -> None:
        """Write the record on this thread's list; the caller of the shim is the call that moved the bytes."""
        t1 = perf_counter_ns()
        frame = sys._getframe(2)
        if not sys.modules.keys().isdisjoint(self._later):  # a TLS socket begins with a plain one's `detach`
            self.look()
        role = ROLES.get(op, "")
        number = self._number(sock, role)
        read = op in READS
        if op == HANDSHAKE:
            if error is None:
                detail = self._inside(sock, number)
        elif read and data is not None and not detail:
            self._latest[get_ident()] = number
        recorder = self._recorder
        log, order = recorder.thread_log(), recorder.tick()
        value = recorder.hand.moved(data, order, read) if data is not None else 0
        failed = recorder.hand.take(error) if error is not None else 0
        if log.number:
            name = "sendfile" if op == "_sendfile_use_sendfile" else op
            told = (began, order, log.active, name, number, frame.f_code, frame.f_lasti, data, value, size, failed)
            recorder.wires.append(_new(WireRecord, (*told, detail, t0, t1)))
            if data is not None and len(data) > 1:
                recorder.known.rows[id(data)] = value  # the record keeps it alive
            log.extend((WIRE, order))
        if op in ROLES and op != "listen" and error is None:
            recorder.connection(number, *ends(sock), role)

    def _inside(self, layer: Any, number: int) -> str:
        """A handshake has ended: that happens when the last of it was read, so below this layer is the connection that
        its thread read from last. A socket of TLS reads by itself."""
        below = 0 if is_socket(layer) else self._latest.get(get_ident(), 0)
        told = self._recorder.ends_of(below)
        if told is None:
            return ""
        self._recorder.connection(number, *told, True, "server" if layer._sslobj.server_side else "client")
        return f"over connection {below}"

    def _number(self, sock: Any, role: str) -> int:
        """The number of the connection that this socket object is; a new one where it is new."""
        known = self._numbers.get(id(sock))
        if known is not None and known[0]() is sock:
            return known[1]
        self._count += 1
        number = self._count
        self._numbers[id(sock)] = (ref(sock), number)
        self._recorder.connection(number, *ends(sock), role)
        return number
