"""What waits in an object comes out in the order in which it went in: which of equal values is which, by that alone."""

from __future__ import annotations

import socket
from pathlib import Path

from helpers_recording import from_source, recorded

from tracer.reading.flow import Edge, Flow
from tracer.reading.trace import Trace

#: Quoted, so that equal content may well have nothing to do with it; what the object was told last has not either.
BOX = """
import collections

WORDS = ("the same", "OPEN")


class Box:
    def __init__(self):
        self.waiting = collections.deque()

    def put(self, data):
        self.waiting.append(bytearray(data))

    def tell(self, state):
        pass

    def take(self):
        return bytes(self.waiting.popleft())

    def take_all(self):
        taken = b"".join(bytes(one) for one in self.waiting)
        self.waiting.clear()
        return taken

    def take_two(self):
        return bytes(self.waiting.popleft() + self.waiting.popleft())


class Buffer:
    def __init__(self):
        self.data = bytearray()

    def feed(self, data):
        self.data += data

    def take(self, count):
        taken = bytes(self.data[:count])
        del self.data[:count]
        return taken


"""


def flow_of(source: str, sent: list[bytes], folder: Path) -> Flow:
    """The flow of `main(end)`, on whose socket all of `sent` is there from the start."""
    ours, theirs = socket.socketpair()
    try:
        theirs.sendall(b"".join(sent))
        module = from_source(BOX + source, folder, "ordered")
        done = recorded(folder / "a.trace", module.main, ours, scope=("program",), program=str(folder))
        assert done.error is None, done.error
    finally:
        ours.close()
        theirs.close()
    trace: Trace = done.trace()
    with trace:
        return Flow(trace)


def given(flow: Flow, function: str) -> list[list[Edge]]:
    """Of each value that a function gave back, in order, what it was made of."""
    calls = {call.id for call in flow.trace.calls.values() if call.code.qualname == function}
    nodes = [n for n in flow.nodes.values() if n.sightings[0].call in calls and n.sightings[0].role == "result"]
    return [flow.into.get(node.id, []) for node in sorted(nodes, key=lambda node: node.sightings[0].order)]


def sources(flow: Flow, edges: list[Edge]) -> list[tuple[str, int, int, int]]:
    """(how, the read in the order of reading, first byte, byte after the last) of each edge. One byte has no identity:
    what a call was given is a copy of what was read."""
    reads = sorted((n for n in flow.nodes.values() if n.wire is not None), key=lambda n: n.wire.ended)  # type: ignore[union-attr]
    numbers = {node.id: number for number, node in enumerate(reads)}
    numbers |= {e.target: numbers[e.source] for n in reads for e in flow.out_of.get(n.id, ()) if e.target < 0}
    return [(e.relation.how, numbers.get(e.source, -1), e.relation.start, e.relation.stop) for e in edges]


def test_equal_words_come_out_as_they_went_in(tmp_path: Path) -> None:
    source = """
def main(end):
    box = Box()
    for _ in range(3):
        box.put(end.recv(8))
    box.tell("OPEN")
    for _ in range(3):
        box.take()
"""
    flow = flow_of(source, [b"the same"] * 3, tmp_path)
    assert [sources(flow, edges) for edges in given(flow, "Box.take")] == [[("copy", n, 0, 8)] for n in range(3)]


def test_the_rest_of_a_read_of_which_the_beginning_was_joined(tmp_path: Path) -> None:
    """Only the first byte of the third read is in what was gathered; the rest of it is still there."""
    source = """
def main(end):
    buffer = Buffer()
    for size in (1, 1, 6):
        buffer.feed(end.recv(size))
    buffer.take(3)
    buffer.take(3)
    buffer.take(2)
"""
    flow = flow_of(source, [b"abcdefgh"], tmp_path)
    assert [sources(flow, edges) for edges in given(flow, "Buffer.take")] == [
        [("joined", 0, 0, 1), ("joined", 1, 1, 2), ("joined", 2, 2, 3)],
        [("slice", 2, 1, 4)],
        [("slice", 2, 4, 6)],
    ]
