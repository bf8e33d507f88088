"""RFC 6455, sections 5.4 to 8.1, without I/O: rows of bytes and events; two ends back to back; garbage."""

from __future__ import annotations

import itertools
import os
from typing import Any

import pytest
import wsproto.connection
import wsproto.events
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.closing import CloseReason, format_close
from reference_impl.connection import (
    BytesMessage,
    CloseConnection,
    Connection,
    ConnectionState,
    ConnectionType,
    Event,
    LocalProtocolError,
    Message,
    Ping,
    Pong,
    TextMessage,
)
from reference_impl.deflate import PerMessageDeflate
from reference_impl.frames import Frame, Opcode

KEY = bytes.fromhex("37fa213d")
CLIENT, SERVER = ConnectionType.CLIENT, ConnectionType.SERVER


def wire(*frames: Frame) -> bytes:
    return b"".join(frame.serialize(KEY) for frame in frames)


def feed(connection: Connection, *chunks: bytes) -> list[Event]:
    events: list[Event] = []
    for chunk in chunks:
        connection.receive_data(chunk)
        events += connection.events()
    return events


def messages(events: list[Event]) -> list[Event]:
    """Parts of messages put together; all other events as they are."""
    out: list[Event] = []
    unfinished: list[str | bytes] = []
    for event in events:
        if not isinstance(event, Message):
            out.append(event)
            continue
        unfinished.append(event.data)
        if event.message_finished:
            out.append(type(event)(event.data[:0].join(unfinished)))
            unfinished = []
    return out


def code(events: list[Event]) -> int | None:
    return next((event.code for event in events if isinstance(event, CloseConnection)), None)


class Test5_4Fragmentation:
    def test_joined(self) -> None:
        frames = [Frame(Opcode.TEXT, b"H", fin=False), Frame(Opcode.CONTINUATION, b"", fin=False)]
        frames += [Frame(Opcode.PING, b"?"), Frame(Opcode.CONTINUATION, b"i")]
        assert messages(feed(Connection(SERVER), wire(*frames))) == [Ping(b"?"), TextMessage("Hi")]

    @pytest.mark.parametrize(
        "frames",
        [
            [Frame(Opcode.CONTINUATION, b"x")],
            [Frame(Opcode.TEXT, b"x", fin=False), Frame(Opcode.TEXT, b"y")],
            [Frame(Opcode.BINARY, b"x", fin=False), Frame(Opcode.TEXT, b"y")],
            [Frame(Opcode.BINARY, b"x"), Frame(Opcode.CONTINUATION, b"y")],
        ],
    )
    def test_out_of_order(self, frames: list[Frame]) -> None:
        assert code(feed(Connection(SERVER), wire(*frames))) == 1002

    def test_send_fragments(self) -> None:
        connection = Connection(SERVER)
        assert connection.send(TextMessage("Hel", message_finished=False)).hex() == "010348656c"
        with pytest.raises(LocalProtocolError):
            connection.send(BytesMessage(b"lo"))
        assert connection.send(TextMessage("lo")).hex() == "80026c6f"

    @pytest.mark.parametrize("data", [5, {}, ["Hello"], None])
    def test_what_is_neither_bytes_nor_str_is_no_message(self, data: Any) -> None:
        """As in the original, which raises TypeError, too."""
        connection = Connection(SERVER)
        with pytest.raises(TypeError, match=type(data).__name__):
            connection.send(BytesMessage(data))
        assert connection.send(BytesMessage(b"x")).hex() == "820178"


