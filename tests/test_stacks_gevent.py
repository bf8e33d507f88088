"""Stacks on greenlets: lanes of execution beside threads, which take turns on one thread."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers_recording import ENGINES
from stacks.playing import PROGRAMS, Played, holds, lanes_nest, play
from websockets.sync.client import connect

from report.view.messages import bytes_of
from tracer.reading.trace import Trace

CITY, ENCODED = "Reykjavík", b"Reykjav%C3%ADk"


def talk(port: int) -> list[bytes | str]:
    """A form, and two WebSockets in turn."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/form", data=b"name=Ada&city=" + ENCODED) as answer:
        got: list[bytes | str] = [answer.read()]
    url = f"ws://127.0.0.1:{port}/echo"
    soon = {"compression": None, "close_timeout": 0.2}  # the server leaves the connection open
    with connect(url, **soon) as one, connect(url, **soon) as other:  # type: ignore[arg-type]
        for socket, message in ((one, "Hello from one"), (other, "Hello from the other"), (one, "again")):
            socket.send(message)
            got.append(socket.recv())
    return got


@pytest.fixture(scope="module", params=ENGINES)
def sock(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    played = play("gevent_sock", tmp_path_factory.mktemp("sock"), talk, engine=request.param)
    yield played
    played.trace.close()


def test_it_holds(sock: Played) -> None:
    holds(sock)


def test_a_form_field(sock: Played) -> None:
    journey = sock.journey("in", CITY)
    assert sock.wire(journey) == [ENCODED]
    assert [lane for lane in journey.lanes(sock.trace) if lane != "app"] == ["gevent", "werkzeug"]
    assert sock.wire(sock.journey("out", f"from {CITY}")) == [f"from {CITY}".encode()]


def test_messages_of_two_connections_in_turn(sock: Played) -> None:
    """The reader is a thread of `threading`, which gevent made a greenlet; the view is another."""
    for said in ("Hello from one", "Hello from the other", "again"):
        came, left = sock.journey("in", said), sock.journey("out", said.upper())
        ((read,), (written,)) = came.wires, left.wires
        key = bytes_of(sock.trace, read.wire)[2:6]
        plain = bytes(byte ^ key[place % 4] for place, byte in enumerate(sock.wire(came)[0]))
        assert plain == said.encode() and sock.wire(left) == [said.upper().encode()]
        assert read.wire.connection == written.wire.connection
        assert [name.partition(" (")[0] for name in sock.names(came)] == ["greenlet N", "greenlet N"]
        assert sock.names(came)[0] == "greenlet N (Base._thread)"


def test_a_duplicate_of_a_socket_is_the_same_connection(sock: Played) -> None:
    """simple-websocket works on one: what it reads are frames of the connection on which the request came."""
    messages = sock.view().recordings[0].messages
    kinds = {(message.connection, message.direction, message.kind) for message in messages}
    assert "data" not in {kind for _, _, kind in kinds}
    texts = {connection for connection, direction, kind in kinds if (direction, kind) == ("in", "text")}
    assert len(texts) == 2
    for connection in texts:
        assert {(connection, "in", "request"), (connection, "out", "response"), (connection, "out", "text")} <= kinds


def test_a_thread_that_is_a_greenlet_was_started_by_one(sock: Played) -> None:
    readers = {number for number, name in sock.trace.threads.items() if name.endswith("(Base._thread)")}
    assert len(readers) == 2 and readers <= {start.child for start in sock.trace.starts}
    lanes = {start.thread for start in sock.trace.starts if start.child in readers}
    assert all(sock.trace.threads[lane].startswith("greenlet ") for lane in lanes)


@pytest.mark.parametrize("engine", ENGINES)
def test_greenlets_alone(tmp_path: Path, engine: str) -> None:
    """The program's own trace function is called as before, and the greenlets' calls nest each by itself."""
    program, trace = PROGRAMS / "greenlets_alone.py", tmp_path / "alone.trace"
    plain = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True).stdout
    run = [sys.executable, "-m", "unmagic", "run", "--engine", engine, "-o", str(trace), str(program)]
    traced = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert traced.splitlines()[:2] == plain.splitlines()[:2] == ["aabb", "on purpose"]
    assert traced.splitlines()[2].split()[0] == plain.splitlines()[2].split()[0]
    with Trace.open(trace) as opened:
        names = [name for name in opened.threads.values() if name.startswith("greenlet")]
        assert names == ["greenlet 1 (ping)", "greenlet 2 (pong)", "greenlet 3 (breaks)"]
        lanes_nest(opened)
        parents = {
            call.code.qualname: opened.calls[call.first.parent].code.qualname if call.first.parent else ""
            for call in opened.calls.values()
        }
        assert parents["note"] == "pong" and parents["double"] == "ping" and parents["pong"] == parents["ping"] == ""
        ended = {call.code.qualname: call.last.ended for call in opened.calls.values()}
        assert (ended["ping"], ended["pong"], ended["breaks"]) == ("returned", "open", "raised")
        assert "faults" not in opened.meta
