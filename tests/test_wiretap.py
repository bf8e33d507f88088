"""The wiretap: every byte that crossed a socket, and a program that cannot tell that somebody listened.

The judge is always the other end: a raw peer outside the recording, which keeps what it sent and got.
"""

from __future__ import annotations

import array
import asyncio
import hashlib
import os
import select
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers_recording import (
    ENGINES,
    PROGRAMS,
    Done,
    consistent,
    from_source,
    moved,
    named,
    one,
    outline,
    recorded,
    run,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracer.reading.trace import Trace

PAYLOAD = bytes(range(256)) * 40  # 10,240 bytes, every value of a byte
LARGE = hashlib.sha256(b"seed").digest() * 20_000  # 640,000 bytes: more than a socket's buffer


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Outside(threading.Thread):
    """The other end, in a thread of its own that calls nothing which is tapped (a file descriptor, not a socket)."""

    def __init__(self, end: socket.socket, sends: bytes = b"") -> None:
        super().__init__(daemon=True)
        self.descriptor = end.detach()
        os.set_blocking(self.descriptor, False)
        self.left = self.sent = sends
        self.got = b""
        self.ended = ""

    def run(self) -> None:
        try:
            while True:
                readable, writable, _ = select.select([self.descriptor], [self.descriptor] if self.left else [], [], 10)
                if writable:
                    self.left = self.left[os.write(self.descriptor, self.left[:50_000]) :]
                if readable:
                    data = os.read(self.descriptor, 1 << 16)
                    self.got += data
                    if not data:
                        return
                if not readable and not writable:
                    self.ended = "nothing came for 10 seconds"
                    return
        except ConnectionError as error:
            self.ended = type(error).__name__
        finally:
            os.close(self.descriptor)


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected TCP sockets."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        one_end = socket.create_connection(server.getsockname(), 10)
        other_end, _ = server.accept()
    for end in (one_end, other_end):
        end.settimeout(10)
    return one_end, other_end


def pair(kind: str) -> tuple[socket.socket, socket.socket]:
    return tcp_pair() if kind == "tcp" else socket.socketpair()


def talk(
    path: Path, program: Callable[[socket.socket], Any], sends: bytes = b"", kind: str = "unix"
) -> tuple[Done, Outside]:
    """Record `program(ours)`, whose other end sends `sends`; then close and let the other end read all."""
    ours, theirs = pair(kind)
    ours.settimeout(10)
    outside = Outside(theirs, sends)
    outside.start()
    try:
        done = recorded(path, program, ours, wire=True)
    finally:
        ours.close()
        outside.join(10)
    assert outside.ended in ("", "ConnectionResetError", "BrokenPipeError")
    if done.error is not None:
        raise done.error
    return done, outside


def the_connection(trace: Trace) -> int:
    """The number of the only connection on which bytes moved."""
    (number,) = {w.connection for w in trace.wires if w.size}
    return number


def check(done: Done, outside: Outside, read: bytes | None = None) -> Trace:
    """What was recorded is what the other end sent and got."""
    trace = done.trace()
    consistent(trace)
    number = the_connection(trace)
    assert sha(moved(trace, number, "out")) == sha(outside.got)
    expected = outside.sent if read is None else read
    assert sha(moved(trace, number, "in")) == sha(expected)
    return trace


def ops(trace: Trace) -> list[str]:
    return [w.op for w in trace.wires if w.size]


# -- reading -----------------------------------------------------------------------------------------------------


def take_all(read: Callable[[], bytes], size: int = len(PAYLOAD)) -> bytes:
    got = b""
    while len(got) < size:
        data = read()
        assert data
        got += data
    return got


def _recv(s: socket.socket) -> bytes:
    return take_all(lambda: s.recv(999))


def _recvfrom(s: socket.socket) -> bytes:
    return take_all(lambda: s.recvfrom(999)[0])


def _recv_into(s: socket.socket) -> bytes:
    buffer = bytearray(1000)

    def read() -> bytes:
        return bytes(buffer[: s.recv_into(buffer)])

    return take_all(read)


def _recv_into_part(s: socket.socket) -> bytes:
    buffer = bytearray(b"-" * 1000)

    def read() -> bytes:
        size = s.recv_into(memoryview(buffer)[10:], 700)
        assert buffer[:10] == b"-" * 10
        return bytes(buffer[10 : 10 + size])

    return take_all(read)


def _recv_into_words(s: socket.socket) -> bytes:
    buffer = array.array("I", [0] * 64)

    def read() -> bytes:
        size = s.recv_into(buffer)
        return buffer.tobytes()[:size]

    return take_all(read)


def _recvfrom_into(s: socket.socket) -> bytes:
    buffer = bytearray(512)

    def read() -> bytes:
        return bytes(buffer[: s.recvfrom_into(buffer)[0]])

    return take_all(read)


def _recvmsg(s: socket.socket) -> bytes:
    return take_all(lambda: s.recvmsg(777)[0])


def _recvmsg_into(s: socket.socket) -> bytes:
    first, second = bytearray(100), bytearray(300)

    def read() -> bytes:
        size = s.recvmsg_into([first, second])[0]
        return bytes(first + second)[:size]

    return take_all(read)


def _recvmsg_into_once(s: socket.socket) -> bytes:
    """The buffers may come from an iterator, which can be asked once."""
    first, second = bytearray(100), bytearray(300)

    def read() -> bytes:
        size = s.recvmsg_into(iter([first, second]))[0]
        return bytes(first + second)[:size]

    return take_all(read)


def _makefile(s: socket.socket) -> bytes:
    with s.makefile("rb") as file:
        return file.read(len(PAYLOAD))


def _makefile_unbuffered(s: socket.socket) -> bytes:
    with s.makefile("rb", buffering=0) as file:
        return take_all(lambda: file.read(321))


READERS = [
    _recv, _recvfrom, _recv_into, _recv_into_part, _recv_into_words, _recvfrom_into, _recvmsg, _recvmsg_into,
    _recvmsg_into_once, _makefile, _makefile_unbuffered,
]  # fmt: skip


@pytest.mark.parametrize("kind", ["unix", "tcp"])
@pytest.mark.parametrize("reader", READERS, ids=lambda f: f.__name__[1:])
def test_every_way_to_read(tmp_path, reader, kind):
    done, outside = talk(tmp_path / "t.trace", reader, PAYLOAD, kind)
    assert done.result == PAYLOAD
    check(done, outside)


def test_a_look_ahead_does_not_count_twice(tmp_path):
    """MSG_PEEK leaves the bytes in the socket: they cross it once."""

    def program(s: socket.socket) -> bytes:
        assert s.recv(10, socket.MSG_PEEK) == PAYLOAD[:10]
        return _recv(s)

    done, outside = talk(tmp_path / "t.trace", program, PAYLOAD)
    check(done, outside)


def test_the_end_of_the_stream_is_an_event(tmp_path):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.shutdown(socket.SHUT_WR)
        done = recorded(tmp_path / "t.trace", lambda: ours.recv(10))
    assert done.result == b""
    with done.trace() as trace:
        (wire,) = trace.wires
        assert (wire.op, wire.size, wire.direction) == ("recv", 0, "")


# -- writing -----------------------------------------------------------------------------------------------------


def _send(s: socket.socket) -> None:
    data = PAYLOAD
    while data:
        data = data[s.send(data) :]


def _sendall(s: socket.socket) -> None:
    assert s.sendall(PAYLOAD) is None


def _sendall_large(s: socket.socket) -> None:
    s.sendall(LARGE)


def _sendall_changed_after(s: socket.socket) -> None:
    """What was sent is what the buffer held then."""
    buffer = bytearray(PAYLOAD)
    s.sendall(buffer)
    buffer[:] = b"?" * len(buffer)


def _sendall_view(s: socket.socket) -> None:
    s.sendall(memoryview(b"--" + PAYLOAD)[2:])


def _sendall_words(s: socket.socket) -> None:
    s.sendall(array.array("I", range(1000)))


def _send_words(s: socket.socket) -> None:
    view = memoryview(array.array("Q", range(500))).cast("B")
    while view:
        view = view[s.send(view) :]


def _sendmsg(s: socket.socket) -> None:
    assert s.sendmsg([b"one", bytearray(b"two"), memoryview(b"three")]) == 11


def _sendmsg_once(s: socket.socket) -> None:
    assert s.sendmsg(part for part in (b"one", b"two")) == 6


def _makefile_write(s: socket.socket) -> None:
    with s.makefile("wb") as file:
        file.write(b"GET / HTTP/1.1\r\n")
        file.write(PAYLOAD)


def _makefile_text(s: socket.socket) -> None:
    with s.makefile("w", encoding="utf-8", newline="\r\n") as file:
        file.write("grüße\n" * 100)


def _makefile_unbuffered_write(s: socket.socket) -> None:
    with s.makefile("wb", buffering=0) as file:
        file.write(b"straight")


WRITERS = [
    _send, _sendall, _sendall_large, _sendall_changed_after, _sendall_view, _sendall_words, _send_words, _sendmsg,
    _sendmsg_once, _makefile_write, _makefile_text, _makefile_unbuffered_write,
]  # fmt: skip


@pytest.mark.parametrize("kind", ["unix", "tcp"])
@pytest.mark.parametrize("writer", WRITERS, ids=lambda f: f.__name__[1:])
def test_every_way_to_write(tmp_path, writer, kind):
    ours, theirs = pair(kind)
    ours.settimeout(10)
    outside = Outside(theirs)
    outside.start()
    try:
        done = recorded(tmp_path / "t.trace", writer, ours, max_value=1 << 20)
    finally:
        ours.close()
        outside.join(10)
    assert done.error is None
    assert outside.got
    check(done, outside)


def test_bytes_that_a_function_returned_before_are_whole(tmp_path):
    """As a value they are cut to `max_value`; as bytes that crossed a socket they are not."""
    source = "def made(data):\n    return data[:-1]\n\n\ndef program(s, data):\n    s.sendall(made(data))\n"
    module = from_source(source, tmp_path)
    ours, theirs = pair("unix")
    outside = Outside(theirs)
    outside.start()
    try:
        done = recorded(tmp_path / "t.trace", module.program, ours, LARGE, program=str(tmp_path), max_value=1000)
    finally:
        ours.close()
        outside.join(10)
    trace = check(done, outside)
    assert outside.got == LARGE[:-1]
    (call,) = (c for c in trace.calls.values() if c.code.qualname == "made")
    (sent,) = (w for w in trace.wires if w.direction == "out")
    assert sent.value == call.last.value, "the same object"
    given = trace.value(call.arguments[0])
    assert given is not None and (given.cut, len(given.data or b"")) == (True, 1000)


@pytest.mark.parametrize("how", ["os.sendfile", "fallback", "offset and count"])
def test_sendfile(tmp_path, how):
    (tmp_path / "file").write_bytes(PAYLOAD)

    def program(s: socket.socket) -> int:
        import io

        with (tmp_path / "file").open("rb") as file:
            if how == "fallback":
                return s.sendfile(io.BytesIO(file.read()))
            if how == "os.sendfile":
                sent = s.sendfile(file)
                assert file.tell() == len(PAYLOAD)
                return sent
            file.seek(7)
            sent = s.sendfile(file, 100, 5000)
            assert file.tell() == 5100
            return sent

    done, outside = talk(tmp_path / "t.trace", program)
    assert done.result == len(outside.got) == (5000 if how == "offset and count" else len(PAYLOAD))
    check(done, outside)


def test_both_directions_at_once(tmp_path):
    def program(s: socket.socket) -> int:
        total = 0
        while total < len(LARGE):
            data = s.recv(4096)
            total += len(data)
            s.sendall(data[::-1])
        return total

    done, outside = talk(tmp_path / "t.trace", program, LARGE)
    assert done.result == len(LARGE) == len(outside.got)
    check(done, outside)


@settings(max_examples=25, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["in", "out"]), st.binary(min_size=1, max_size=300)), max_size=12))
def test_any_conversation(tmp_path, steps):
    ours, theirs = socket.socketpair()
    with ours, theirs:

        def program() -> None:
            for direction, data in steps:
                if direction == "out":
                    ours.sendall(data)
                else:
                    os.write(theirs.fileno(), data)
                    assert take_all(lambda: ours.recv(100), len(data)) == data

        done = recorded(tmp_path / "t.trace", program)
    assert done.error is None
    with done.trace() as trace:
        for direction in ("in", "out"):
            want = b"".join(data for d, data in steps if d == direction)
            got = b"".join(moved(trace, n, direction) for n in trace.connections)
            assert got == want


