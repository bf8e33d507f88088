"""The scenarios' journeys, edge by edge, as the libraries' code says they have to be; and whole messages of every kind.

What is expected here was written from the sources of wsproto, simple-websocket, Werkzeug, the standard library's http
and email, and `reference_impl`: which function first has a new value in its hands, and what it was made of.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers_journeys import OURS, REAL, Told, Way, faults, record_stack, record_whole, told, told_edge, unmasked
from helpers_recording import ENGINES
from helpers_whole import CHARACTERS, MESSAGE, SOUND, WHOLE

from tracer.reading.flow import Flow
from tracer.reading.journeys import Journey, answers, journeys
from tracer.reading.trace import Trace
from tracer.scenarios import SCENARIOS

SCRIPTS = ("receive", "send", "ping", "close", "handshake", "http_headers")


# -- the real stack, from its code ---------------------------------------------------------------------------------


def real_frame(start: int, stop: int) -> list[Told]:
    """One frame's payload, cut from the wsproto buffer, unmasked, copied to bytes and put into a Frame."""
    size = stop - start
    return [
        ("slice", "slice", start, stop, "Buffer.consume_at_most"),  # frame_protocol.py: buffer[used : used + n]
        ("made", "unmasked", 0, size, "XorMaskerSimple.process"),  # its own bytearray, translated
        ("made", "copy", 0, size, "FrameDecoder.process_buffer"),  # Frame(..., bytes(payload), ...)
    ]


def real_text(start: int, stop: int) -> list[Told]:
    return [*real_frame(start, stop), ("made", "decoded", 0, stop - start, "MessageDecoder.process_frame")]


def real_sent(size: int, header: int, text: bool) -> list[Told]:
    """`send_data` encodes text and passes it on; the frame is a bytearray; `b"" + bytearray` is bytes."""
    encoded: list[Told] = [("made", "encoded", 0, size, "FrameProtocol._serialize_frame")] if text else []
    return [
        *encoded,
        ("made", "joined", header, header + size, "FrameProtocol._serialize_frame"),
        ("made", "copy", 0, header + size, "Connection.send"),
    ]


def real_in(value: str | bytes, start: int, stop: int) -> Way:
    edges = real_text(start, stop) if isinstance(value, str) else real_frame(start, stop)
    return "in", value, [("recv", start, stop)], edges


def real_out(value: str | bytes, header: int = 2) -> Way:
    stretch = ("send", header, header + len(value))
    return "out", value, [stretch], real_sent(len(value), header, isinstance(value, str))


#: The request's second header line is cut from what was read into the buffered file by `readline` (http.client), the
#: lines joined and decoded for the e-mail parser, which writes them to a StringIO, and cuts them into lines again.
REAL_HEADER: list[Told] = [
    ("slice", "slice", 50, 78, "_read_headers"),
    ("made", "joined", 26, 54, "Parser.parsestr"),
    ("made", "copy", 0, 76, "FeedParser.feed"),
    ("slice", "slice", 26, 54, "BufferedSubFile.pushlines"),
    ("slice", "slice", 12, 26, "Compat32.header_source_parse"),
]
REAL_WAYS: list[Way] = [
    # receive: text, binary, fragmented
    real_in("Hello", 6, 11),
    real_out("str 5"),
    real_in(b"Hello", 6, 11),
    real_out("bytes 5"),
    (
        "in",
        "Hello",
        [("recv", 6, 9), ("recv", 15, 17)],
        [
            *real_text(6, 9),
            *real_text(15, 17),
            ("made", "joined", 0, 3, "Base.receive"),  # made in _handle_events, which has no result: first seen here
            ("made", "joined", 3, 5, "Base.receive"),
        ],
    ),
    real_out("str 5"),
    real_out("None"),
    # send: str, bytes, 200 and 70,000 bytes
    real_out("Hello"),
    real_out(b"Hello"),
    real_out("x" * 200, 4),
    real_out(b"x" * 70_000, 10),
    # ping: the text after the pong nobody asked for, in one read with it
    real_in("Hello", 24, 29),
    real_out("Hello"),
    # close: the reason of ours, cut to fit, behind the code
    real_in("Hello", 6, 11),
    (
        "out",
        "bye",
        [("send", 4, 7)],
        [
            ("made", "encoded", 0, 3, "_truncate_utf8"),
            ("made", "joined", 2, 5, "FrameProtocol._serialize_frame"),
            ("made", "joined", 2, 7, "FrameProtocol._serialize_frame"),
            ("made", "copy", 0, 7, "Connection.send"),
        ],
    ),
    # handshake, and the echo behind it
    real_in("Hello", 6, 11),
    real_out("Hello"),
    # http_headers: to request.headers, and the same text back as the body
    ("in", "Who parsed me?", [("recv_into", 62, 76)], REAL_HEADER),
    ("out", "Who parsed me?", [("send", 0, 14)], [("made", "encoded", 0, 14, "_iter_encoded")]),
]


