"""The wiretap: every byte that a program reads or writes, in every way there is to do it, and once each."""

from __future__ import annotations

import array
import os
import socket
from typing import Any

import pytest
from helpers_recording import from_source, moved, recorded
from helpers_wiretap import LARGE, PAYLOAD, Outside, _recv_into, check, pair, take_all, talk, the_connection
from helpers_wiretap import nothing_is_left as nothing_is_left
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# -- reading -----------------------------------------------------------------------------------------------------


def _recv(s: socket.socket) -> bytes:
    return take_all(lambda: s.recv(999))


def _recvfrom(s: socket.socket) -> bytes:
    return take_all(lambda: s.recvfrom(999)[0])


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