def test_datagrams(tmp_path):
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as theirs,
    ):
        for s in (ours, theirs):
            s.bind(("127.0.0.1", 0))
            s.settimeout(10)
        for part in (b"first", b"", b"third"):
            theirs.sendto(part, ours.getsockname())

        def program() -> list[Any]:
            assert ours.sendto(b"hello", theirs.getsockname()) == 5
            assert ours.sendto(b"flags", 0, theirs.getsockname()) == 5
            return [ours.recvfrom(100), ours.recvmsg(100)[0], ours.recv(100)]

        done = recorded(tmp_path / "t.trace", program)
        assert done.result == [(b"first", theirs.getsockname()), b"", b"third"]
        assert (theirs.recv(100), theirs.recv(100)) == (b"hello", b"flags")
    with done.trace() as trace:
        number = the_connection(trace)
        assert moved(trace, number, "out") == b"helloflags"
        assert moved(trace, number, "in") == b"firstthird"


def test_descriptors_are_passed_on(tmp_path):
    ours, theirs = socket.socketpair()
    with ours, theirs, (tmp_path / "f").open("wb") as file:

        def program() -> Any:
            socket.send_fds(ours, [b"take"], [file.fileno()])
            data, descriptors, _, _ = socket.recv_fds(theirs, 100, 4)
            for descriptor in descriptors:
                os.close(descriptor)
            return data, len(descriptors)

        assert recorded(tmp_path / "t.trace", program).result == (b"take", 1)


