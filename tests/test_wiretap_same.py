"""The wiretap: a program cannot tell that somebody listened, whether its calls work or fail."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import pytest
from helpers_recording import from_source, moved, recorded
from helpers_wiretap import PAYLOAD, check, ops, outcome, take_all, talk, tcp_pair
from helpers_wiretap import nothing_is_left as nothing_is_left


def _timeout() -> tuple[Any, ...]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0.01)
        return outcome(lambda: ours.recv(1))


def _would_block(name: str, *args: Any) -> Callable[[], tuple[Any, ...]]:
    def try_it() -> tuple[Any, ...]:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            return outcome(lambda: getattr(ours, name)(*args))

    try_it.__name__ = f"would_block_{name}"
    return try_it


def _full() -> tuple[Any, ...]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        sent = 0
        while True:
            got = outcome(lambda: ours.send(b"x" * 65536))
            if got[0] == "raised":
                return got[1:]
            sent += got[1]


def _closed(name: str, *args: Any) -> Callable[[], tuple[Any, ...]]:
    def try_it() -> tuple[Any, ...]:
        s = socket.socket()
        s.close()
        return outcome(lambda: getattr(s, name)(*args))

    try_it.__name__ = f"closed_{name}"
    return try_it


def _reset() -> tuple[Any, ...]:
    ours, theirs = tcp_pair()
    with ours:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        theirs.close()
        return outcome(lambda: ours.recv(1))


def _broken_pipe() -> tuple[Any, ...]:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.close()
        return outcome(lambda: ours.sendall(b"x"))


def _refused() -> tuple[Any, ...]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        with socket.socket() as s:
            gave = outcome(lambda: s.connect(taken.getsockname()))
            with socket.socket() as again:
                return gave + outcome(lambda: again.connect_ex(taken.getsockname()))


def _wrong(name: str, *args: Any, **kwargs: Any) -> Callable[[], tuple[Any, ...]]:
    def try_it() -> tuple[Any, ...]:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            return outcome(lambda: getattr(ours, name)(*args, **kwargs))

    try_it.__name__ = f"wrong_{name}_{len(args)}_{'_'.join(kwargs)}"
    return try_it


def _keyword(call: str) -> Callable[[], tuple[Any, ...]]:
    """A keyword where there is none. CPython says `recv()` or `socket.recv()`, as it came to the method: the same call
    in two forms gets two texts, and which form gets which differs from version to version. So the prefix is nothing."""

    def try_it() -> tuple[Any, ...]:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            gave, kind, args, *rest = outcome(lambda: eval(call, {"s": ours}))
            return gave, kind, args[0].removeprefix("socket."), *rest[:1], *rest[2:]

    try_it.__name__ = f"keyword_{call[2:6]}"
    return try_it


class Exploding:
    """No buffer, no number, no address."""

    def __index__(self) -> int:
        raise ZeroDivisionError("index")

    def __repr__(self) -> str:
        raise ZeroDivisionError("repr")


FAILURES = [
    _timeout, _would_block("recv", 10), _would_block("recv_into", bytearray(4)), _would_block("recvfrom", 10),
    _would_block("recvmsg", 10), _full, _reset, _broken_pipe, _refused,
    _closed("recv", 1), _closed("send", b"x"), _closed("sendall", b"x"), _closed("accept"), _closed("sendmsg", [b"x"]),
    _closed("shutdown", socket.SHUT_RD), _closed("close"), _closed("detach"), _closed("listen"),
    _wrong("recv"), _wrong("recv", "ten"), _wrong("recv", -1), _wrong("recv", Exploding()),
    _keyword("s.recv(bufsize=1)"), _keyword("s.send(data=b'x')"),
    _wrong("send"), _wrong("send", "text"), _wrong("sendall", None), _wrong("sendall", 3),
    _wrong("recv_into"), _wrong("recv_into", b"read-only"), _wrong("recv_into", bytearray(2), 5),
    _wrong("recv_into", bytearray(2), -1), _wrong("sendmsg"), _wrong("sendmsg", 5), _wrong("sendmsg", ["text"]),
    _wrong("sendto"), _wrong("sendto", b"x", Exploding()), _wrong("recvmsg_into", 5), _wrong("recvmsg_into", [b"ro"]),
    _wrong("connect"), _wrong("connect", "nowhere"), _wrong("shutdown", 99), _wrong("sendfile", "no file"),
    _wrong("accept"), _wrong("bind", Exploding()),
]  # fmt: skip


@pytest.mark.parametrize("failure", FAILURES, ids=lambda f: f.__name__.lstrip("_"))
def test_failures_are_the_same(tmp_path, failure):
    plain = failure()
    done = recorded(tmp_path / "t.trace", failure)
    assert done.error is None
    assert repr_safe(done.result) == repr_safe(plain)


def repr_safe(result: tuple[Any, ...]) -> list[Any]:
    """Without objects that differ from run to run (ports in messages do not occur here)."""
    return [r if isinstance(r, (str, int, bytes, type, tuple, type(None))) else type(r) for r in result]


def test_the_very_same_exception_and_a_traceback_that_ends_in_the_program(tmp_path):
    class Special(socket.socket):
        def recv(self, *args: Any) -> bytes:  # type: ignore[override]
            raise raised

    raised = LookupError("mine")
    ours, theirs = socket.socketpair()
    special = Special(fileno=ours.detach())
    with special, theirs:
        done = recorded(tmp_path / "t.trace", special.recv, 1)
    assert done.error is raised


def test_failures_are_in_the_trace(tmp_path):
    done = recorded(tmp_path / "t.trace", _timeout)
    with done.trace() as trace:
        (wire,) = [w for w in trace.wires if w.op == "recv"]
        assert wire.error and trace.value(wire.error).type.rpartition(".")[2] in ("timeout", "TimeoutError")
        assert wire.size == 0 and wire.direction == ""


ANSWER = """
import socket
import threading


