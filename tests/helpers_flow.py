"""Small programs with a known flow of values, made up by Hypothesis: what every step makes, and of which bytes of what.

A program is a list of steps over numbered values. Its source is written out, one function a step, and run over a real
socketpair while it is recorded; the same list says which edges are true. Values are told apart by what they are, since
the generator gives each read its own bytes; what is equal and has another origin comes from a computation in the
program that no data went into.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from pathlib import Path

from helpers_recording import from_source, recorded
from hypothesis import strategies as st

from tracer.reading.flow import Flow
from tracer.reading.trace import Trace

HEAD = """
import queue
import threading


class Buffer:
    def __init__(self):
        self.data = b""

    def feed(self, data):
        self.data = data

    def take(self, count):
        taken, self.data = self.data[:count], self.data[count:]
        return taken


def recv(end, count):
    return end.recv(count)


def cut(data, start, stop):
    return data[start:stop]


def decode(data):
    return data.decode("latin-1")


def encode(text):
    return text.encode("latin-1")


def upper(text):
    return text.upper()


def mask(data, key):
    return bytes(b ^ key[i % 4] for i, b in enumerate(data))


def join(first, second):
    return first + second


def buffered(data, count):
    buffer = Buffer()
    buffer.feed(data)
    return buffer.take(count)


def hand(data):
    handed, back = queue.Queue(), []
    thread = threading.Thread(target=takes, args=(handed, back))
    thread.start()
    handed.put(data)
    thread.join()
    return back[0]


def takes(handed, back):
    back.append(holds(handed.get()))


def holds(data):
    return data


def unrelated(numbers):
    return bytes(numbers)


def send(end, data):
    end.sendall(data)


KEY = bytes([0x37, 0xFA, 0x21, 0x3D])


def main(end):
"""
MASK = bytes([0x37, 0xFA, 0x21, 0x3D])

STEPS = ("cut", "decode", "encode", "upper", "mask", "join", "buffered", "hand", "unrelated")


@dataclass(frozen=True)
class Made:
    """One value of a program: how it was made, of which values (their numbers), with what numbers."""

    how: str
    of: tuple[int, ...]
    args: tuple[int, ...]
    data: bytes
    text: bool = False


@dataclass
class Program:
    """`sent` is what the peer writes; `values` are in the order in which they are made."""

    sent: list[bytes] = field(default_factory=list)
    values: list[Made] = field(default_factory=list)

    def source(self) -> str:
        return HEAD + "".join(f"    {line}\n" for line in self._lines())

    def _lines(self) -> list[str]:
        lines = []
        for number, made in enumerate(self.values):
            given = [f"v{source}" for source in made.of] + [str(arg) for arg in made.args]
            if made.how == "recv":
                given = ["end", str(len(made.data))]
            elif made.how == "mask":
                given = [*given, "KEY"]
            elif made.how == "unrelated":
                given = [repr(list(made.data))]
            lines.append(f"v{number} = {made.how}({', '.join(given)})")
            if made.how not in ("recv", "unrelated") and not made.text:
                lines.append(f"send(end, v{number})")
        return lines

    def truth(self) -> set[tuple[bytes, bytes, str, int, int]]:
        """(source, target, how, start, stop) of every true edge: of values that are not the same object."""
        return {edge for made in self.values for edge in self._edges(made)}

    def _edges(self, made: Made) -> list[tuple[bytes, bytes, str, int, int]]:
        of = [self.values[source].data for source in made.of]
        size = len(made.data)
        if made.how in ("recv", "unrelated", "hand") or (made.how in ("cut", "buffered") and made.data == of[0]):
            return []  # the whole slice of bytes is the same object
        if made.how in ("cut", "buffered"):
            start = made.args[0] if made.how == "cut" else 0
            return [(of[0], made.data, "slice", start, start + size)]
        if made.how == "join":
            middle = len(of[0])
            return [(of[0], made.data, "joined", 0, middle), (of[1], made.data, "joined", middle, size)]
        how = {"decode": "decoded", "encode": "encoded", "upper": "folded", "mask": "unmasked"}[made.how]
        how = "copy" if made.how == "upper" and made.data == of[0] else how
        return [(of[0], made.data, how, 0, size)]


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """A program of a few reads and up to twelve steps on what there is. Every read begins with letters of its own."""
    program = Program()
    for number in range(draw(st.integers(1, 3))):
        length = draw(st.integers(8, 40))
        data = bytes(97 + (7 * number + 11 * i + i * i // 3) % 26 for i in range(length))
        program.sent.append(data)
        program.values.append(Made("recv", (), (), data))
    for _ in range(draw(st.integers(1, 12))):
        step = draw(
            st.sampled_from(["cut", "decode", "encode", "upper", "mask", "join", "buffered", "hand", "unrelated"])
        )
        made = _step(draw, program.values, step)
        if made is not None:
            program.values.append(made)
    return program


def _step(draw: st.DrawFn, values: list[Made], step: str) -> Made | None:
    number = draw(st.integers(0, len(values) - 1))
    one = values[number]
    if step == "unrelated":
        return None if one.text else Made(step, (), (), one.data[::-1] if draw(st.booleans()) else one.data)
    if step == "join":
        other = draw(st.integers(0, len(values) - 1))
        if values[other].text != one.text:
            return None
        return Made(step, (number, other), (), one.data + values[other].data, one.text)
    if step in ("cut", "buffered"):
        start = draw(st.integers(0, max(0, len(one.data) - 4))) if step == "cut" else 0
        stop = draw(st.integers(start + 4, len(one.data))) if len(one.data) >= start + 4 else len(one.data)
        if one.text and step == "buffered":
            return None
        return Made(step, (number,), (start, stop) if step == "cut" else (stop,), one.data[start:stop], one.text)
    if step == "hand":
        return Made(step, (number,), (), one.data, one.text)
    if step == "upper":
        return Made(step, (number,), (), one.data.upper(), True) if one.text and one.data.isascii() else None
    if step == "mask":
        masked = bytes(b ^ MASK[i % 4] for i, b in enumerate(one.data))
        return None if one.text else Made(step, (number,), (), masked)
    if step == "decode":
        return None if one.text or not one.data.isascii() else Made(step, (number,), (), one.data, True)
    return Made("encode", (number,), (), one.data) if one.text else None


def run(program: Program, folder: Path, name: str) -> Trace:
    """Record it over a socketpair; everything is there to be read when it starts."""
    ours, theirs = socket.socketpair()
    try:
        theirs.sendall(b"".join(program.sent))
        module = from_source(program.source(), folder, name)
        done = recorded(folder / f"{name}.trace", module.main, ours, scope=("program",), program=str(folder))
        assert done.error is None, done.error
    finally:
        ours.close()
        theirs.close()
    return done.trace()


def found(flow: Flow) -> list[tuple[tuple[bytes, bytes, str, int, int], bool]]:
    """Every edge of a flow by its contents, and whether it is ambiguous."""
    edges = [edge for into in flow.into.values() for edge in into]
    return [
        (
            (
                flow.nodes[edge.source].octets, flow.nodes[edge.target].octets,
                edge.relation.how, edge.relation.start, edge.relation.stop,
            ),
            edge.ambiguous,
        )
        for edge in edges
    ]  # fmt: skip