# -- reference_impl, from its code ---------------------------------------------------------------------------------


def ours_frame(start: int, stop: int) -> list[Told]:
    """`bytes(self.buffer[:n])` is what `_read` gives, and `apply_mask` gives the payload."""
    return [
        ("slice", "slice", start, stop, "FrameParser._read"),
        ("made", "unmasked", 0, stop - start, "apply_mask"),
    ]


def ours_text(start: int, stop: int) -> list[Told]:
    return [*ours_frame(start, stop), ("made", "decoded", 0, stop - start, "Utf8.decode")]


#: A StringIO that was written to once gives that very object, but since Python 3.12 it gives a copy.
COPIED = sys.version_info >= (3, 12)


def ours_in(text: str, start: int, stop: int) -> Way:
    copied: list[Told] = [("made", "copy", 0, stop - start, "Server.receive")] if COPIED else []
    return "in", text, [("recv", start, stop)], [*ours_text(start, stop), *copied]


def ours_out(value: str | bytes, header: int = 2) -> Way:
    size = len(value)
    encoded: list[Told] = [("made", "encoded", 0, size, "Connection._message_frame")]
    return (
        "out",
        value,
        [("send", header, header + size)],
        [*(encoded if isinstance(value, str) else []), ("made", "joined", header, header + size, "Frame.serialize")],
    )


OURS_WAYS: list[Way] = [
    ours_in("Hello", 6, 11),
    ours_out("str 5"),
    # a BytesIO is written to, and gives a copy
    ("in", b"Hello", [("recv", 6, 11)], [*ours_frame(6, 11), ("made", "copy", 0, 5, "Server.receive")]),
    ours_out("bytes 5"),
    (
        "in",
        "Hello",
        [("recv", 6, 9), ("recv", 15, 17)],
        [
            *ours_text(6, 9),
            *ours_text(15, 17),
            ("made", "joined", 0, 3, "Server.receive"),
            ("made", "joined", 3, 5, "Server.receive"),
        ],
    ),
    ours_out("str 5"),
    ours_out("None"),
    ours_out("Hello"),
    ours_out(b"Hello"),
    ours_out("x" * 200, 4),
    ours_out(b"x" * 70_000, 10),
    ours_in("Hello", 24, 29),
    ours_out("Hello"),
    ours_in("Hello", 6, 11),
    (
        "out",
        "bye",
        [("send", 4, 7)],
        [("made", "joined", 2, 5, "format_close"), ("made", "joined", 2, 7, "Frame.serialize")],
    ),
    ours_in("Hello", 6, 11),
    ours_out("Hello"),
]
#: Of the header and the body that it becomes, the ends: `request.headers` gives all headers, one of them asked for.
OURS_HEADER = [("in", [("recv", 12, 26)]), ("out", [("send", 98, 112)])]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("stack", "expected"), [(REAL, REAL_WAYS), (OURS, OURS_WAYS)], ids=["real", "ours"])
def test_scenarios(stack: object, expected: list[Way], engine: str, tmp_path: Path) -> None:
    record_stack(stack, tmp_path / "a.trace", [SCENARIOS[name].script for name in SCRIPTS], engine)  # type: ignore[arg-type,misc]
    with Trace.open(tmp_path / "a.trace") as trace:
        flow = Flow(trace)
        found = journeys(flow)
        ways = [told(flow, journey) for journey in found]
        assert ways[: len(expected)] == expected
        http = [(way[0], way[2]) for way in ways[len(expected) :] if way[1] == "Who parsed me?"]
        assert http == ([] if stack is REAL else OURS_HEADER)
        unsure = [told_edge(flow, edge)[-1] for j in found[: len(expected)] for edge in j.edges if edge.ambiguous]
        assert unsure == [name for name in unsure if name in UNSURE]
        (pong,) = [told(flow, journey) for journey in answers(flow) if journey.node.value.data == b"Hello"]
    edges = [*real_frame(6, 11), *real_sent(5, 2, False)] if stack is REAL else PONG
    assert pong == ("through", b"Hello", [("recv", 6, 11), ("send", 2, 7)], edges)