# -- connections -------------------------------------------------------------------------------------------------


def test_the_life_of_a_connection(tmp_path):
    def program() -> tuple[Any, Any]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            client = socket.socket()
            client.settimeout(10)
            client.connect(server.getsockname())
            accepted, address = server.accept()
            assert address == client.getsockname()
            ends = client.getsockname(), accepted.getsockname()
            client.sendall(b"ping")
            assert accepted.recv(100) == b"ping"
            client.shutdown(socket.SHUT_WR)
            assert accepted.recv(100) == b""
            accepted.close()
            client.close()
            return ends

    done = recorded(tmp_path / "t.trace", program)
    assert done.error is None
    client_end, server_end = done.result
    with done.trace() as trace:
        consistent(trace)
        kinds = [w.op for w in trace.wires]
        for op in ("connect", "accept", "sendall", "recv", "shutdown"):
            assert op in kinds, op
        assert kinds.count("close") >= 3
        by_role = {c.role: c for c in trace.connections.values()}
        client, server = by_role["client"], by_role["server"]
        assert client.id != server.id and not client.tls
        assert (str(client_end[1]) in client.local) and (str(server_end[1]) in client.peer)
        assert (str(server_end[1]) in server.local) and (str(client_end[1]) in server.peer)
        assert moved(trace, client.id, "out") == b"ping" == moved(trace, server.id, "in")
        (accept,) = [w for w in trace.wires if w.op == "accept"]
        assert accept.connection != server.id and str(server.id) in accept.detail


