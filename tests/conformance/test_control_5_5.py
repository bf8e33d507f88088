"""RFC 6455 section 5.5: ping, pong, and the limits of control frames. Rows F13-F17, L04."""

from __future__ import annotations

import time

import pytest

from .peer import CLOSE, CONT, PING, PONG, TEXT, frame
from .servers import Served, Starter

CONTROL = {"close": CLOSE, "ping": PING, "pong": PONG}


@pytest.mark.parametrize("opcode", CONTROL.values(), ids=CONTROL.keys())
@pytest.mark.parametrize("length", [126, 65536])
def test_F13_control_frame_too_long(server: Served, opcode: int, length: int) -> None:
    """5.5: "All control frames MUST have a payload length of 125 bytes or less"."""
    with server.open() as peer:
        peer.send(frame(opcode, b"\x03\xe8" + b"x" * (length - 2)))
        peer.expect_failed(1002)


@pytest.mark.parametrize("opcode", CONTROL.values(), ids=CONTROL.keys())
def test_F14_control_frame_in_fragments(server: Served, opcode: int) -> None:
    """5.5: "and MUST NOT be fragmented"."""
    with server.open() as peer:
        peer.send(frame(opcode, b"\x03\xe8", fin=False))
        peer.expect_failed(1002)


@pytest.mark.parametrize("payload", [b"", b"x", b"Hello", bytes(range(125))], ids=["0", "1", "5", "125"])
def test_F15_pong_is_the_pings(server: Served, payload: bytes) -> None:
    with server.open() as peer:
        peer.send(frame(PING, payload))
        peer.expect(PONG, payload)


@pytest.mark.parametrize("payload", [b"", b"unasked", b"\xff" * 125], ids=["0", "7", "125"])
def test_F16_unsolicited_pong(server: Served, payload: bytes) -> None:
    """5.5.3: "A response to an unsolicited Pong frame is not expected." """
    with server.open() as peer:
        peer.send(frame(PONG, payload), frame(TEXT, b"Hello"))
        peer.expect(TEXT, b"Hello")


def test_F17_ten_pings(server: Served) -> None:
    """5.5.3: a server may answer only the most recent of several pings; that one it must."""
    with server.open() as peer:
        peer.send(*(frame(PING, b"%d" % number) for number in range(10)))
        answered = [peer.frame()]
        while answered[-1].payload != b"9":
            answered.append(peer.frame())
        assert {got.opcode for got in answered} == {PONG}
        order = [int(got.payload) for got in answered]
        assert order == sorted(set(order)), peer.story(f"pongs in the order of the pings wanted, got {order}")
        peer.send(frame(TEXT, b"Hello"))
        peer.expect(TEXT, b"Hello")


def test_F15_ping_while_the_handler_waits(server: Served) -> None:
    """No message is under way and no handler's code runs: the pong still comes."""
    with server.open("/close") as peer:
        peer.send(frame(PING, b"first thing"))
        peer.expect(PONG, b"first thing")


INTERVAL = 0.4


def test_L04_keep_alive_answered(judged: Starter) -> None:
    """With an interval the server pings, and whoever answers stays."""
    with judged("--ping-interval", str(INTERVAL)).open() as peer:
        for _ in range(4):
            ping = peer.frame()
            assert (ping.opcode, ping.fin, ping.masked, len(ping.payload) <= 125) == (PING, True, False, True), ping
            peer.send(frame(PONG, ping.payload))
        peer.send(frame(TEXT, b"Hello"))
        got = peer.frame()
        while got.opcode == PING:
            peer.send(frame(PONG, got.payload))
            got = peer.frame()
        assert (got.opcode, got.payload) == (TEXT, b"Hello")


def test_L04_keep_alive_unanswered(judged: Starter) -> None:
    """Whoever never answers is let go: a close frame or nothing, then the end of TCP, within a few intervals."""
    with judged("--ping-interval", str(INTERVAL)).open() as peer:
        began, kinds = time.monotonic(), []
        while not kinds or kinds[-1] == PING:
            kinds.append(peer.frame(5).opcode)
        assert kinds[0] == PING and kinds[-1] == CLOSE, kinds
        peer.expect_fin()
        assert INTERVAL <= time.monotonic() - began < 12 * INTERVAL


def test_L04_no_interval_no_ping(server: Served) -> None:
    """Unasked, the server says nothing, also while a message is half there."""
    with server.open() as peer:
        peer.send(frame(TEXT, b"Hel", fin=False))
        peer.expect_silence(2 * INTERVAL)
        peer.send(frame(CONT, b"lo"))
        peer.expect(TEXT, b"Hello")