#: The body is encoded in a call that keeps it in the response, and is first seen when that is iterated: nothing there
#: had the text at hand but the calls around.
UNSURE = ("_iter_encoded",)
PONG: list[Told] = [*ours_frame(6, 11), ("made", "joined", 2, 7, "Frame.serialize")]


# -- whole messages ------------------------------------------------------------------------------------------------


class Talk:
    """The journeys of programs/whole on one stack, by what was said."""

    def __init__(self, name: str, flow: Flow) -> None:
        self.name, self.flow = name, flow
        connections = sorted({wire.connection for wire in flow.trace.wires if wire.direction})
        assert len(connections) == len(WHOLE)
        self._of = dict(zip(WHOLE, connections, strict=True))
        self._found = journeys(flow)

    def of(self, case: str, direction: str) -> list[Journey]:
        return [j for j in self._found if j.direction == direction and self._on(j, case)]

    def answers(self, case: str) -> list[Journey]:
        return [j for j in answers(self.flow) if self._on(j, case)]

    def _on(self, journey: Journey, case: str) -> bool:
        return all(stretch.wire.connection == self._of[case] for stretch in journey.wires)

    def hows(self, journey: Journey) -> list[str]:
        return [edge.relation.how for edge in journey.edges]


@pytest.fixture(scope="module", params=["real", "ours"])
def talk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    path = tmp_path_factory.mktemp("whole") / "a.trace"
    record_whole(request.param, path, list(WHOLE.values()))
    with Trace.open(path) as trace:
        yield Talk(request.param, Flow(trace))


def test_no_edge_is_untrue(talk: Talk) -> None:
    """Every edge of the whole trace, recomputed by other means than the flow's."""
    assert faults(talk.flow) == []


@pytest.mark.parametrize(
    ("case", "first", "second"),
    [("two in one read", "first one", "second one"), ("equal in one read", "the same", "the same")],
)
def test_two_messages_in_one_read(talk: Talk, case: str, first: str, second: str) -> None:
    one, two = talk.of(case, "in")
    assert (one.node.value.data, two.node.value.data) == (first, second)
    (a,), (b,) = one.wires, two.wires
    assert a.wire is b.wire
    assert (a.start, a.stop, b.start, b.stop) == (6, 6 + len(first), 12 + len(first), 12 + len(first) + len(second))


@pytest.mark.parametrize(("case", "value"), [("equal", "the same"), ("equal binary", b"the same")])
def test_equal_messages_have_no_edge_in_common(talk: Talk, case: str, value: object) -> None:
    one, two = talk.of(case, "in")
    assert one.node.value.data == two.node.value.data == value
    assert one.node.id != two.node.id
    assert one.wires[0].wire.id != two.wires[0].wire.id
    assert not {edge.target for edge in one.edges} & {edge.target for edge in two.edges}
    assert not {edge.source for edge in one.edges} & {edge.source for edge in two.edges}
    assert talk.hows(one) == talk.hows(two)