def test_detach_and_a_number_used_again(tmp_path):
    """Two connections one after the other, on one file descriptor, are two connections."""

    def program() -> None:
        for message in (b"first", b"second"):
            ours, theirs = socket.socketpair()
            ours.sendall(message)
            ours.close()
            assert theirs.recv(100) == message
            again = socket.socket(fileno=theirs.detach())
            assert again.recv(1) == b""
            again.close()

    done = recorded(tmp_path / "t.trace", program)
    assert done.error is None
    with done.trace() as trace:
        out = [moved(trace, n, "out") for n in trace.connections]
        assert sorted(o for o in out if o) == [b"first", b"second"]
        assert [w.op for w in trace.wires].count("detach") == 2


@pytest.mark.parametrize("how", ["used", "in_an_exception", "in_a_cycle_of_none"])
def test_a_dropped_socket_is_closed_for_its_peer(tmp_path, how):
    """CPython closes a socket that nobody holds any more. The recorder must not be who holds it."""
    module = from_source(
        "import socket\n\n\nclass Holder:\n    pass\n\n\ndef use(s):\n    s.sendall(b'hi')\n    return s\n\n\n"
        "def fail(s):\n    use(s)\n    raise ValueError('no')\n\n\ndef used(s):\n    use(s)\n\n\n"
        "def in_an_exception(s):\n    try:\n        fail(s)\n    except ValueError:\n        pass\n\n\n"
        "def in_a_cycle_of_none(s):\n    h = Holder()\n    h.s = s\n    use(h.s)\n    h.more = [h.s]\n\n\n"
        "def program(how, keep):\n    a, b = socket.socketpair()\n    b.settimeout(3)\n    keep.append(b)\n"
        "    globals()[how](a)\n    del a\n    return b.recv(10), b.recv(10)\n",
        tmp_path,
    )
    kept: list[socket.socket] = []
    try:
        done = recorded(tmp_path / "t.trace", module.program, how, kept, program=str(tmp_path))
    finally:
        for end in kept:
            end.close()
    assert done.error is None
    assert done.result == (b"hi", b"")


