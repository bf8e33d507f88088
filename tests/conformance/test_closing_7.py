"""RFC 6455 sections 5.5.1 and 7: how a connection ends, whoever ends it. Rows C01-C21.

Every ending here is asked for in full: one close frame, nothing after it, the server's FIN before ours, no RST.
"""

from __future__ import annotations

import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from .conftest import Patience
from .peer import BINARY, CLOSE, CONT, PING, PONG, TEXT, Peer, close_frame, frame, request
from .servers import Served, Starter, eventually

ANY_CASE = ["/close", "/return", "/boom"]  # the routes whose handler ends by itself
CODES = {"/close": 4321, "/return": 1000, "/boom": 1011}


def test_C01_C11_close_is_answered(server: Served) -> None:
    """5.5.1: "it typically echos the status code it received"; 7.1.1: "the server MUST close the connection first"."""
    with server.open() as peer:
        peer.send(close_frame(1000, b"done"))
        peer.expect_close(1000)
        peer.expect_fin()


def test_C01_close_right_after_messages(server: Served) -> None:
    """Messages and the close in one segment: what came before the close is echoed or dropped, in order, never after."""
    with server.open() as peer:
        peer.send(*(frame(TEXT, b"%d" % number) for number in range(20)), close_frame(1000))
        got = peer.frame()
        for number in range(21):
            if got.opcode == CLOSE:
                break
            assert (got.opcode, got.payload) == (TEXT, b"%d" % number), peer.story("the echoes in order wanted")
            got = peer.frame()
        assert (got.opcode, got.code) == (CLOSE, 1000), got
        peer.expect_fin()


def test_C02_empty_close(server: Served) -> None:
    """7.1.5: no code means 1005, which "MUST NOT be set as a status code in a Close control frame" (7.4.1)."""
    with server.open() as peer:
        peer.send(close_frame(None))
        peer.expect_close({None, 1000})
        peer.expect_fin()


def test_C03_close_of_one_byte(server: Served) -> None:
    with server.open() as peer:
        peer.send(frame(CLOSE, b"\x03"))
        peer.expect_failed(1002)


VALID = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]


@pytest.mark.parametrize("code", VALID)
def test_C04_valid_codes_are_echoed(server: Served, code: int) -> None:
    with server.open() as peer:
        peer.send(close_frame(code))
        peer.expect_close(code)
        peer.expect_fin()


@pytest.mark.parametrize("code", [1012, 1013, 1014])
def test_C05_codes_registered_since(server: Served, code: int) -> None:
    """IANA has them as service restart, try again later, bad gateway."""
    with server.open() as peer:
        peer.send(close_frame(code))
        peer.expect_close(code)
        peer.expect_fin()