class Test7Closing:
    @pytest.mark.parametrize("number", [*range(1000, 1004), *range(1007, 1015), 3000, 3999, 4000, 4999])
    def test_codes_that_are_allowed(self, number: int) -> None:
        connection = Connection(SERVER)
        [event] = feed(connection, wire(Frame(Opcode.CLOSE, number.to_bytes(2, "big") + b"bye")))
        assert event == CloseConnection(number, "bye")
        assert isinstance(event, CloseConnection)
        assert isinstance(event.code, CloseReason) is (number < 3000), "a code with a name is given by it"
        assert connection.state is ConnectionState.REMOTE_CLOSING
        assert connection.send(event.response()) == Frame(Opcode.CLOSE, format_close(number, "bye")).serialize()
        assert connection.state is ConnectionState.CLOSED

    @pytest.mark.parametrize("number", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
    def test_codes_that_are_not(self, number: int) -> None:
        assert code(feed(Connection(SERVER), wire(Frame(Opcode.CLOSE, number.to_bytes(2, "big"))))) == 1002

    @pytest.mark.parametrize(
        ("payload", "expected"), [(b"", 1005), (b"\x03", 1002), (b"\x03\xe8\xff", 1007), (b"\x03\xe8\xc3", 1007)]
    )
    def test_payloads(self, payload: bytes, expected: int) -> None:
        assert code(feed(Connection(SERVER), wire(Frame(Opcode.CLOSE, payload)))) == expected

    def test_an_empty_close_is_answered_with_one(self) -> None:
        connection = Connection(SERVER)
        [event] = feed(connection, wire(Frame(Opcode.CLOSE)))
        assert isinstance(event, CloseConnection)
        assert connection.send(event.response()).hex() == "8800"

    def test_nothing_after_a_close(self) -> None:
        connection = Connection(SERVER)
        assert len(feed(connection, wire(Frame(Opcode.CLOSE), Frame(Opcode.TEXT, b"late")), b"\xff\xff")) == 1

    def test_nothing_after_a_failure(self) -> None:
        connection = Connection(SERVER)
        assert len(feed(connection, b"\xff\xff" + wire(Frame(Opcode.TEXT, b"late")), wire(Frame(Opcode.CLOSE)))) == 1
        assert connection.state is ConnectionState.REMOTE_CLOSING

    def test_we_close_first(self) -> None:
        connection = Connection(SERVER)
        assert connection.send(CloseConnection(4321, "bye")).hex() == "880510e1627965"
        assert connection.state is ConnectionState.LOCAL_CLOSING
        events = feed(connection, wire(Frame(Opcode.TEXT, b"still"), Frame(Opcode.CLOSE, b"\x10\xe1")))
        assert events == [TextMessage("still"), CloseConnection(4321, "")]
        assert connection.state is ConnectionState.CLOSED
        with pytest.raises(LocalProtocolError):
            connection.receive_data(b"x")

    @pytest.mark.parametrize("event", [TextMessage("x"), Ping(), Pong(), CloseConnection(1000)])
    def test_nothing_is_sent_after_our_close(self, event: Event) -> None:
        connection = Connection(SERVER)
        connection.send(CloseConnection(1000))
        with pytest.raises(LocalProtocolError, match="LOCAL_CLOSING"):
            connection.send(event)

    def test_tcp_ends_without_a_close(self) -> None:
        connection = Connection(SERVER)
        connection.receive_data(None)
        assert list(connection.events()) == [CloseConnection(1006)]
        assert connection.state is ConnectionState.CLOSED

    def test_tcp_ends_after_a_close(self) -> None:
        connection = Connection(SERVER)
        feed(connection, wire(Frame(Opcode.CLOSE)))
        connection.receive_data(None)
        assert list(connection.events()) == []

    def test_local_codes_are_replaced(self) -> None:
        assert format_close(1006, "x") == b"\x03\xe8x"
        assert format_close(1005, "x") == b""

    @pytest.mark.parametrize("number", [0, 999, 1004, 5000, 70000, -1])
    def test_a_wrong_code_leaves_the_connection_open(self, number: int) -> None:
        connection = Connection(SERVER)
        with pytest.raises(ValueError, match=str(number)):
            connection.send(CloseConnection(number))
        assert connection.state is ConnectionState.OPEN

    def test_a_long_reason_is_cut_between_characters(self) -> None:
        payload = format_close(1000, "é" * 100)
        assert len(payload) == 124
        assert payload[2:].decode() == "é" * 61

    @pytest.mark.parametrize("facts", list(itertools.product((False, True), repeat=2)))
    def test_every_pair_of_facts_is_a_state(self, facts: tuple[bool, bool]) -> None:
        connection = Connection(SERVER)
        connection.close_sent, connection.close_received = facts
        assert connection.state.value == facts


class Test8_1Utf8:
    @pytest.mark.parametrize(
        "bad",
        [
            "80",
            "c0",
            "c1",
            "e080",
            "e09f",
            "eda0",
            "edbf",
            "f080",
            "f08f",
            "f490",
            "f5",
            "ff",
            "e228",
            "f09028",
            "c241",
        ],
    )
    def test_fails_at_the_first_bad_byte(self, bad: str) -> None:
        """Neither the frame nor the message has ended."""
        connection = Connection(SERVER)
        *before, last = bytes.fromhex(bad)
        head = wire(Frame(Opcode.TEXT, bytes(100), fin=False))[:6]
        stream = [bytes([byte ^ KEY[i % 4]]) for i, byte in enumerate([*b"ok", *before, last])]
        assert code(feed(connection, head, *stream[:-1])) is None
        assert code(feed(connection, stream[-1])) == 1007

    @pytest.mark.parametrize("text", ["κόσμε", "\ud7ff", "\ue000", "\U0010ffff", "\x00", "\ufeffx"])
    def test_split_over_fragments(self, text: str) -> None:
        first, *middle, last = (bytes([byte]) for byte in b"-" + text.encode())
        frames = [Frame(Opcode.TEXT, first, fin=False)]
        frames += [Frame(Opcode.CONTINUATION, byte, fin=False) for byte in middle]
        frames.append(Frame(Opcode.CONTINUATION, last))
        assert messages(feed(Connection(SERVER), wire(*frames))) == [TextMessage("-" + text)]

    def test_truncated_at_the_end(self) -> None:
        assert code(feed(Connection(SERVER), wire(Frame(Opcode.TEXT, b"\xce")))) == 1007

    def test_binary_is_not_checked(self) -> None:
        assert feed(Connection(SERVER), wire(Frame(Opcode.BINARY, b"\xff"))) == [BytesMessage(b"\xff")]


class TestLimit:
    """7.4.1: 1009, in bytes, as soon as it is known."""

    @pytest.mark.parametrize("payload", [b"a" * 10, "é".encode() * 5])
    def test_exactly(self, payload: bytes) -> None:
        connection = Connection(SERVER, limit=10)
        assert code(feed(connection, wire(Frame(Opcode.TEXT, payload)), wire(Frame(Opcode.TEXT, payload)))) is None

    @pytest.mark.parametrize("payload", [b"a" * 11, "é".encode() * 6])
    def test_over(self, payload: bytes) -> None:
        assert code(feed(Connection(SERVER, limit=10), wire(Frame(Opcode.TEXT, payload)))) == 1009

    def test_over_in_fragments(self) -> None:
        connection = Connection(SERVER, limit=10)
        assert code(feed(connection, wire(Frame(Opcode.BINARY, bytes(6), fin=False)))) is None
        assert code(feed(connection, wire(Frame(Opcode.CONTINUATION, bytes(5)))[:6])) == 1009

    def test_announced(self) -> None:
        assert code(feed(Connection(SERVER, limit=10), bytes.fromhex("82ff0000010000000000") + KEY)) == 1009

    def test_inflated(self) -> None:
        bomb = Frame(Opcode.BINARY, PerMessageDeflate().deflate(bytes(1 << 20), last=True), rsv1=True)
        assert len(bomb.payload) < 2000
        connection = Connection(SERVER, PerMessageDeflate(), limit=10)
        assert code(feed(connection, wire(bomb))) == 1009


class TestCompressed:
    """RFC 7692, section 6."""

    def test_ping_inside_a_compressed_message(self) -> None:
        """The original fails here with 1007."""
        payload = PerMessageDeflate().deflate(b"Hello, Hello", last=True)
        frames = [Frame(Opcode.TEXT, payload[:3], fin=False, rsv1=True), Frame(Opcode.PING, b"?")]
        frames.append(Frame(Opcode.CONTINUATION, payload[3:]))
        connection = Connection(SERVER, PerMessageDeflate())
        assert messages(feed(connection, wire(*frames))) == [Ping(b"?"), TextMessage("Hello, Hello")]

    def test_rsv1_only_on_the_first_fragment(self) -> None:
        connection = Connection(SERVER, PerMessageDeflate())
        first = connection.send(TextMessage("Hel", message_finished=False))
        last = connection.send(TextMessage("lo"))
        assert (first[0], last[0]) == (0b0100_0001, 0b1000_0000)

    def test_broken(self) -> None:
        connection = Connection(SERVER, PerMessageDeflate())
        assert code(feed(connection, wire(Frame(Opcode.TEXT, b"\xff\xff\xff", rsv1=True)))) == 1007


SENT = st.lists(st.one_of(st.text(), st.binary(max_size=300), st.builds(bytes, st.sampled_from([70000]))), max_size=5)


@given(SENT, st.booleans(), st.sampled_from([CLIENT, SERVER]), st.data())
def test_messages_round_trip_cut_anywhere(
    sent: list[str | bytes], compress: bool, sender: ConnectionType, data: st.DataObject
) -> None:
    here, there = (Connection(end, PerMessageDeflate() if compress else None) for end in (CLIENT, SERVER))
    if sender is SERVER:
        here, there = there, here
    stream = b""
    for message in sent:
        cut = data.draw(st.integers(0, len(message)))
        kind = TextMessage if isinstance(message, str) else BytesMessage
        stream += here.send(kind(message[:cut], message_finished=False))  # type: ignore[arg-type]
        stream += here.send(Ping(b"between"))
        stream += here.send(kind(message[cut:]))  # type: ignore[arg-type]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    events = messages(feed(there, *chunks))
    assert [event.data for event in events if isinstance(event, Message)] == sent
    assert events.count(Ping(b"between")) == len(sent)


def masked_garbage() -> st.SearchStrategy[bytes]:
    """Bytes that look like frames now and then, so that garbage comes far."""
    frame = st.builds(
        lambda first, payload: bytes([first, 0x80 | len(payload)]) + KEY + payload,
        st.integers(0, 255) | st.sampled_from([0x81, 0x01, 0x80, 0x00, 0xC1, 0x82, 0x89, 0x88]),
        st.binary(max_size=125),
    )
    return st.lists(frame | st.binary(max_size=20), max_size=8).map(b"".join)


@given(st.lists(masked_garbage(), max_size=4), st.booleans())
def test_garbage_never_raises_and_never_grows(chunks: list[bytes], compress: bool) -> None:
    connection = Connection(SERVER, PerMessageDeflate() if compress else None, limit=100)
    events = feed(connection, *chunks)
    closes = [event for event in events if isinstance(event, CloseConnection)]
    assert closes == events[len(events) - len(closes) :] and len(closes) <= 1
    assert len(connection._parser.buffer) <= 14 + 125 + max(map(len, chunks), default=0)
    for close in closes:
        assert close.code in {1002, 1005, 1007, 1009} or 1000 <= close.code < 5000
        assert connection.send(close.response())[0] == 0x88
        assert connection.state is ConnectionState.CLOSED


@given(masked_garbage())
def test_events_as_the_original(stream: bytes) -> None:
    """The original is the oracle, without compression. It does not know 1014, and is later with a surrogate."""
    ours, theirs = Connection(SERVER), wsproto.connection.Connection(wsproto.connection.SERVER)
    got = messages(feed(ours, stream))
    theirs.receive_data(stream)
    expected = list(theirs.events())
    if any(isinstance(event, CloseConnection) and event.code in (1007, 1014) for event in got):
        return
    closes = [event.code for event in expected if isinstance(event, wsproto.events.CloseConnection)]
    assert closes == [event.code for event in got if isinstance(event, CloseConnection)]
    pings = [bytes(event.payload) for event in expected if isinstance(event, wsproto.events.Ping)]
    assert pings == [event.payload for event in got if isinstance(event, Ping)]
    parts = [event.data for event in expected if isinstance(event, wsproto.events.Message)]
    whole = [event.data for event in feed(Connection(SERVER), stream) if isinstance(event, Message)]
    for kind in (str, bytes):
        assert kind().join(part for part in parts if isinstance(part, kind)) == kind().join(
            part for part in whole if isinstance(part, kind)
        )


def test_client_masks_with_a_fresh_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "urandom", lambda size: KEY)
    assert Connection(CLIENT).send(TextMessage("Hello")).hex() == "818537fa213d7f9f4d5158"
