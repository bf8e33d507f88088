"""What a program takes out of an object that a library gave it, and works on before it passes it on: it got what lay
there, and made the rest by itself."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from helpers_recording import from_source, recorded

from report.view.messages import bytes_of
from tracer.reading.flow import Flow
from tracer.reading.journeys import Journey, journeys
from tracer.scenarios.client import MASK

#: A library whose messages are objects, and which unmasks in place.
PARCELS = """
class Message:
    pass


def unmask(key, data):
    for place in range(len(data)):
        data[place] ^= key[place % 4]


class Peer:
    def __init__(self, end):
        self._end = end

    def _message(self, data):
        message = Message()
        message.text = data.decode()
        return message

    def receive(self):
        frame = self._end.recv(100)
        payload = bytearray(frame[4:])
        unmask(frame[:4], payload)
        return self._message(payload)

    def send(self, text):
        self._end.sendall(text.encode())

    def greet(self, name, greeting="Welcome, whoever you are"):
        self._greeting = greeting + ": " + name
        self.send(self._greeting)
"""
PROGRAM = """
def main(peer, receiving):
    receiving()
    peer.send("echo: " + peer.receive().text + "!")
    receiving()
    peer.send(peer.receive().text.upper())
    receiving()
    peer.send(peer.receive().text)
"""
SAID = ["Hello there", "louder", "as it is"]
#: It keeps what it made of a text in an object of its own, and puts something beside that again.
PACKING = """
class Letter:
    __slots__ = ("body",)

    def pack(self):
        return f"{len(self.body):04}" + self.body


def main(peer, receiving):
    receiving()
    letter = Letter()
    letter.body = "you said " + peer.receive().text
    peer.send(letter.pack())
"""


def _masked(text: str) -> bytes:
    return bytes(byte ^ MASK[place % 4] for place, byte in enumerate(text.encode()))


#: One object takes what comes and sends what goes, and reads JSON: what is in that is new text each time.
HUB = """
import json


class Hub:
    def __init__(self, end):
        self._end = end

    def come(self, function):
        self._take(self._end.recv(1000).decode(), function)

    def _take(self, text, function):
        self._handle(["said", [json.loads(text)]], function)

    def _handle(self, said, function):
        self._call(function, said[1])

    def _call(self, function, parts):
        function(parts[0])

    def emit(self, told):
        self._write(Packet([told]))

    def _write(self, packet):
        self._end.sendall(packet.encode())


class Packet:
    def __init__(self, parts):
        self._said = ("what somebody said of somebody", [parts])

    def encode(self):
        return json.dumps(self._said).encode()
"""
TELLING = """
def main(hub, receiving):
    def heard(data):
        hub.emit({"who": data["who"]})

    for _ in range(3):
        receiving()
        hub.come(heard)
"""
TOLD = '{"who": "Ada L.", "what": "hello"}'


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    return _flow(PROGRAM, tmp_path)


def _flow(source: str, tmp_path: Path) -> Flow:
    for name in ("app", "lib"):
        (tmp_path / name).mkdir()
    library = from_source(PARCELS, tmp_path / "lib", "parcels")
    program = from_source(source, tmp_path / "app", "app")
    ours, theirs = socket.socketpair()
    waiting = iter(SAID)
    with ours, theirs:
        done = recorded(
            tmp_path / "made.trace", program.main, library.Peer(ours),
            lambda: theirs.sendall(MASK + _masked(next(waiting))),
            scope=("program", "parcels"), program=str(tmp_path / "app"),
        )  # fmt: skip
    assert done.error is None, done.error
    return Flow(done.trace())


def _told(flow: Flow, direction: str) -> list[tuple[str | bytes | None, list[bytes]]]:
    def wire(journey: Journey) -> list[bytes]:
        return [bytes_of(flow.trace, s.wire)[s.start : s.stop] for s in journey.wires]

    return [(j.node.value.data, wire(j)) for j in journeys(flow) if j.direction == direction]


def test_what_it_got(flow: Flow) -> None:
    assert _told(flow, "in") == [(text, [_masked(text)]) for text in SAID]


def test_what_it_gave(flow: Flow) -> None:
    assert [value for value, _ in _told(flow, "out")] == ["echo: Hello there!", "LOUDER", "as it is"]


def test_it_had_it_when_the_object_came(flow: Flow) -> None:
    had = [j.call.code.qualname for j in journeys(flow) if j.direction == "in"]
    assert had[:2] == ["Peer.receive", "Peer.receive"]


def test_what_it_made_and_kept_is_nothing_that_it_got(tmp_path: Path) -> None:
    flow = _flow(PACKING, tmp_path)
    assert _told(flow, "in") == [(SAID[0], [_masked(SAID[0])])]
    assert [value for value, _ in _told(flow, "out")] == ["0020you said Hello there"]


def test_what_a_library_says_by_default_the_program_did_not_pass(tmp_path: Path) -> None:
    flow = _flow("def main(peer, receiving):\n    peer.greet('Ada Lovelace')\n", tmp_path)
    assert [value for value, _ in _told(flow, "out")] == ["Ada Lovelace"]


def test_what_was_said_again_came_again(tmp_path: Path) -> None:
    """An equal text is not the one that the object was given before: that it would give back as the same."""
    for name in ("app", "lib"):
        (tmp_path / name).mkdir()
    library = from_source(HUB, tmp_path / "lib", "hubs")
    program = from_source(TELLING, tmp_path / "app", "app")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        done = recorded(
            tmp_path / "made.trace", program.main, library.Hub(ours), lambda: theirs.sendall(TOLD.encode()),
            scope=("program", "hubs"), program=str(tmp_path / "app"),
        )  # fmt: skip
    assert done.error is None, done.error
    flow = Flow(done.trace())
    reads = [wire.id for wire in flow.trace.wires if wire.direction == "in"]
    found = [j for j in journeys(flow) if j.direction == "in" and j.node.value.data == "Ada L."]
    assert [[(s.wire.id, s.start, s.stop) for s in j.wires] for j in found] == [[(read, 9, 15)] for read in reads]