def answer(end):
    end.sendall(b"the last word")


def ask(left, right):
    threading.Thread(target=answer, args=(right,)).start()
    return left.recv(100)
"""


def test_a_write_that_the_peer_has_and_that_has_not_returned_is_waited_for(tmp_path, monkeypatch):
    """A client has its answer, and the program ends for that, while the server's thread is still in `sendall`."""
    module, original = from_source(ANSWER, tmp_path), socket.socket.sendall

    def late(sock: socket.socket, data: bytes) -> None:
        original(sock, data)
        time.sleep(0.01)  # what a busy machine does

    monkeypatch.setattr(socket.socket, "sendall", late, raising=False)
    left, right = socket.socketpair()
    with left, right:
        done = recorded(tmp_path / "t.trace", module.ask, left, right, program=str(tmp_path))
        assert done.result == b"the last word"
    with done.trace() as trace:
        assert [wire.size for wire in trace.wires if wire.op == "sendall"] == [13]


def test_types_and_names_are_the_same(tmp_path):
    def looks() -> dict[str, Any]:
        ours, theirs = socket.socketpair()
        with ours, theirs, socket.create_server(("127.0.0.1", 0)) as server:
            with socket.create_connection(server.getsockname(), 10):
                accepted, _ = server.accept()
            with accepted:
                return {
                    "type": type(ours) is socket.socket and type(accepted) is socket.socket,
                    "mro": socket.socket.__mro__,
                    "isinstance": isinstance(ours, socket.socket),
                    "names": sorted(dir(ours)),
                    "dict": hasattr(ours, "__dict__"),
                    "recv": (socket.socket.recv.__name__, socket.socket.recv.__qualname__.rpartition(".")[2]),
                    "doc": socket.socket.recv.__doc__,
                    "callable": callable(ours.recv),
                    "bound to": ours.recv.__self__ is ours,
                    "slots": socket.socket.__slots__,
                    "module": (socket.socket.__module__, socket.socket.__qualname__),
                    "blocking": (accepted.gettimeout(), accepted.family, accepted.type, accepted.proto),
                }

    plain = looks()
    assert recorded(tmp_path / "t.trace", looks).result == plain


def test_a_subclass_that_overrides(tmp_path):
    class Counting(socket.socket):
        """Counts, and passes on."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.sends = 0

        def send(self, data: Any, *flags: Any) -> int:  # type: ignore[override]
            self.sends += 1
            return super().send(data, *flags)

        def recv(self, size: int, *flags: Any) -> bytes:  # type: ignore[override]
            buffer = bytearray(size)
            return bytes(buffer[: self.recv_into(buffer)])

    def program(s: socket.socket) -> tuple[bytes, int]:
        counting = Counting(fileno=s.detach())
        counting.settimeout(10)
        with counting:
            counting.send(b"hello")
            return take_all(lambda: counting.recv(100), 5), counting.sends

    done, outside = talk(tmp_path / "t.trace", program, b"olleh")
    assert done.result == (b"olleh", 1)
    assert ops(check(done, outside)) == ["send", "recv_into"], "once each"


def test_methods_taken_before_the_recording(tmp_path):
    ours, theirs = socket.socketpair()
    send, receive = ours.sendall, socket.socket.recv
    with ours, theirs:
        done = recorded(tmp_path / "t.trace", lambda: (send(b"x"), receive(theirs, 5)))
        assert done.result == (None, b"x")


def test_methods_taken_during_the_recording_still_work_after_it(tmp_path):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        done = recorded(tmp_path / "t.trace", lambda: (ours.sendall, theirs.recv, ours.makefile("rb")))
        send, receive, file = done.result
        send(b"later")
        assert receive(10) == b"later"
        theirs.sendall(b"line\n")
        assert file.readline() == b"line\n"
        file.close()


def test_without_the_wiretap_nothing_is_patched(tmp_path):
    def program() -> Any:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.sendall(b"x")
            return dict(vars(socket.socket))

    before = dict(vars(socket.socket))
    done = recorded(tmp_path / "t.trace", program, wire=False)
    assert done.result == before
    with done.trace() as trace:
        assert trace.wires == ()


def test_asyncio_streams(tmp_path):
    async def serve(got: list[bytes]) -> bytes:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            data = await reader.readline()
            got.append(data)
            writer.write(data[::-1])
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(PAYLOAD.replace(b"\n", b"") + b"\n")
            await writer.drain()
            answered = await reader.read()
            writer.close()
            await writer.wait_closed()
            return answered

    got: list[bytes] = []
    done = recorded(tmp_path / "t.trace", lambda: asyncio.run(serve(got)))
    assert done.result == got[0][::-1]
    with done.trace() as trace:
        ends = {c.role: n for n, c in trace.connections.items() if moved(trace, n, "in") or moved(trace, n, "out")}
        streams = [(moved(trace, n, "out"), moved(trace, n, "in")) for n in trace.connections]
        assert (got[0], done.result) in streams, ends
        assert (done.result, got[0]) in streams, ends
