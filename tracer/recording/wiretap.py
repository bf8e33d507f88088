"""Every byte that crosses a socket, with the call that moved it.

`sys.settrace` sees no C call, and neither it nor `sys.monitoring` sees a C call's data. So, while recording, the
methods of the Python class `socket.socket` (and of `ssl.SSLSocket`, where the bytes inside TLS pass) are
replaced by ones that call the original and note what moved. The program sees the same objects, of the same
types, with the same results and the same exceptions; `restore` puts every attribute back, or takes it away
where the class had only inherited it.

A file made by `makefile` reads through `recv_into` and writes through `send`, so its bytes are here too.
"""

from __future__ import annotations

import os
import socket
import sys
from _thread import allocate_lock
from collections.abc import Callable
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any
from weakref import ref

from .events import WIRE, WireRecord
from .kinds import iterable

if TYPE_CHECKING:
    from .recorder import Recorder

#: What a function of the table below makes of a finished call: the bytes that moved (or None), and how many.
Moved = Callable[[Any, tuple[Any, ...], dict[str, Any], Any], "tuple[Any, int]"]


def _returned(sock: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> tuple[Any, int]:
    return result, len(result)


def _returned_first(sock: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> tuple[Any, int]:
    return result[0], len(result[0])


def _filled(sock: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> tuple[Any, int]:
    buffer = args[0] if args else kwargs["buffer"]
    with memoryview(buffer) as view, view.cast("B") as octets:
        return bytes(octets[:result]), result


def _filled_first(sock: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> tuple[Any, int]:
    return _filled(sock, args, kwargs, result[0])


def _filled_many(sock: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> tuple[Any, int]:
    whole = b"".join(bytes(memoryview(b).cast("B")) for b in args[0])
    return whole[: result[0]], result[0]


def _sent(sock: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> tuple[Any, int]:
    data = args[0] if args else kwargs["data"]
    if type(data) is bytes and len(data) == result:
        return data, result
    with memoryview(data) as view, view.cast("B") as octets:
        return bytes(octets[:result]), result


def _sent_all(sock: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> tuple[Any, int]:
    data = args[0] if args else kwargs["data"]
    if type(data) is not bytes:
        with memoryview(data) as view, view.cast("B") as octets:
            data = bytes(octets)
    return data, len(data)


def _sent_many(sock: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> tuple[Any, int]:
    return b"".join(bytes(memoryview(b).cast("B")) for b in args[0])[:result], result


def _from_file(sock: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> tuple[Any, int]:
    file = args[0] if args else kwargs["file"]
    offset = args[1] if len(args) > 1 else kwargs.get("offset", 0)
    return os.pread(file.fileno(), result, offset), result


def _nothing(sock: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> tuple[Any, int]:
    return None, 0


#: method -> what moved when it has returned. `sendfile` is taken below its two ways: the one through
#: `os.sendfile` here, the other calls `send`.
PLAIN_METHODS: dict[str, Moved] = {
    "recv": _returned,
    "recv_into": _filled,
    "recvfrom": _returned_first,
    "recvfrom_into": _filled_first,
    "recvmsg": _returned_first,
    "recvmsg_into": _filled_many,
    "send": _sent,
    "sendall": _sent_all,
    "sendto": _sent,
    "sendmsg": _sent_many,
    "_sendfile_use_sendfile": _from_file,
    "connect": _nothing,
    "connect_ex": _nothing,
    "bind": _nothing,
    "listen": _nothing,
    "shutdown": _nothing,
    "close": _nothing,
    "detach": _nothing,
}

#: `read` and `write` are what every other method of a TLS socket goes through, but for `send`. Without a TLS
#: layer yet (or any more), SSLSocket itself falls back to the plain methods, which note the bytes.
TLS_METHODS: dict[str, Moved] = {"read": _returned, "write": _sent, "send": _sent}

#: Which argument is `flags` in the methods that can look ahead.
FLAGS = {"recv": 1, "recv_into": 2, "recvfrom": 1, "recvfrom_into": 2, "recvmsg": 2, "recvmsg_into": 2}

#: Methods that take buffers from any iterable: it may be an iterator, and we have to look at them as well.
GATHERING = frozenset({"recvmsg_into", "sendmsg"})
INDEXED = frozenset({id(list), id(tuple)})


class Wiretap:
    """Replaces the methods while it is on; one for each recording."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._replaced: list[tuple[type, str, Any]] = []
        self._numbers: dict[int, tuple[Any, int]] = {}
        self._count = 0
        self._tls = False
        #: Held while methods are replaced or put back: a read that was blocked may end while the recording does.
        self._changing = allocate_lock()
        self._on = False

    def start(self) -> None:
        """Replace the methods; `stop` undoes it."""
        self._on = True
        for name, moved in PLAIN_METHODS.items():
            if hasattr(socket.socket, name):
                self._replace(socket.socket, name, self._wrap(name, moved, getattr(socket.socket, name)))
        self._replace(socket.socket, "accept", self._wrap_accept(socket.socket.accept))
        if "ssl" in sys.modules:
            self.tap_tls(sys.modules["ssl"])

    def tap_tls(self, ssl: Any) -> None:
        """The same for `ssl.SSLSocket`, once that module is loaded."""
        tls_socket = getattr(ssl, "SSLSocket", None)
        if tls_socket is None or self._tls or not self._changing.acquire(False):
            return
        try:
            if self._on and not self._tls:
                self._tls = True
                self._tap(tls_socket)
        finally:
            self._changing.release()

    def _tap(self, tls_socket: type) -> None:
        for name, moved in TLS_METHODS.items():
            self._replace(tls_socket, name, self._wrap_tls(name, moved, getattr(tls_socket, name)))

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
        self._tls = False

    def _replace(self, owner: type, name: str, shim: Any) -> None:
        own = owner.__dict__.get(name)
        original = getattr(owner, name)
        shim.__name__, shim.__doc__ = getattr(original, "__name__", name), original.__doc__
        shim.__qualname__ = getattr(original, "__qualname__", name)
        self._replaced.append((owner, name, own))
        setattr(owner, name, shim)

    def _wrap(self, name: str, moved: Moved, original: Any) -> Any:
        recorder, note, gathers = self._recorder, self._note, name in GATHERING

        def shim(self: Any, *args: Any, **kwargs: Any) -> Any:
            if not recorder.active:
                return original(self, *args, **kwargs)
            if gathers and args and id(type(args[0])) not in INDEXED and iterable(type(args[0])):
                args = (list(args[0]), *args[1:])
            began, t0 = recorder.tick(), perf_counter_ns()
            try:
                result = original(self, *args, **kwargs)
            except BaseException as error:
                note(self, name, began, t0, None, 0, error, _detail(name, args, kwargs))
                raise
            try:
                detail = _detail(name, args, kwargs)
                data, size = moved(self, args, kwargs, result) if detail != LOOK_AHEAD else (None, 0)
            except Exception as error:
                recorder.fault(error)
            else:
                note(self, name, began, t0, data, size, None, detail)
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

    def _wrap_tls(self, name: str, moved: Moved, original: Any) -> Any:
        recorder, note = self._recorder, self._note

        def shim(self: Any, *args: Any, **kwargs: Any) -> Any:
            if not recorder.active or self._sslobj is None:
                return original(self, *args, **kwargs)
            began, t0 = recorder.tick(), perf_counter_ns()
            try:
                result = original(self, *args, **kwargs)
            except BaseException as error:
                note(self, name, began, t0, None, 0, error, "inside TLS")
                raise
            try:
                into = name == "read" and ((len(args) > 1 and args[1] is not None) or kwargs.get("buffer") is not None)
                if into:
                    data, size = _filled(self, (args[1] if len(args) > 1 else kwargs["buffer"],), {}, result)
                else:
                    data, size = moved(self, args, kwargs, result)
                note(self, name, began, t0, data, size, None, "inside TLS")
            except Exception as error:
                recorder.fault(error)
            return result

        return shim

    def _note(
        self, sock: Any, op: str, began: int, t0: int, data: Any, size: int, error: BaseException | None, detail: str
    ) -> None:
        """Write the record on this thread's list; the caller of the shim is the call that moved the bytes."""
        t1 = perf_counter_ns()
        frame = sys._getframe(2)
        if not self._tls and "ssl" in sys.modules:  # loaded since; a TLS socket begins with a plain one's `detach`
            self.tap_tls(sys.modules["ssl"])
        role = {"connect": "client", "connect_ex": "client", "listen": "listener", "bind": "listener"}.get(op, "")
        name = "sendfile" if op == "_sendfile_use_sendfile" else op
        number = self._number(sock, role)
        record = WireRecord(began, name, number, frame.f_code, frame.f_lasti, data, size, error, detail, t0, t1)
        recorder = self._recorder
        recorder.thread_log().extend((WIRE, recorder.tick(), record))
        if op in ("bind", "connect", "connect_ex") and error is None:
            recorder.connection(number, *_ends(sock), role)

    def _number(self, sock: Any, role: str) -> int:
        """The number of the connection that this socket object is; a new one where it is new."""
        known = self._numbers.get(id(sock))
        if known is not None and known[0]() is sock:
            return known[1]
        self._count += 1
        number = self._count
        self._numbers[id(sock)] = (ref(sock), number)
        self._recorder.connection(number, *_ends(sock), role)
        return number


#: The detail of a read that leaves its bytes in the socket: they cross it later, and are noted then.
LOOK_AHEAD = "MSG_PEEK"


def _detail(op: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    if op == "shutdown" and args:
        return {0: "SHUT_RD", 1: "SHUT_WR", 2: "SHUT_RDWR"}.get(args[0], "") if isinstance(args[0], int) else ""
    place = FLAGS.get(op, 0)
    flags = args[place] if 0 < place < len(args) else kwargs.get("flags", 0)
    return LOOK_AHEAD if place and isinstance(flags, int) and flags & socket.MSG_PEEK else ""


#: What a socket says of its family below the property of `socket.socket`, whose code would be recorded.
_family: Any = socket.SocketType.__dict__["family"].__get__
FAMILIES = {int(family): family.name for family in socket.AddressFamily}


def _ends(sock: Any) -> tuple[str, str, str, bool]:
    """(family, this end, the other end, TLS?), as text; what a closed socket cannot say is ''."""
    family = FAMILIES.get(_family(sock), str(_family(sock)))
    return family, _address(sock, "getsockname"), _address(sock, "getpeername"), hasattr(sock, "_sslobj")


def _address(sock: Any, method: str) -> str:
    try:
        address = getattr(socket.socket, method)(sock)
    except OSError:
        return ""
    if isinstance(address, tuple):
        return f"{address[0]}:{address[1]}"
    return address if isinstance(address, str) else ""
