"""How much a server takes, of one message and of many clients. Rows L01-L05, and what no suite asks.

The limit is in bytes, for text too (fault 6), it holds while a message arrives, and it leaves nobody behind (fault 3).
"""

from __future__ import annotations

import struct
from concurrent.futures import ThreadPoolExecutor

import pytest

from .peer import BINARY, CONT, PING, PONG, TEXT, Peer, close_frame, frame
from .servers import Served, Starter, eventually

LIMIT = 1000


@pytest.fixture
def limited(judged: Starter) -> Served:
    return judged("--max-message-size", str(LIMIT))


@pytest.mark.parametrize("opcode", [TEXT, BINARY], ids=["text", "binary"])
def test_L01_the_limit_itself_is_allowed(limited: Served, opcode: int) -> None:
    with limited.open() as peer:
        for parts in ([b"x" * LIMIT], [b"x" * 400, b"x" * 600], [b"x" * LIMIT, b""]):
            last = len(parts) - 1
            peer.send(*(frame(CONT if at else opcode, part, fin=at == last) for at, part in enumerate(parts)))
            peer.expect(opcode, b"x" * LIMIT)


@pytest.mark.parametrize("opcode", [TEXT, BINARY], ids=["text", "binary"])
@pytest.mark.parametrize("length", [LIMIT + 1, 70_000])
def test_L01_over_the_limit(limited: Served, opcode: int, length: int) -> None:
    with limited.open() as peer:
        peer.push(frame(opcode, b"x" * length))
        peer.expect_failed(1009)


@pytest.mark.parametrize("text", ["é" * 501, "界" * 900, "🌍" * 251], ids=["2-bytes", "3-bytes", "4-bytes"])
def test_L01_limit_of_text_is_in_bytes(limited: Served, text: str) -> None:
    """Fault 6: fewer characters than the limit, more bytes."""
    with limited.open() as peer:
        peer.send(frame(TEXT, text.encode()))
        peer.expect_failed(1009)


@pytest.mark.parametrize("opcode", [TEXT, BINARY], ids=["text", "binary"])
@pytest.mark.parametrize("claim", [LIMIT + 1, 1 << 20, 1 << 40, (1 << 63) - 1])
def test_L01_a_header_is_enough(limited: Served, opcode: int, claim: int) -> None:
    """Known from the frame's header: no reason to wait for the payload."""
    with limited.open() as peer:
        peer.send(frame(opcode, b"", claim=claim, form=None if claim < 65536 else 64))
        peer.expect_failed(1009)


@pytest.mark.parametrize("arrived", [LIMIT + 1, 5000], ids=["just-over", "well-over"])
def test_L01_while_the_frame_arrives(limited: Served, arrived: int) -> None:
    """A frame that claims a gigabyte is not waited for until it is whole."""
    with limited.open() as peer:
        peer.push(frame(BINARY, b"x" * arrived, claim=1 << 30, form=64))
        peer.expect_failed(1009)


@pytest.mark.parametrize("parts", [[600, 401], [1000, 1], [500] * 3, [1] * 1001], ids=["2", "full", "3", "1001-of-1"])
def test_L02_over_the_limit_by_fragments(limited: Served, parts: list[int]) -> None:
    """None of them final: the limit holds while the message arrives."""
    with limited.open() as peer:
        peer.push(b"".join(frame(CONT if at else BINARY, b"x" * part, fin=False) for at, part in enumerate(parts)))
        peer.expect_failed(1009)


def test_L02_many_messages_are_no_large_one(limited: Served) -> None:
    with limited.open() as peer:
        for _ in range(5):
            peer.send(frame(TEXT, b"x" * 900))
            peer.expect(TEXT, b"x" * 900)


def test_L02_fault_3_nobody_left_in_receive(judged: Starter) -> None:
    """48 oversized messages: 48 times 1009 and FIN, and no thread that waits for ever."""
    served = judged("--max-message-size", str(LIMIT))
    with served.open() as peer:
        peer.expect_alive()
    eventually(lambda: served.threads() <= 2, 1)
    before = served.threads()

    def oversized(number: int) -> None:
        with served.open() as peer:
            peer.push(frame(TEXT, b"x" * (LIMIT + 1 + number)))
            peer.expect_failed(1009)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(oversized, range(48)))
    assert eventually(lambda: served.threads() <= before), f"{served.threads()} threads, {before} before"


def test_L01_no_limit_given(server: Served) -> None:
    payload = b"x" * (4 << 20)
    with server.open() as peer:
        peer.send(frame(BINARY, payload))
        peer.expect(BINARY, payload)


