"""Which methods move bytes, and what of a finished call are the bytes: tables, one for each kind of socket.

In: the socket, the arguments, the result. Out: the bytes that moved (or None), and how many. A kind is a class of a
module that may be loaded late, or never; `LATER` says which.
"""

from __future__ import annotations

import _socket
import os
import socket
from collections.abc import Callable
from typing import Any

from .kinds import issubclass_

#: What a function of the table below makes of a finished call: the bytes that moved (or None), and how many.
Moved = Callable[[Any, tuple[Any, ...], dict[str, Any], Any], "tuple[Any, int]"]


def _returned(sock: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> tuple[Any, int]:
    return result, len(result)


def _returned_first(sock: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> tuple[Any, int]:
    return result[0], len(result[0])


def filled(sock: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> tuple[Any, int]:
    buffer = args[0] if args else kwargs["buffer"]
    with memoryview(buffer) as view, view.cast("B") as octets:
        return bytes(octets[:result]), result


def _filled_first(sock: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> tuple[Any, int]:
    return filled(sock, args, kwargs, result[0])


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
    "recv_into": filled,
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

#: The methods that bring bytes in.
READS = frozenset({*FLAGS, "read"})

#: Methods that take buffers from any iterable: it may be an iterator, and we have to look at them as well.
GATHERING = frozenset({"recvmsg_into", "sendmsg"})
INDEXED = frozenset({id(list), id(tuple)})

#: The detail of a read that leaves its bytes in the socket: they cross it later, and are noted then.
LOOK_AHEAD = "MSG_PEEK"


def detail_of(op: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    if op == "shutdown" and args:
        return {0: "SHUT_RD", 1: "SHUT_WR", 2: "SHUT_RDWR"}.get(args[0], "") if isinstance(args[0], int) else ""
    place = FLAGS.get(op, 0)
    flags = args[place] if 0 < place < len(args) else kwargs.get("flags", 0)
    return LOOK_AHEAD if place and isinstance(flags, int) and flags & socket.MSG_PEEK else ""


#: Of a connection of TLS over buffers (asyncio has that): what goes in and comes out in plain, and the handshake.
BUFFER_METHODS: dict[str, Moved] = {"read": _returned, "write": _sent, "do_handshake": _nothing}

#: Python code that has a C socket inside: `sendall` sends piece by piece, so the pieces are noted.
COOPERATIVE_METHODS = {
    name: moved for name, moved in PLAIN_METHODS.items() if name not in ("sendall", "_sendfile_use_sendfile")
}

#: module -> class -> its methods, and whether they are those of a TLS layer.
LATER: dict[str, dict[str, tuple[dict[str, Moved], bool]]] = {
    "ssl": {"SSLSocket": (TLS_METHODS, True), "SSLObject": (BUFFER_METHODS, True)},
    "gevent._socket3": {"socket": (COOPERATIVE_METHODS, False)},
    "gevent.ssl": {"SSLSocket": (TLS_METHODS, True)},
}


#: What a socket says of its family below the property of `socket.socket`, whose code would be recorded.
_family: Any = _socket.socket.__dict__["family"].__get__
FAMILIES = {int(family): family.name for family in socket.AddressFamily}
#: Taken now: a program may put another class in the place of `socket.socket`.
_ENDS: tuple[Any, Any] = (_socket.socket.getsockname, _socket.socket.getpeername)
#: The file in which the standard library's class of sockets is written.
_SOURCE = socket.SocketIO.close.__code__.co_filename


def classes() -> int:
    """How many classes of sockets there are, of whatever module."""
    return len(_socket.socket.__subclasses__())


def copies() -> list[Any]:
    """The standard library's class of sockets, made once more and not tapped yet: who patches modules loads them anew,
    under names of his own, to have them as they were."""
    made = (kind for kind in _socket.socket.__subclasses__() if kind is not socket.socket)
    return [kind for kind in made if _file(kind.__dict__.get("accept")) == _SOURCE]


def _file(function: Any) -> Any:
    return getattr(getattr(function, "__code__", None), "co_filename", None)


def is_socket(sock: Any) -> bool:
    """Whether it is Python's own socket, or is one inside."""
    return _raw(sock) is not None


def _raw(sock: Any) -> Any:
    if issubclass_(type(sock), _socket.socket):
        return sock
    inside = getattr(sock, "_sock", None)
    return inside if issubclass_(type(inside), _socket.socket) else None


def ends(sock: Any) -> tuple[str, str, str, bool]:
    """(family, this end, the other end, TLS?), as text; what a closed socket cannot say is ''. A TLS layer without a
    socket has no ends."""
    raw, tls = _raw(sock), hasattr(sock, "_sslobj")
    if raw is None:
        return "", "", "", tls
    family = FAMILIES.get(_family(raw), str(_family(raw)))
    here, there = (_address(raw, method) for method in _ENDS)
    return family, here, there, tls


def _address(raw: Any, method: Any) -> str:
    try:
        address = method(raw)
    except OSError:
        return ""
    if isinstance(address, tuple):
        return f"{address[0]}:{address[1]}"
    return address if isinstance(address, str) else ""
