"""RFC 6455 sections 5.1-5.3 and 5.6: the bits of a frame, its length forms, its mask. Rows F01-F08, F18-F21."""

from __future__ import annotations

import random

import pytest

from .peer import BINARY, CLOSE, CONT, PING, PONG, TEXT, close_frame, frame
from .servers import Served, Starter

UNMASKED = {
    "text": frame(TEXT, b"Hello", key=None),
    "empty-text": frame(TEXT, b"", key=None),
    "binary": frame(BINARY, b"Hello", key=None),
    "ping": frame(PING, b"Hello", key=None),
    "close": close_frame(1000, key=None),
    "continuation": frame(TEXT, b"Hel", fin=False) + frame(CONT, b"lo", key=None),
}


@pytest.mark.parametrize("data", UNMASKED.values(), ids=UNMASKED.keys())
def test_F01_unmasked(server: Served, data: bytes) -> None:
    """5.1: "The server MUST close the connection upon receiving a frame that is not masked." """
    with server.open() as peer:
        peer.send(data)
        peer.expect_failed(1002)


def test_F02_server_masks_nothing(server: Served) -> None:
    """5.1: "A server MUST NOT mask any frames"; each kind that a server sends (`expect` looks at the bit)."""
    with server.open() as peer:
        for sent, opcode, payload in [
            (frame(TEXT, b"Hello"), TEXT, b"Hello"),
            (frame(BINARY, b"Hello"), BINARY, b"Hello"),
            (frame(PING, b"Hello"), PONG, b"Hello"),
        ]:
            peer.send(sent)
            peer.expect(opcode, payload)
        peer.send(close_frame(1000))
        peer.expect_close(1000)


OPCODES = {"text": TEXT, "binary": BINARY, "ping": PING, "pong": PONG, "close": CLOSE}


@pytest.mark.parametrize("rsv", [0b100, 0b010, 0b001, 0b111], ids=["RSV1", "RSV2", "RSV3", "RSV123"])
@pytest.mark.parametrize("opcode", OPCODES.values(), ids=OPCODES.keys())
def test_F03_reserved_bits(server: Served, opcode: int, rsv: int) -> None:
    """5.2: "MUST be 0 unless an extension is negotiated"; none is, here."""
    with server.open() as peer:
        peer.send(frame(opcode, b"\x03\xe8", rsv=rsv))
        peer.expect_failed(1002)


def test_F03_reserved_bit_of_a_continuation(server: Served) -> None:
    with server.open() as peer:
        peer.send(frame(TEXT, b"Hel", fin=False), frame(CONT, b"lo", rsv=0b010))
        peer.expect_failed(1002)


@pytest.mark.parametrize("payload", [b"", b"Hello"], ids=["empty", "hello"])
@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
def test_F04_reserved_opcodes(server: Served, opcode: int, payload: bytes) -> None:
    with server.open() as peer:
        peer.send(frame(opcode, payload))
        peer.expect_failed(1002)


@pytest.mark.parametrize("opcode", [TEXT, BINARY], ids=["text", "binary"])
@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65535, 65536, 1_000_000])
def test_F05_F06_lengths(server: Served, length: int, opcode: int) -> None:
    """Every length form comes in right, and the shortest one goes out (`expect` looks at the form)."""
    payload = bytes(32 + at * 7 % 95 for at in range(length))
    with server.open() as peer:
        peer.send(frame(opcode, payload))
        peer.expect(opcode, payload)
        peer.expect_alive()


@pytest.mark.parametrize(("length", "form"), [(0, 16), (5, 16), (125, 16), (0, 64), (125, 64), (126, 64), (65535, 64)])
def test_F07_longer_form_than_needed(server: Served, length: int, form: int) -> None:
    """5.2: "the minimal number of bytes MUST be used to encode the length"."""
    with server.open() as peer:
        peer.send(frame(BINARY, b"x" * length, form=form))
        peer.expect_failed(1002)