def test_L05_30_clients_at_once(server: Served) -> None:
    peers = [server.open() for _ in range(30)]
    for turn in range(10):
        for number, peer in enumerate(peers):
            peer.send(frame(TEXT, b"%d of %d" % (turn, number)))
        for number, peer in enumerate(peers):
            peer.expect(TEXT, b"%d of %d" % (turn, number))
    for peer in peers:
        peer.send(close_frame(1000))
    for peer in peers:
        with peer:
            peer.expect_close(1000)
            peer.expect_fin()


def test_L05_200_connections_10000_messages(server: Served) -> None:
    """All open at once, nothing lost, all in order, memory as before, and all threads gone at the end."""
    before = server.threads()
    peers = [server.open() for _ in range(200)]
    half = 0
    for turn in range(5):
        for number, peer in enumerate(peers):
            peer.send(*(frame(TEXT, b"%d.%d.%d" % (number, turn, at)) for at in range(10)))
        for number, peer in enumerate(peers):
            for at in range(10):
                peer.expect(TEXT, b"%d.%d.%d" % (number, turn, at))
        half = half or server.memory()
    grown = server.memory() - half
    assert grown < 8 << 20, f"{grown} bytes more after 10,000 messages than after 2,000"
    for peer in peers:
        peer.send(close_frame(1000))
    for peer in peers:
        with peer:
            peer.expect_close(1000)
            peer.expect_fin()
    assert eventually(lambda: server.threads() <= before), f"{server.threads()} threads, {before} before"


def test_L05_slow_reader_blocks_nobody(server: Served) -> None:
    """One client sends megabytes and never reads: its handler is stuck in `send`, and nobody else's is."""
    with server.open() as stuck, server.open() as other:
        stuck.sock.settimeout(0.5)
        stuck.push(frame(BINARY, b"x" * 1_000_000) * 20)  # until the server stops taking it
        for number in range(20):
            other.send(frame(TEXT, b"%d" % number))
            other.expect(TEXT, b"%d" % number)
        with server.open() as third:
            third.expect_alive()
        stuck.reset()


def test_L05_idle_and_half_open_cost_no_processor(judged: Starter) -> None:
    served = judged(fresh=True)
    peers = [served.open() for _ in range(20)] + [Peer(served.address) for _ in range(5)]
    half = served.open()
    half.send(frame(TEXT, b"x" * 1000)[:50])
    peers[0].expect_alive()
    began = served.cpu()
    half.expect_silence(1.0)  # a measurement, not a wait
    assert served.cpu() - began <= 0.1, f"{served.cpu() - began} s of processor time in an idle second"
    for peer in [*peers, half]:
        peer.sock.close()


def test_F12_fault_7_frames_never_interleave(server: Served) -> None:
    """Pongs from the reader and megabytes from the handler share one socket: whole frames, each, to a slow client."""
    big = bytes(range(256)) * 8192
    with server.open() as peer, ThreadPoolExecutor(1) as pool:
        peer.sock.setsockopt(6, 10, 1)  # TCP_WINDOW_CLAMP is advisory: it only makes short sends likelier
        sent = pool.submit(peer.send, *((frame(BINARY, big) + frame(PING, b"%d" % number)) for number in range(8)))
        echoes, pongs = 0, []
        while echoes < 8 or len(pongs) < 8:
            got = peer.frame()
            assert got.fin and not got.rsv and not got.masked, peer.story(f"a whole frame wanted, got {got}")
            if got.opcode == PONG:
                pongs.append(got.payload)
            else:
                assert got.payload == big, "an echo with another frame's bytes in it"
                echoes += 1
        sent.result(10)
    assert pongs == [b"%d" % number for number in range(8)]


def test_L01_garbage_ends_with_a_code(judged: Starter) -> None:
    """Any bytes end in a clean close with the right code, or in waiting for more: never a traceback, never a hang."""
    import random

    served, chance = judged("--max-message-size", "5000", fresh=True), random.Random(6455)
    for _ in range(60):
        garbage = chance.randbytes(chance.choice([2, 10, 100, 2000]))
        with served.open() as peer:
            peer.push(garbage)
            peer.sock.shutdown(1)
            rest = peer.rest()
            assert peer.ended == "FIN", peer.story("a FIN wanted")
            while rest[:1] and rest[0] != 0x88:  # pongs and echoes of what happened to be right
                size = 2 + rest[1] if rest[1] < 126 else 4 + struct.unpack("!H", rest[2:4])[0]
                assert rest[0] in (0x81, 0x82, 0x8A), peer.story(f"a frame wanted, got {rest[:20].hex()}")
                rest = rest[size:]
            assert len(rest) in {0, 2} or struct.unpack("!H", rest[2:4])[0] in {1000, 1002, 1007, 1009}, peer.story("?")
    assert "Traceback" not in served.errors(), served.errors()
