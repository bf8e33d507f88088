"""Every byte of a read is attributed to the call that took it, and of a write to the call that made it."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers_flow import Program, run

from tracer.reading.consumers import Consumers, Taker
from tracer.reading.flow import Flow
from tracer.reading.trace import Trace, Wire


@pytest.fixture(scope="module")
def received(scenario_traces: dict[str, Trace]) -> tuple[Trace, Consumers]:
    trace = scenario_traces["receive"]
    return trace, Consumers(Flow(trace))


@pytest.fixture(scope="module")
def sent(scenario_traces: dict[str, Trace]) -> tuple[Trace, Consumers]:
    trace = scenario_traces["send"]
    return trace, Consumers(Flow(trace))


def holding(trace: Trace, direction: str, data: bytes) -> tuple[Wire, int]:
    """The first wire event that holds these bytes, and where."""
    for wire in trace.wires:
        value = trace.value(wire.value)
        if wire.direction == direction and value is not None and isinstance(value.data, bytes) and data in value.data:
            return wire, value.data.index(data)
    raise AssertionError(data)


def who(taker: Taker | None) -> tuple[str, str]:
    assert taker is not None
    return taker.call.code.qualname, taker.through.code.qualname if taker.through else ""


def source_line(taker: Taker | None) -> str:
    assert taker is not None and taker.code.file.source is not None
    return taker.code.file.source.splitlines()[taker.line - 1].strip()


def test_the_parts_of_a_frame(received: tuple[Trace, Consumers]):
    trace, consumers = received
    wire, at = holding(trace, "in", bytes.fromhex("818537fa213d7f9f4d5158"))
    header, key, payload = (consumers.of(wire, at + a, at + b) for a, b in ((0, 2), (2, 6), (6, 11)))
    assert who(header) == ("FrameDecoder.parse_header", "Buffer.consume_exactly")
    assert who(key) == ("FrameDecoder.parse_header", "Buffer.consume_exactly")
    assert who(payload) == ("FrameDecoder.process_buffer", "Buffer.consume_at_most")
    for taker in (header, key, payload):
        assert taker is not None and taker.exact and "self.buffer.consume" in source_line(taker)
    assert header is not None and key is not None and header.line != key.line


def test_each_of_two_frames_in_one_read(received: tuple[Trace, Consumers]):
    trace, consumers = received
    wire, at = holding(trace, "in", bytes.fromhex("018337fa213d7f9f4d808237fa213d5b95"))
    for start in (at, at + 9):
        taker = consumers.of(wire, start, start + 2)
        assert who(taker) == ("FrameDecoder.parse_header", "Buffer.consume_exactly")
        assert taker is not None and (taker.start, taker.stop, taker.exact) == (start, start + 2, True)


def test_a_bit_is_taken_with_the_run_that_holds_it(received: tuple[Trace, Consumers]):
    trace, consumers = received
    wire, at = holding(trace, "in", bytes.fromhex("818537fa213d7f9f4d5158"))
    taker = consumers.of(wire, at + 1, at + 2)
    assert who(taker) == ("FrameDecoder.parse_header", "Buffer.consume_exactly")
    assert taker is not None and (taker.start, taker.stop, taker.exact) == (at, at + 2, False)


def test_the_lines_of_a_request(received: tuple[Trace, Consumers]):
    trace, consumers = received
    wire, at = holding(trace, "in", b"GET /receive HTTP/1.1\r\n")
    assert who(consumers.of(wire, at, at + 23))[0] == "BaseHTTPRequestHandler.handle_one_request"
    host = b"Host: server.example.com\r\n"
    wire, at = holding(trace, "in", host)
    taker = consumers.of(wire, at, at + len(host))
    assert taker is not None and taker.exact and taker.code.lane == "http" and "read_headers" in taker.code.qualname


def test_who_made_what_was_written(sent: tuple[Trace, Consumers]):
    trace, consumers = sent
    wire, at = holding(trace, "out", bytes.fromhex("810548656c6c6f"))
    frame, payload = consumers.of(wire, at, at + 7), consumers.of(wire, at + 2, at + 7)
    assert who(frame)[0] == "FrameProtocol._serialize_frame"
    assert payload is not None and payload.exact and payload.code.lane in ("wsproto", "simple_websocket")
    header = consumers.of(wire, at, at + 2)
    assert who(header)[0] == "FrameProtocol._serialize_frame" and header is not None and not header.exact


def test_who_made_the_payload_of_an_answer(scenario_traces: dict[str, Trace]):
    """The pong's payload is the ping's, unmasked; who had it masked had other bytes."""
    trace = scenario_traces["ping"]
    wire, at = holding(trace, "out", bytes.fromhex("8a0548656c6c6f"))
    taker = Consumers(Flow(trace)).of(wire, at + 2, at + 7)
    assert taker is not None and taker.exact and taker.code.qualname == "XorMaskerSimple.process"


EQUAL = """
def main(end):
    send(end, copied(end.recv(100), another()))


def another():
    return bytes([104, 101, 108, 108, 111])


def copied(one, other):
    return bytes(bytearray(one))


def send(end, data):
    end.sendall(data)
    end.sendall(b"<" + again(data) + b">")


def again(data):
    return data
"""


def test_what_is_ambiguous_in_the_flow_is_so_for_who_made_it(tmp_path: Path):
    """And bytes that are written twice were had for the second time since the first."""
    program = Program([b"hello"], [])
    program.source = lambda: EQUAL  # type: ignore[method-assign]
    with run(program, tmp_path, "equal") as trace:
        consumers = Consumers(Flow(trace))
        first, second = (wire for wire in trace.wires if wire.direction == "out")
        made, passed = consumers.of(first, 0, 5), consumers.of(second, 1, 6)
    assert who(made)[0] == "copied" and made is not None and made.ambiguous
    assert who(passed)[0] == "again" and passed is not None and not passed.ambiguous


def test_bytes_that_nobody_took_have_nobody(received: tuple[Trace, Consumers]):
    trace, consumers = received
    wire, _ = holding(trace, "in", bytes.fromhex("818537fa213d7f9f4d5158"))
    assert consumers.of(wire, 0, wire.size + 5) is None