@pytest.mark.parametrize("code", [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
def test_C05_invalid_codes(server: Served, code: int) -> None:
    with server.open() as peer:
        peer.send(close_frame(code))
        peer.expect_failed(1002)


BAD_REASONS = {"ff": b"\xff", "truncated": b"bye \xe2\x82", "surrogate": b"\xed\xa0\x80", "after-text": b"bye \xc0\xaf"}


@pytest.mark.parametrize("reason", BAD_REASONS.values(), ids=BAD_REASONS.keys())
def test_C07_reason_is_utf8(server: Served, reason: bytes) -> None:
    with server.open() as peer:
        peer.send(close_frame(1000, reason))
        peer.expect_failed(1007)


@pytest.mark.parametrize("reason", [b"x" * 123, ("é" * 61).encode() + b"x", b"\0"], ids=["123", "123-utf8", "nul"])
def test_C08_long_reasons(server: Served, reason: bytes) -> None:
    with server.open() as peer:
        peer.send(close_frame(4000, reason))
        peer.expect_close(4000)
        peer.expect_fin()


def test_C09_nothing_after_the_close(server: Served) -> None:
    """After a conversation, as after none: the close frame is the last thing that the server ever writes."""
    with server.open() as peer:
        for number in range(5):
            peer.send(frame(TEXT, b"%d" % number), frame(PING, b"%d" % number))
            assert {peer.frame().opcode, peer.frame().opcode} == {1, 10}
        peer.send(close_frame(1001))
        peer.expect_close(1001)
        peer.expect_fin()


AFTERWARDS = {
    "text": frame(TEXT, b"late"),
    "ping": frame(PING, b"late"),
    "close": close_frame(1001),
    "garbage": b"GET / HTTP/1.1\r\n\r\n",
    "half-a-frame": frame(BINARY, b"x" * 500)[:100],
}


@pytest.mark.parametrize("late", AFTERWARDS.values(), ids=AFTERWARDS.keys())
def test_C10_nothing_processed_after_a_close(server: Served, late: bytes) -> None:
    """1.4: "after receiving a control frame indicating the connection should be closed, that peer discards any
    further data received"."""
    with server.open() as peer:
        peer.send(close_frame(1000), late)
        peer.expect_close(1000)
        peer.expect_fin()


@pytest.mark.parametrize("late", AFTERWARDS.values(), ids=AFTERWARDS.keys())
def test_C13_nothing_processed_after_a_failure(server: Served, late: bytes) -> None:
    """7.1.7: "An endpoint MUST NOT continue to attempt to process data (including a responding Close frame)"."""
    with server.open() as peer:
        peer.send(frame(3, b"a reserved opcode"), late)
        peer.expect_failed(1002)


IN_FLIGHT = frame(BINARY, b"x" * 16_000)


@pytest.mark.parametrize("what", ["close", "failure"])
def test_C12_fin_with_data_in_flight(server: Served, what: str) -> None:
    """7.1.1: unread data in the server's socket turns its FIN into a RST, which can also destroy the close frame."""
    first, code = (close_frame(1000), 1000) if what == "close" else (frame(3, b""), 1002)
    for _ in range(10):
        with server.open() as peer:
            peer.push(first + IN_FLIGHT * 20)
            peer.expect_close(code)
            peer.expect_fin()


def test_C12_fin_when_the_server_closes_with_data_in_flight(server: Served) -> None:
    for _ in range(10):
        with server.open("/close") as peer:
            peer.push(frame(TEXT, b"first") + IN_FLIGHT * 20)
            peer.expect_close(4321, "bye")
            peer.push(IN_FLIGHT + close_frame(4321))
            peer.expect_fin()


def test_C15_rst_in_mid_message(server: Served) -> None:
    """Nothing is to be answered; the server serves on, and keeps neither a thread nor a word about it."""
    before = server.threads()
    for cut in (1, 3, 7, 50):
        peer = server.open()
        peer.send(frame(TEXT, b"x" * 100)[:cut])
        peer.reset()
        peer = server.open()
        peer.send(frame(TEXT, b"Hello", fin=False))
        peer.reset()
    with server.open() as peer:
        peer.send(frame(TEXT, b"Hello"))
        peer.expect(TEXT, b"Hello")
    assert eventually(lambda: server.threads() <= before), f"{server.threads()} threads, {before} before"


def test_C15_fin_in_mid_message(server: Served) -> None:
    """A FIN without a close frame (7.1.5 calls it 1006): the server lets go too, and says no such code."""
    with server.open() as peer:
        peer.send(frame(TEXT, b"x" * 100)[:50])
        peer.sock.shutdown(socket.SHUT_WR)
        rest = peer.rest()
        assert peer.ended == "FIN", peer.story("a FIN wanted")
        assert rest == b"" or (rest[0] == 0x88 and len(rest) == 2 + rest[1]), peer.story("at most a close frame wanted")
        assert struct.pack("!H", 1006) not in rest


@pytest.mark.parametrize("path", ANY_CASE)
def test_C16_C18_C19_C20_server_closes(server: Served, path: str) -> None:
    """/close says 4321 "bye", a handler that returns 1000, one that raises 1011; then nothing, then FIN."""
    with server.open(path) as peer:
        peer.send(frame(TEXT, b"go"))
        if path == "/return":
            peer.expect(TEXT, b"go")
        close = peer.expect_close(CODES[path], "bye" if path == "/close" else None)
        assert b"boom" not in close.payload, "what went wrong inside is not the client's to read"
        peer.send(frame(CLOSE, close.payload))
        peer.expect_fin()


def test_C16_close_reason_on_the_wire(server: Served) -> None:
    with server.open("/close") as peer:
        peer.send(frame(TEXT, b"go"))
        peer.expect_close(4321, "bye")
        assert bytes(peer.received).endswith(b"\x88\x05\x10\xe1bye")


@pytest.mark.parametrize("path", ANY_CASE)
def test_C17_server_waits_for_the_clients_close(server: Served, path: str) -> None:
    """7.1.1: after its close frame a server waits for the client's, and only then closes TCP."""
    with server.open(path) as peer:
        peer.send(frame(TEXT, b"go"))
        if path == "/return":
            peer.expect(TEXT, b"go")
        peer.expect_close(CODES[path])
        peer.expect_silence(0.3)
        peer.send(close_frame(CODES[path]))
        peer.expect_fin()


def test_C17_waits_every_time(server: Served) -> None:
    """100 of 100, eight at a time: who wakes first, the handler or the reader, must not decide."""

    def wait_once(number: int) -> str:
        with server.open(path := ANY_CASE[number % 3]) as peer:
            peer.send(frame(TEXT, b"go"))
            if path == "/return":
                peer.expect(TEXT, b"go")
            peer.expect_close(CODES[path])
            peer.rest(0.1)
            return "" if peer.ended == "OPEN" else peer.story(f"{path}: TCP kept open for the client's close wanted")

    with ThreadPoolExecutor(8) as pool:
        failures = [story for story in pool.map(wait_once, range(100)) if story]
    assert not failures, f"{len(failures)} of 100 did not wait; the first: {failures[0]}"


def test_patience_C17_but_not_for_ever(server: Served, patience: Patience) -> None:
    """A client that never answers the close is let go after a bounded time."""
    seconds, got = patience.result("unanswered")
    assert got == b"\x88\x05\x10\xe1bye", got
    assert 0.2 < seconds < 35, f"ended after {seconds:.1f} s"


@pytest.mark.parametrize("path", ANY_CASE)
def test_C21_later_data_is_dropped(server: Served, path: str) -> None:
    """1.4: data that comes between the server's close and the client's is discarded."""
    with server.open(path) as peer:
        peer.send(frame(TEXT, b"go"), frame(TEXT, b"late"))
        if path == "/return":
            peer.expect(TEXT, b"go")
        peer.expect_close(CODES[path])
        peer.send(frame(TEXT, b"later"), frame(TEXT, b"lat", fin=False), frame(CONT, b"est"))
        peer.expect_silence(0.05)
        peer.send(close_frame(CODES[path]))
        peer.expect_fin()


@pytest.mark.parametrize("path", ANY_CASE)
def test_C18_no_pong_after_the_servers_close(server: Served, path: str) -> None:
    """The server's close frame is the last thing it writes, so a ping that comes after it gets no pong."""
    with server.open(path) as peer:
        peer.send(frame(TEXT, b"go"))
        if path == "/return":
            peer.expect(TEXT, b"go")
        peer.expect_close(CODES[path])
        peer.send(frame(PING, b"late"))
        peer.expect_silence(0.05)
        peer.send(close_frame(CODES[path]))
        peer.expect_fin()


def test_C21_close_meets_close(server: Served) -> None:
    """Both close at once: each has sent and received one, and no second close frame follows."""
    with server.open("/close") as peer:
        peer.send(frame(TEXT, b"go"), close_frame(4000))
        close = peer.expect_close({4321, 4000})
        assert close.code == 4000 or close.reason == "bye"
        peer.expect_fin()


def close_once(server: Served, number: int) -> None:
    path, code = [("/echo", 1000), ("/close", 4321), ("/return", 1000), ("/boom", 1011)][number % 4]
    with server.open(path) as peer:
        peer.send(frame(TEXT, b"go %d" % number))
        if path in ("/echo", "/return"):
            peer.expect(TEXT, b"go %d" % number)
        if path == "/echo":
            peer.send(close_frame(1000))
        peer.expect_close(code)
        if path != "/echo":
            peer.send(close_frame(code))
        peer.expect_fin()


def test_C09_C18_clean_200_of_200(server: Served) -> None:
    """50 closes of each kind, eight at a time: all clean, by either side."""
    with ThreadPoolExecutor(8) as pool:
        failures = [str(error) for error in pool.map(lambda number: outcome(server, number), range(200)) if error]
    assert not failures, f"{len(failures)} of 200 not clean; the first: {failures[0]}"


def outcome(server: Served, number: int) -> Exception | None:
    try:
        close_once(server, number)
    except (AssertionError, OSError) as error:
        return error
    return None


def test_C01_no_handler_stays(server: Served) -> None:
    """After all of that no thread is left behind: failed, closed and broken connections alike."""
    with Peer(server.address):
        assert eventually(lambda: server.threads() <= 8), f"{server.threads()} threads, nobody connected"


def read_slowly(peer: Peer, size: int, rate: int, then: bytes = b"", after: float = 1e9) -> bytes:
    """Read `size` bytes and on to the end, at `rate` bytes a second; send `then` when so many seconds have passed."""
    began, got = time.monotonic(), bytearray()
    while data := peer.sock.recv(min(65536, rate // 10)):
        got += data
        if time.monotonic() - began > after:
            peer.sock.sendall(then)
            after = 1e9
        if len(got) == size:
            break
        time.sleep(max(0.0, len(got) / rate - (time.monotonic() - began)))
    return bytes(got)


def narrow(served: Served, path: str) -> Peer:
    """A WebSocket over a socket that holds little, so that what is not read stays with the server."""
    peer = Peer(served.address)
    peer.sock.close()
    peer.sock = socket.socket()
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 15)
    peer.sock.settimeout(peer.timeout)
    peer.sock.connect(served.address)
    peer.send(request(path))
    assert peer.head().status == 101
    assert peer.read_to == len(peer.received)
    return peer


def test_C12_a_slow_link_gets_everything(ours: Starter) -> None:
    """The view has returned, the kernel has all bytes, and the peer needs longer for them than any time limit."""
    payload = bytes(3_000_000)
    with narrow(ours("--no-compression"), "/return") as peer:
        peer.sock.settimeout(20)
        peer.sock.sendall(frame(BINARY, payload))
        got = read_slowly(peer, 10 + len(payload) + 4, 400_000, frame(PONG, b"still here"), after=4)
        assert got == b"\x82\x7f" + len(payload).to_bytes(8, "big") + payload + b"\x88\x02\x03\xe8"
        peer.send(close_frame(1000))
        peer.expect_fin()


def test_C01_close_during_a_long_download(ours: Starter) -> None:
    """7.1.1, for who closes with megabytes still to come: they come, and then the answer."""
    payload = bytes(12_000_000)
    with narrow(ours("--no-compression"), "/echo") as peer:
        peer.sock.settimeout(20)
        peer.sock.sendall(frame(BINARY, payload))
        first = peer.sock.recv(1000)
        peer.sock.sendall(close_frame(1000))
        got = first + read_slowly(peer, 10 + len(payload) + 4 - len(first), 2_000_000)
        assert got == b"\x82\x7f" + len(payload).to_bytes(8, "big") + payload + b"\x88\x02\x03\xe8"
        peer.expect_fin()


@pytest.mark.parametrize(
    "end",
    [close_frame(4000), frame(TEXT, b"x", rsv=2), frame(3), frame(CONT), frame(TEXT, b"\xff")],
    ids=["close", "rsv", "opcode", "continuation", "utf8"],
)
def test_C01_messages_before_the_end_are_answered(ours: Starter, end: bytes) -> None:
    """5.5.1: "An endpoint MAY delay sending a Close frame until its current message is sent": the echoes come first."""
    served = ours()
    for _ in range(20):
        with served.open() as peer:
            peer.send(*(frame(TEXT, b"%d" % number) for number in range(5)), end)
            for number in range(5):
                peer.expect(TEXT, b"%d" % number)
            peer.expect_close({4000, 1002, 1007})
            peer.expect_fin()