def test_equal_values_sent_go_two_ways(talk: Talk) -> None:
    for case, value in (("same", "the same"), ("twice", "hello you")):
        one, two = talk.of(case, "out")
        assert one.node.value.data == two.node.value.data == value
        assert one.node.id == two.node.id
        assert [(s.start, s.stop) for s in one.wires] == [(s.start, s.stop) for s in two.wires] == [(2, 2 + len(value))]
        assert one.wires[0].wire.id != two.wires[0].wire.id
        assert not {edge.target for edge in one.edges} & {edge.target for edge in two.edges}
        assert talk.hows(one) == talk.hows(two) != []


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("cut everywhere", b"Hello"),
        ("70,000 bytes", SOUND),
        ("70,000 equal bytes", b"x" * 70_000),
        ("echo 70,000", SOUND),
        ("70,000 characters", CHARACTERS.encode()),
    ],
)
def test_over_many_reads(talk: Talk, case: str, message: bytes) -> None:
    """All bytes of the payload, each once and in order; and the pieces make up the whole."""
    (journey,) = talk.of(case, "in")
    whole, again = journey.node.octets == message, unmasked(talk.flow, journey) == message
    assert whole and again  # compared before: pytest would draw the difference of 70,000 bytes, for minutes
    assert len(journey.wires) > 1
    parts = [edge.relation for edge in journey.edges if edge.target == journey.node.id]
    assert {part.how for part in parts} == {"joined"}
    assert [0, *(part.stop for part in parts)] == [*(part.start for part in parts), len(message)]
    assert not journey.cut(talk.flow.trace)


def test_many_frames(talk: Talk) -> None:
    (journey,) = talk.of("frames", "in")
    assert journey.node.value.data == "one two three"
    assert [(s.start, s.stop) for s in journey.wires] == [(6, 10), (6, 10), (6, 11)]
    parts = [(e.relation.how, e.relation.start, e.relation.stop) for e in journey.edges if e.target == journey.node.id]
    assert parts == [("joined", 0, 4), ("joined", 4, 8), ("joined", 8, 13)]


@pytest.mark.parametrize(("case", "second"), [("deflated", 46), ("context takeover", 5)])
def test_compressed(talk: Talk, case: str, second: int) -> None:
    """The inflated bytes are a value of their own; the second message may lean on the first, and is its own all the
    same."""
    one, two = talk.of(case, "in")
    assert one.node.octets == two.node.octets == MESSAGE
    assert [(s.start, s.stop) for s in one.wires] == [(6, 52)]
    assert [(s.start, s.stop) for s in two.wires] == [(6, 6 + second)]
    between = ["copy", "inflated", "copy"] if talk.name == "real" else ["inflated"]
    copied = ["copy"] if COPIED and talk.name == "ours" else []
    for journey in (one, two):
        assert talk.hows(journey) == ["slice", "unmasked", *between, "decoded", *copied]
    assert not {edge.target for edge in one.edges} & {edge.target for edge in two.edges}


def test_an_echo_is_one_object_in_and_out(talk: Talk) -> None:
    for case in ("echo", "echo 70,000", "deflated echo"):
        (came,), (went,) = talk.of(case, "in"), talk.of(case, "out")
        assert came.node is went.node
        assert came.order <= went.order
        assert went.nodes[0] is came.node
    (went,) = talk.of("deflated echo", "out")
    assert "deflated" in talk.hows(went)


def test_70_000_bytes_out(talk: Talk) -> None:
    (journey,) = talk.of("echo 70,000", "out")
    assert [(s.start, s.stop) for s in journey.wires] == [(10, 70_010)]
    assert talk.hows(journey) == (["joined", "copy"] if talk.name == "real" else ["joined"])


def test_the_payload_of_a_ping_that_the_library_answers(talk: Talk) -> None:
    """The program never had it: it is in no journey of the program, but among the answers."""
    assert not [j for j in talk.of("ping", "in") + talk.of("ping", "out") if j.node.octets == b"are you there"]
    (journey,) = [j for j in talk.answers("ping") if j.node.octets == b"are you there"]
    assert journey.direction == "through"
    read, written = journey.wires[0], journey.wires[-1]
    assert (read.wire.direction, read.start, read.stop) == ("in", 6, 19)
    assert (written.wire.direction, written.start, written.stop) == ("out", 2, 15)
    assert talk.hows(journey)[:2] == ["slice", "unmasked"]
