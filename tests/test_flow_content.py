"""Content that misleads, or says little: text of which a character has several bytes, a default that says what was
read, what went through an array."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from elsewhere.edges import unrelated
from helpers_recording import from_source, recorded

from tracer.reading.flow import Flow
from tracer.reading.nodes import Node
from tracer.reading.trace import Value

PROGRAM = """
import array


class Lines:
    def __init__(self):
        self._lines = []

    def feed(self, text):
        self._lines += [line for line in text.splitlines(True) if line.strip()]

    def next(self):
        return self._lines.pop(0)


def read(end):
    return end.recv(1000).decode()


def answer(city, country="Norway it is"):
    return country


class Request:
    def __init__(self, lines):
        self.country = lines.next().strip()

    def asked(self):
        return len(self.country)


def xor(key, data):
    size = len(data)
    key = key * (size // 4) + key[: size % 4]
    return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")


def masked(key, data):
    return xor(array.array("B", key), array.array("B", data))


def main(end):
    lines = Lines()
    lines.feed(read(end))
    taken = [lines.next(), lines.next()]
    request = Request(lines)
    request.asked()
    return taken, answer(request), masked(b"\\x37\\xfa\\x21\\x3d", taken[1].encode())
"""
#: Of text, what is not taken is left out.
SENT = "Tromsø, Bodø\n\nÅlesund and Ærø\n\nNorway it is\n"
LINES = [line for line in SENT.splitlines(True) if line.strip()]


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(SENT.encode())
        module = from_source(PROGRAM, tmp_path)
        done = recorded(tmp_path / "made.trace", module.main, ours, program=str(tmp_path))
    assert done.error is None and done.result[0] == LINES[:2]
    return Flow(done.trace())


def _into(flow: Flow, data: str, argument: str = "") -> list[tuple[str, int, int]]:
    nodes = [n for n in flow.nodes.values() if n.value.data == data and n.sightings[0].name == argument]
    (node,) = nodes
    return [(edge.relation.how, edge.relation.start, edge.relation.stop) for edge in flow.into.get(node.id, ())]


def test_offsets_in_what_is_left_of_text_are_of_bytes(flow: Flow) -> None:
    for line in LINES:
        at = SENT.encode().index(line.encode())
        assert _into(flow, line) == [("slice", at, at + len(line.encode()))]
    assert unrelated(flow) == []


def test_a_default_is_made_of_nothing_that_was_read(flow: Flow) -> None:
    """The request holds an equal one, which was read."""
    assert _into(flow, "Norway it is", "self.country") != []
    assert _into(flow, "Norway it is", "country") == []


def test_what_arrays_stand_between(flow: Flow) -> None:
    """The call that had only arrays gave it back to one that had the bytes, and the key."""
    ((edge,),) = [edges for edges in flow.into.values() if edges[0].relation.how == "unmasked"]
    node = flow.nodes[edge.target]
    names = [flow.trace.calls[sighting.call].code.qualname for sighting in node.sightings]
    assert names[:2] == ["xor", "masked"]
    assert flow.nodes[edge.source].octets == LINES[1].encode()


RINGING = """
def ring(end):
    end.send(b"\\0")


def ring_again(end):
    end.send(b"\\0")


def main(here, there):
    ring(here)
    there.recv(100)
    ring_again(here)
"""


def test_a_literal_that_is_written_at_once_was_not_read(tmp_path: Path) -> None:
    """As of a loop that wakes itself: it reads what it wrote, and writes the same again."""
    here, there = socket.socketpair()
    with here, there:
        module = from_source(RINGING, tmp_path)
        done = recorded(tmp_path / "made.trace", module.main, here, there, program=str(tmp_path))
    assert done.error is None
    flow = Flow(done.trace())
    assert len(flow.written) == 2 and flow.into == {}


@pytest.mark.parametrize(("done", "left"), [(0, "Ærø"), (2, "rø"), (1, b"\x86r\xc3\xb8"), (5, "")])
def test_what_is_left_of_text(done: int, left: str | bytes) -> None:
    value = Value(1, 1, "str", "text", 3, "Ærø", False)
    assert Node(1, value).rest(done) == left
