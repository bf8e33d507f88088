"""What waits in an object comes out in the order in which it went in: which of equal values is which, by that alone."""

from __future__ import annotations

import itertools
import socket
from pathlib import Path

from helpers_recording import from_source, recorded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracer.reading.flow import Edge, Flow
from tracer.reading.trace import Trace

COUNT = itertools.count()
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


class Lines:
    """A buffered reader as the standard library has them, in code that is not recorded."""

    def __init__(self, end: socket.socket) -> None:
        self.end, self.data = end, b""

    def fill(self) -> None:
        self.data += self.end.recv(100)

    def take(self) -> bytes:
        line, end, self.data = self.data.partition(b"\n")
        return line + end


def flow_of(source: str, sent: list[bytes], folder: Path, *more: object) -> Flow:
    """The flow of `main(end, *more)`, on whose socket all of `sent` is there from the start."""
    ours, theirs = socket.socketpair()
    try:
        theirs.sendall(b"".join(sent))
        name = f"ordered{next(COUNT)}"
        module = from_source(BOX + source, folder, name)
        done = recorded(folder / f"{name}.trace", module.main, ours, *more, scope=("program",), program=str(folder))
        assert done.error is None, done.error
    finally:
        ours.close()
        theirs.close()
    trace: Trace = done.trace()
    with trace:
        return Flow(trace)


def given_by(flow: Flow, function: str) -> list[list[Edge]]:
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
    assert [sources(flow, edges) for edges in given_by(flow, "Box.take")] == [[("copy", n, 0, 8)] for n in range(3)]


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
    assert [sources(flow, edges) for edges in given_by(flow, "Buffer.take")] == [
        [("joined", 0, 0, 1), ("joined", 1, 1, 2), ("joined", 2, 2, 3)],
        [("slice", 2, 1, 4)],
        [("slice", 2, 4, 6)],
    ]


Taken = list[tuple[int, int, int, int]]


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[int], list[tuple[int, int]]]:
    """What the peer writes, of few different bytes; how much each read takes of it, and after so many reads so many
    bytes are taken out of the buffer."""
    reads = draw(st.lists(st.integers(1, 9), min_size=1, max_size=8))
    data = bytes(draw(st.lists(st.sampled_from(b"xxy"), min_size=sum(reads), max_size=sum(reads))))
    takes, left = [], 0
    for number, size in enumerate(reads):
        left += size
        while left >= 2 and draw(st.booleans()):
            least = 1 if takes else 2
            takes.append((number, draw(st.integers(least, left))))
            left -= takes[-1][1]
    return data, reads, takes


def pieces(reads: list[int], takes: list[tuple[int, int]]) -> list[Taken]:
    """Of each that is taken: (read, first byte of it, first and last byte in what was taken) of its pieces."""
    told: list[Taken] = []
    at = 0
    for _, size in takes:
        begins, parts = 0, []
        for number, length in enumerate(reads):
            first, last = max(begins, at), min(begins + length, at + size)
            if first < last:
                parts.append((number, first - begins, first - at, last - at))
            begins += length
        told.append(parts)
        at += size
    return told


@settings(
    max_examples=60, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(streams())
def test_a_buffer_gives_what_it_was_fed_in_order(
    tmp_path: Path, stream: tuple[bytes, list[int], list[tuple[int, int]]]
) -> None:
    """Bytes that are nearly all equal, read and taken in odd sizes."""
    data, reads, takes = stream
    lines = ["def main(end):", "    buffer = Buffer()"]
    for number, size in enumerate(reads):
        lines.append(f"    buffer.feed(end.recv({size}))")
        lines += [f"    buffer.take({count})" for after, count in takes if after == number]
    flow = flow_of("\n".join(lines), [data], tmp_path)
    assert [parts_of(flow, edges) for edges in given_by(flow, "Buffer.take")] == pieces(reads, takes)


def parts_of(flow: Flow, edges: list[Edge]) -> Taken:
    """(the read, its first byte, first and last byte in what was made) of each edge, in order."""
    found: Taken = []
    for edge in edges:
        ((how, read, start, stop),) = sources(flow, [edge])
        at = start if how == "slice" else edge.relation.at
        found.append((read, at, *((0, stop - start) if how == "slice" else (start, stop))))
    return sorted(found, key=lambda part: part[2])


def test_pieces_of_which_only_the_first_is_at_hand(tmp_path: Path) -> None:
    """All bytes are equal, and the first piece, which the object still has, would nearly do for the whole."""
    source = """
class Post:
    def __init__(self):
        self.first, self.rest = None, bytearray()

    def put(self, data):
        if self.first is None:
            self.first = data
        else:
            self.rest += data

    def take(self):
        return bytes(self.first + self.rest)


def main(end):
    post = Post()
    for size in (7, 5, 6):
        post.put(end.recv(size))
    post.take()
"""
    flow = flow_of(source, [b"x" * 18], tmp_path)
    assert [parts_of(flow, edges) for edges in given_by(flow, "Post.take")] == [
        [(0, 0, 0, 7), (1, 0, 7, 12), (2, 0, 12, 18)]
    ]


def test_a_line_that_a_read_cut_is_of_one_connection(tmp_path: Path) -> None:
    """Two connections on one thread, read by turns into buffers that nobody sees; the ends of both lines are equal."""
    source = """
import socket


def main(end, Lines):
    pairs = [socket.socketpair() for _ in range(2)]
    lines = [Lines(ours) for ours, _ in pairs]
    for sent in ([b"first of one, an", b"second of two, an"], [b"d the rest\\n", b"d the rest\\n"]):
        for (_, theirs), data in zip(pairs, sent):
            theirs.sendall(data)
        for one in lines:
            one.fill()
    for one in lines:
        took(one.take())


def took(line):
    pass
"""
    flow = flow_of(source, [], tmp_path, Lines)
    taken = [
        n
        for n in flow.nodes.values()
        if n.octets in (b"first of one, and the rest\n", b"second of two, and the rest\n")
    ]
    assert [parts_of(flow, flow.into.get(node.id, [])) for node in taken] == [
        [(0, 0, 0, 16), (2, 0, 16, 27)],
        [(1, 0, 0, 17), (3, 0, 17, 28)],
    ]


def test_pieces_of_equal_bytes_are_written_in_turn(tmp_path: Path) -> None:
    source = """
def main(end):
    push(end, b"x" * 20)


def push(end, data):
    view = memoryview(data)
    while view:
        view = view[end.send(view[:7]):]
"""
    flow = flow_of(source, [], tmp_path)  # of the first alone nothing shows that it is not a later one
    written = [flow.nodes[number] for number in flow.written]
    edges = [edge for node in written for edge in flow.into[node.id]]
    assert [(e.relation.how, e.relation.start, e.relation.stop, e.ambiguous) for e in edges] == [
        ("slice", 0, 7, True), ("slice", 7, 14, False), ("slice", 14, 20, False),
    ]  # fmt: skip


def test_what_is_left_of_a_read_of_which_a_piece_was_written(tmp_path: Path) -> None:
    """The object passes on three bytes of what it was fed; the rest of the same read is still to be taken."""
    source = """
def main(end):
    buffer = Buffer()
    buffer.feed(end.recv(8))
    end.send(buffer.take(3))
    buffer.take(5)
"""
    flow = flow_of(source, [b"xxxxxxxx"], tmp_path)
    assert [sources(flow, edges) for edges in given_by(flow, "Buffer.take")] == [
        [("slice", 0, 0, 3)],
        [("slice", 0, 3, 8)],
    ]