@pytest.mark.parametrize("claim", [1 << 63, (1 << 63) + 5, (1 << 64) - 1])
def test_F08_top_bit_of_the_length(server: Served, claim: int) -> None:
    """5.2: "the most significant bit MUST be 0". The header alone is enough to know."""
    with server.open() as peer:
        peer.send(frame(BINARY, b"", form=64, claim=claim))
        peer.expect_failed(1002, 1009)


@pytest.mark.parametrize("opcode", [TEXT, BINARY], ids=["text", "binary"])
@pytest.mark.parametrize("payload", [b"", b"Hello", "κόσμε 🌍".encode()], ids=["empty", "ascii", "utf-8"])
def test_F18_type_is_kept(server: Served, opcode: int, payload: bytes) -> None:
    with server.open() as peer:
        peer.send(frame(opcode, payload))
        peer.expect(opcode, payload)


def test_F19_the_frame_of_section_5_7(server: Served) -> None:
    """The RFC's own bytes: a masked "Hello" in, an unmasked one out."""
    with server.open() as peer:
        peer.send(bytes.fromhex("81 85 37 fa 21 3d 7f 9f 4d 51 58"))
        peer.expect(TEXT, b"Hello")
        assert bytes(peer.received).endswith(bytes.fromhex("81 05 48 65 6c 6c 6f"))


@pytest.mark.parametrize("key", [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\1", b"\x80\0\0\0", b"7\xfa!="], ids=repr)
def test_F19_unmasking(server: Served, key: bytes) -> None:
    """Every remainder of a length by 4 and by 8, and zero bytes at both ends."""
    with server.open() as peer:
        for length in [*range(18), 125, 126, 127, 1000, 1001, 1002, 1003]:
            payload = bytes(at % 256 for at in range(length))
            peer.send(frame(BINARY, payload, key=key))
            peer.expect(BINARY, payload)


def test_F19_another_key_for_each_frame(server: Served) -> None:
    chance = random.Random(6455)
    with server.open() as peer:
        for length in (5, 6, 7, 8, 300, 70_001):
            payload = chance.randbytes(length)
            peer.send(frame(BINARY, payload[:3], key=chance.randbytes(4), fin=False))
            peer.send(frame(CONT, payload[3:], key=chance.randbytes(4)))
            peer.expect(BINARY, payload)


@pytest.mark.parametrize("length", [5, 200])
def test_F20_one_byte_per_segment(server: Served, length: int) -> None:
    with server.open() as peer:
        peer.send_bytewise(frame(TEXT, b"x" * length) + frame(PING, b"p"))
        got = {(one.opcode, one.payload) for one in (peer.frame(), peer.frame())}  # in either order
        assert got == {(TEXT, b"x" * length), (PONG, b"p")}
        peer.send_bytewise(close_frame(1000, b"bye"))
        peer.expect_close(1000)


def test_F20_cut_anywhere(server: Served) -> None:
    """Two frames with an extended length, cut in two segments at every place of their headers."""
    data = frame(BINARY, b"x" * 126) + frame(TEXT, b"after")
    with server.open() as peer:
        for cut in [*range(1, 12), *range(132, len(data))]:
            peer.send(data[:cut])
            if cut >= 134:
                peer.expect(BINARY, b"x" * 126)
            peer.expect_silence(0.001)  # lets the first half leave alone, and shows that half a frame is no message
            peer.send(data[cut:])
            if cut < 134:
                peer.expect(BINARY, b"x" * 126)
            peer.expect(TEXT, b"after")


def test_F21_300_frames_in_one_segment(server: Served) -> None:
    with server.open() as peer:
        peer.send(*(frame(TEXT, b"message %d" % number) for number in range(300)))
        for number in range(300):
            peer.expect(TEXT, b"message %d" % number)


def test_F21_handshake_in_bytes(judged: Starter) -> None:
    """The request too may come one byte per segment."""
    from .peer import Peer, request

    with Peer(judged().address) as peer:
        peer.send_bytewise(request())
        assert peer.head().status == 101
        peer.send(frame(TEXT, b"Hello"))
        peer.expect(TEXT, b"Hello")