# -- who moved them ----------------------------------------------------------------------------------------------


def test_each_event_knows_its_call_line_and_thread(tmp_path):
    module = from_source(
        "import threading\n\n\ndef write(s):\n    s.sendall(b'to')\n\n\ndef read(s):\n    return s.recv(10)\n\n\n"
        "def program(a, b):\n    t = threading.Thread(target=write, args=(a,), name='writer')\n    t.start()\n"
        "    t.join()\n    return read(b)\n",
        tmp_path,
    )
    ours, theirs = socket.socketpair()
    with ours, theirs:
        done = recorded(tmp_path / "t.trace", module.program, ours, theirs, program=str(tmp_path))
    with done.trace() as trace:
        sent, received = trace.wires
        assert (sent.op, received.op) == ("sendall", "recv")
        assert trace.calls[sent.call].code.qualname == "write" and trace.calls[received.call].code.qualname == "read"
        assert (sent.line, received.line) == (5, 9)
        assert trace.codes[sent.code].qualname == "write"
        assert (trace.threads[sent.thread], trace.threads[received.thread]) == ("writer", "MainThread")
        returned = trace.value(one(trace, "read").last.value)
        assert returned.object and returned.object == trace.value(received.value).object, "the very same bytes"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_blocked_read_begins_before_and_ends_after(tmp_path, engine):
    module = from_source(
        "import threading\n\n\ndef poke(s):\n    s.send(b'x')\n\n\ndef program(a, b, waits):\n"
        "    t = threading.Thread(target=poke, args=(a,))\n    waits(t)\n    data = b.recv(1)\n"
        "    t.join()\n    return data\n",
        tmp_path,
    )
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(10)

        done = recorded(
            tmp_path / "t.trace",
            module.program,
            ours,
            theirs,
            lambda t: t.start(),
            program=str(tmp_path),
            engine=engine,
        )
    assert done.result == b"x"
    with done.trace() as trace:
        (received,) = [w for w in trace.wires if w.op == "recv"]
        (sent,) = [w for w in trace.wires if w.op == "send"]
        assert received.ended > sent.began and sent.call == named(trace, "poke")[0].id


# -- the program sees the same -----------------------------------------------------------------------------------


