"""The wiretap: what becomes of a connection, and which call, line and thread moved its bytes."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from helpers_recording import ENGINES, consistent, from_source, moved, named, one, outline, recorded
from helpers_wiretap import nothing_is_left as nothing_is_left

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


# -- TLS ---------------------------------------------------------------------------------------------------------


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


ANEW = """
import importlib.util
import socket
import sys


def anew():
    spec = importlib.util.spec_from_file_location("socket_as_it_was", socket.__file__)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return sys.modules.pop(spec.name).socket


def main(before):
    after = anew()
    return [echoed(kind) for kind in (before, after, socket.socket)]


def echoed(kind):
    with kind() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with kind() as client:
            client.connect(listener.getsockname())
            with listener.accept()[0] as server:
                client.sendall(b"to the other end")
                return type(server) is kind and server.recv(100)
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_the_librarys_class_made_once_more(tmp_path: Path, engine: str) -> None:
    """Who patches modules loads `socket` anew, to have it as it was: that class moves bytes too, each noted once."""
    module = from_source(ANEW, tmp_path)
    before = module.anew()
    accept = before.accept
    done = recorded(tmp_path / "made.trace", module.main, before, program=str(tmp_path), engine=engine)
    assert done.error is None and done.result == [b"to the other end"] * 3
    wires = [(wire.op, wire.size) for wire in done.trace().wires if wire.direction]
    assert wires == [("sendall", 16), ("recv", 16)] * 3
    assert before.accept is accept
