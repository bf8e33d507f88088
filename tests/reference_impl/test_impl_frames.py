"""RFC 6455, section 5.2: each row is a frame and its bytes, for both directions; then the original as the oracle."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.frame_protocol import FrameProtocol, XorMaskerSimple

from reference_impl.closing import ParseFailed
from reference_impl.frames import Frame, FrameParser, Opcode, apply_mask

KEY = bytes.fromhex("37fa213d")  # RFC 6455, section 5.7

CASES = [
    pytest.param(Frame(Opcode.TEXT, b"Hello"), None, "810548656c6c6f", id="5.7 unmasked text"),
    pytest.param(Frame(Opcode.TEXT, b"Hello"), KEY, "818537fa213d7f9f4d5158", id="5.7 masked text"),
    pytest.param(Frame(Opcode.TEXT, b"Hel", fin=False), None, "010348656c", id="5.7 first fragment"),
    pytest.param(Frame(Opcode.CONTINUATION, b"lo"), None, "80026c6f", id="5.7 last fragment"),
    pytest.param(Frame(Opcode.PING, b"Hello"), None, "890548656c6c6f", id="5.7 ping"),
    pytest.param(Frame(Opcode.PONG, b"Hello"), KEY, "8a8537fa213d7f9f4d5158", id="5.7 masked pong"),
    pytest.param(Frame(Opcode.BINARY, bytes(256)), None, "827e0100" + "00" * 256, id="5.7 256 bytes"),
    pytest.param(Frame(Opcode.BINARY, bytes(65536)), None, "827f0000000000010000" + "00" * 65536, id="5.7 64 KiB"),
    pytest.param(Frame(Opcode.TEXT), KEY, "818037fa213d", id="empty"),
    pytest.param(Frame(Opcode.BINARY, b"a" * 125), None, "827d" + "61" * 125, id="125 bytes"),
    pytest.param(Frame(Opcode.BINARY, b"a" * 126), None, "827e007e" + "61" * 126, id="126 bytes"),
    pytest.param(Frame(Opcode.BINARY, b"a" * 65535), None, "827effff" + "61" * 65535, id="65535 bytes"),
    pytest.param(Frame(Opcode.CLOSE, b"\x03\xe8"), KEY, "888237fa213d3412", id="close"),
    pytest.param(Frame(Opcode.TEXT, b"\xf2H", rsv1=True), None, "c102f248", id="compressed"),
]


def whole(parts: list[Frame]) -> list[Frame]:
    """Parts put together again: those behind the first are continuations."""
    frames: list[Frame] = []
    missing = 0
    for part in parts:
        if missing:
            assert part.opcode is Opcode.CONTINUATION
            frames[-1] = frames[-1]._replace(payload=frames[-1].payload + part.payload)
        else:
            frames.append(part._replace(missing=0))
        missing = part.missing
    return frames


def parse(chunks: list[bytes], from_client: bool) -> list[Frame]:
    parser = FrameParser(from_client, compression=True)
    parts: list[Frame] = []
    for chunk in chunks:
        parser.receive_bytes(chunk)
        parts += parser.frames()
    return whole(parts)


@pytest.mark.parametrize(("frame", "mask", "wire"), CASES)
def test_serialize(frame: Frame, mask: bytes | None, wire: str) -> None:
    assert frame.serialize(mask).hex() == wire


@pytest.mark.parametrize(("frame", "mask", "wire"), CASES)
def test_parse(frame: Frame, mask: bytes | None, wire: str) -> None:
    data = bytes.fromhex(wire)
    assert parse([data], mask is not None) == [frame]
    if len(data) < 300:
        assert parse([data[i : i + 1] for i in range(len(data))], mask is not None) == [frame]


@pytest.mark.parametrize(
    ("wire", "sentence"),
    [
        ("8105", "5.1: frames from a client must be masked"),
        ("a180", "5.2: RSV2"),
        ("9180", "5.2: RSV2"),
        ("c980", "5.2: RSV1"),
        ("c080", "5.2: RSV1"),
        *((f"{0x80 | opcode:02x}80", "reserved") for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)),
        ("0980", "fragmented"),
        ("0880", "fragmented"),
        ("89fe", "125"),
        ("88ff", "125"),
        ("82fe007d", "shortest"),
        ("82ff000000000000ffff", "shortest"),
        ("82ff8000000000000000", "below 2"),
    ],
)
def test_fails_at_the_byte_that_is_wrong(wire: str, sentence: str) -> None:
    parser = FrameParser(from_client=True, compression=True)
    *before, last = (bytes([byte]) for byte in bytes.fromhex(wire))
    for byte in before:
        parser.receive_bytes(byte)
        assert list(parser.frames()) == []
    parser.receive_bytes(last)
    with pytest.raises(ParseFailed, match=sentence):
        list(parser.frames())
    assert list(parser.frames()) == []  # and never again


def test_server_must_not_mask() -> None:
    parser = FrameParser(from_client=False)
    parser.receive_bytes(Frame(Opcode.TEXT, b"x").serialize(KEY))
    with pytest.raises(ParseFailed, match="from a server"):
        list(parser.frames())


def test_rsv1_without_compression() -> None:
    parser = FrameParser(from_client=True)
    parser.receive_bytes(bytes.fromhex("c180"))
    with pytest.raises(ParseFailed, match="RSV1"):
        list(parser.frames())


def test_a_header_is_handed_on_before_its_payload() -> None:
    parser = FrameParser(from_client=True)
    parser.receive_bytes(bytes.fromhex("82ff0000010000000000") + KEY)
    [frame] = parser.frames()
    assert frame == Frame(Opcode.BINARY, missing=1 << 40)


def test_control_payload_too_long_to_send() -> None:
    with pytest.raises(ValueError, match="125"):
        Frame(Opcode.PING, bytes(126)).serialize()


@given(st.binary(max_size=200), st.binary(min_size=4, max_size=4), st.integers(0, 9))
def test_mask_as_the_original(data: bytes, key: bytes, offset: int) -> None:
    original = XorMaskerSimple(key)
    original.process(bytearray(offset))
    assert apply_mask(data, key, offset) == bytes(original.process(bytearray(data)))
    assert apply_mask(apply_mask(data, key, offset), key, offset) == data


def frame(opcode: Opcode, payload: bytes, fin: bool = True, rsv1: bool = False) -> Frame:
    """A whole one."""
    return Frame(opcode, payload, fin, rsv1)


FRAMES = st.one_of(
    st.builds(
        frame,
        st.sampled_from([Opcode.TEXT, Opcode.BINARY]),
        st.one_of(st.binary(max_size=300), st.sampled_from([bytes(65535), bytes(65536)])),
        st.booleans(),
        st.booleans(),
    ),
    st.builds(frame, st.just(Opcode.CONTINUATION), st.binary(max_size=300), st.booleans()),
    st.builds(frame, st.sampled_from([op for op in Opcode if op.iscontrol()]), st.binary(max_size=125)),
)


@given(st.lists(FRAMES, max_size=6), st.one_of(st.none(), st.binary(min_size=4, max_size=4)), st.data())
def test_round_trip_cut_anywhere(frames: list[Frame], mask: bytes | None, data: st.DataObject) -> None:
    wire = b"".join(frame.serialize(mask) for frame in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=12)))
    chunks = [wire[a:b] for a, b in zip([0, *cuts], [*cuts, len(wire)], strict=True)]
    assert parse(chunks, mask is not None) == frames


@given(st.binary(max_size=70000) | st.text(max_size=500), st.booleans())
def test_serializes_as_the_original(data: bytes | str, fin: bool) -> None:
    opcode = Opcode.TEXT if isinstance(data, str) else Opcode.BINARY
    payload = data.encode() if isinstance(data, str) else data
    assert Frame(opcode, payload, fin).serialize() == FrameProtocol(client=False, extensions=[]).send_data(data, fin)