def outcome(function: Callable[[], Any]) -> tuple[Any, ...]:
    """What a call gives or raises, comparably."""
    try:
        return ("gave", function())
    except BaseException as error:
        context = (type(error.__cause__), type(error.__context__), error.__suppress_context__)
        return ("raised", type(error), error.args, getattr(error, "errno", None), str(error), context)


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


# -- TLS ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True, timeout=90,
    )  # fmt: skip
    return folder


class TlsOutside(threading.Thread):
    """A TLS peer in a process' other half: what `ssl.SSLObject` wraps, over memory, and a plain descriptor. Nothing
    tapped."""

    def __init__(self, end: socket.socket, certificate: Path, sends: bytes) -> None:
        super().__init__(daemon=True)
        self.descriptor = end.detach()
        os.set_blocking(self.descriptor, True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
        self.inbound, self.outbound = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls: Any = context.wrap_bio(self.inbound, self.outbound, server_side=True)._sslobj
        self.sent = sends
        self.got = b""
        self.error = ""

    def run(self) -> None:
        try:
            self._until(self.tls.do_handshake)
            self.tls.write(self.sent)
            self._flush()
            while data := self._until(lambda: self.tls.read(65536)):
                self.got += data
            self._until(self.tls.shutdown)
        except (ssl.SSLError, OSError, EOFError) as error:
            self.error = repr(error)
        finally:
            os.close(self.descriptor)

    def _until(self, step: Callable[[], Any]) -> Any:
        while True:
            try:
                result = step()
                self._flush()
                return result
            except ssl.SSLWantReadError:
                self._flush()
                data = os.read(self.descriptor, 65536)
                if not data:
                    raise EOFError from None
                self.inbound.write(data)
            except ssl.SSLZeroReturnError:
                return b""

    def _flush(self) -> None:
        data = self.outbound.read()
        while data:
            data = data[os.write(self.descriptor, data) :]


def _tls_recv(s: ssl.SSLSocket) -> bytes:
    s.sendall(b"hello")
    return take_all(lambda: s.recv(999))


def _tls_recv_into(s: ssl.SSLSocket) -> bytes:
    assert s.send(b"hello") == 5
    return _recv_into(s)


def _tls_read(s: ssl.SSLSocket) -> bytes:
    assert s.write(b"hello") == 5
    return take_all(lambda: s.read(500))


def _tls_read_buffer(s: ssl.SSLSocket) -> bytes:
    s.write(memoryview(b"hello"))
    buffer = bytearray(700)

    def read() -> bytes:
        return bytes(buffer[: s.read(700, buffer)])

    return take_all(read)


def _tls_makefile(s: ssl.SSLSocket) -> bytes:
    with s.makefile("rwb") as file:
        file.write(b"hello")
        file.flush()
        return file.read(len(PAYLOAD))


def _tls_large(s: ssl.SSLSocket) -> bytes:
    got = take_all(lambda: s.recv(16384))
    s.sendall(LARGE)
    return got


def _tls_sendfile(s: ssl.SSLSocket) -> bytes:
    import tempfile

    with tempfile.TemporaryFile() as file:
        file.write(PAYLOAD)
        file.seek(0)
        assert s.sendfile(file) == len(PAYLOAD)
    return _tls_recv(s)


TLS = [_tls_recv, _tls_recv_into, _tls_read, _tls_read_buffer, _tls_makefile, _tls_large, _tls_sendfile]


@pytest.mark.parametrize("when", ["wrapped before", "wrapped while recording"])
@pytest.mark.parametrize("program", TLS, ids=lambda f: f.__name__[1:])
def test_tls(tmp_path, certificate, program, when):
    context = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
    context.check_hostname = False
    ours, theirs = tcp_pair()
    outside = TlsOutside(theirs, certificate, PAYLOAD)
    outside.start()

    def wrap() -> ssl.SSLSocket:
        return context.wrap_socket(ours)

    if when == "wrapped before":
        wrapped = wrap()

    def whole() -> bytes:
        s = wrapped if when == "wrapped before" else wrap()
        assert type(s) is ssl.SSLSocket and isinstance(s, socket.socket)
        got = program(s)
        s.unwrap().close()
        return got

    try:
        done = recorded(tmp_path / "t.trace", whole, max_value=1 << 20)
    finally:
        ours.close()
        if when == "wrapped before":
            wrapped.close()
        outside.join(10)
    assert (done.error, outside.error) == (None, "")
    assert done.result == PAYLOAD and outside.got
    with done.trace() as trace:
        consistent(trace)
        number = the_connection(trace)
        assert trace.connections[number].tls
        assert sha(moved(trace, number, "out")) == sha(outside.got)
        assert sha(moved(trace, number, "in")) == sha(PAYLOAD)


def test_tls_failures_are_the_same(tmp_path, certificate):
    def untrusted() -> tuple[Any, ...]:
        ours, theirs = tcp_pair()
        outside = TlsOutside(theirs, certificate, b"")
        outside.start()
        with ours:
            got = outcome(lambda: ssl.create_default_context().wrap_socket(ours, server_hostname="localhost"))
        outside.join(10)
        return got[:2]

    def timeout() -> tuple[Any, ...]:
        ours, theirs = tcp_pair()
        with ours, theirs:
            ours.settimeout(0.01)
            context = ssl.create_default_context()
            return outcome(lambda: context.wrap_socket(ours, server_hostname="localhost"))[:3]

    def closed() -> tuple[Any, ...]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        s = context.wrap_socket(socket.socket())
        s.close()
        return outcome(lambda: s.recv(1))[:3] + outcome(lambda: s.send(b"x"))[:3]

    for failure in (untrusted, timeout, closed):
        plain = failure()
        done = recorded(tmp_path / "t.trace", failure)
        assert done.error is None and done.result == plain


def test_a_non_blocking_tls_read_wants_more(tmp_path, certificate):
    context = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
    context.check_hostname = False
    ours, theirs = tcp_pair()
    outside = TlsOutside(theirs, certificate, b"")
    outside.start()

    def program() -> str:
        with context.wrap_socket(ours) as s:
            s.setblocking(False)
            try:
                s.recv(10)
            except ssl.SSLWantReadError as error:
                assert error.errno == ssl.SSL_ERROR_WANT_READ
                return "wants to read"
        return "read"

    done = recorded(tmp_path / "t.trace", program)
    outside.join(10)
    assert done.result == "wants to read"


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """After each test here: the classes are as they were."""
    before = [list(vars(c).items()) for c in (socket.socket, ssl.SSLSocket, socket.SocketIO)]
    yield
    after = [list(vars(c).items()) for c in (socket.socket, ssl.SSLSocket, socket.SocketIO)]
    assert after == before


def test_the_outline_is_not_disturbed_by_the_tap(tmp_path):
    """The wiretap's own frames are no calls, and no call site of the program's."""
    module = from_source(
        "import socket\n\n\ndef program():\n    a, b = socket.socketpair()\n    a.sendall(b'x')\n    b.recv(1)\n"
        "    a.close()\n    b.close()\n",
        tmp_path,
    )
    outlines = []
    for wire in (True, False):
        done = recorded(
            tmp_path / "t.trace", module.program, program=str(tmp_path), wire=wire, scope=("program", "socket")
        )
        with done.trace() as trace:
            outlines.append(outline(trace))
            assert not any(f.facts.path.endswith("recording/wiretap.py") for f in trace.files.values())
    assert outlines[0] == outlines[1]


def test_tls_that_is_loaded_while_it_is_recorded(tmp_path, certificate):
    """A program imports `ssl` after the recording began."""
    files = str(certificate / "cert.pem"), str(certificate / "key.pem")
    ran = run(PROGRAMS / "secure.py", tmp_path / "t.trace", *files)
    assert (ran.code, ran.out) == (0, "b'INSIDE'\n"), ran.err
    with Trace.open(tmp_path / "t.trace") as trace:
        inside = [(w.direction, trace.value(w.value).data) for w in trace.wires if w.detail == "inside TLS" and w.size]
    assert sorted(inside) == sorted([(d, t) for d in ("in", "out") for t in (b"inside", b"INSIDE")])
