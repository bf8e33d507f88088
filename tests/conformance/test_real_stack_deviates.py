"""How the original behaves where PROTOCOL.md says that it deviates, so that the table stays true of what is installed.

Only what happens every time is here. Which of the close frame and Werkzeug's `HTTP/1.1 200 OK` comes first is a race,
and so is the thread that waits for ever after 1009 (fault 3): the traces show those. Every test names its row.
"""

from __future__ import annotations

import socket
import zlib

import pytest

from .peer import CLOSE, CONT, KEY, PING, TEXT, Peer, call, close_frame, frame, request
from .servers import Served, Starter


@pytest.fixture(scope="module", params=["werkzeug", "gunicorn"])
def original(real: Starter, request: pytest.FixtureRequest) -> Served:
    return real("--server", request.param)


@pytest.fixture(scope="module")
def werkzeug(real: Starter) -> Served:
    return real("--server", "werkzeug")


ACCEPTED = {
    "H05-HTTP/1.0": {"version": "HTTP/1.0"},
    "H14-key-of-0-bytes": {"replace": {"Sec-WebSocket-Key": ""}},
    "H14-key-of-5-bytes": {"replace": {"Sec-WebSocket-Key": "SGVsbG8="}},
    "H14-key-of-17-bytes": {"replace": {"Sec-WebSocket-Key": "AQIDBAUGBwgJCgsMDQ4PEBE="}},
    "H15-not-base64": {"replace": {"Sec-WebSocket-Key": "this is not base64!!"}},
    "H16-key-twice": {"add": [("Sec-WebSocket-Key", KEY)]},
    "H04-HEAD": {"method": "HEAD"},  # Flask routes HEAD wherever it routes GET, and simple-websocket forges a GET
}


@pytest.mark.parametrize("how", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepts(werkzeug: Served, how: dict) -> None:
    head, peer = call(werkzeug.address, request(**how))
    with peer:
        assert head.status == 101
        assert head.line.startswith("HTTP/1.1"), "forged also for a client of HTTP/1.0"


CRASHES = {
    "H06-no-host": {"drop": ["Host"]},
    "H13-no-key": {"drop": ["Sec-WebSocket-Key"]},
    "H17-no-version": {"drop": ["Sec-WebSocket-Version"]},
    "H18-version-8": {"replace": {"Sec-WebSocket-Version": "8"}},
    "D06-bits-abc": {"add": [("Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=abc")]},
    "D07-bits-quoted": {"add": [("Sec-WebSocket-Extensions", 'permessage-deflate; server_max_window_bits="10"')]},
}


@pytest.mark.parametrize("how", CRASHES.values(), ids=CRASHES.keys())
def test_answers_500(werkzeug: Served, how: dict) -> None:
    """Fault 4: nobody handles `RemoteProtocolError`, nor reads its `event_hint`, so the client is told it was us."""
    head, peer = call(werkzeug.address, request(**how))
    with peer:
        assert head.status == 500
        assert head.all("sec-websocket-version") == [], "H18: 426 and this header would tell the client what to do"


def test_D06_unknown_parameter_is_accepted(werkzeug: Served) -> None:
    add = [("Sec-WebSocket-Extensions", "permessage-deflate; unknown")]
    head, peer = call(werkzeug.address, request(add=add))
    with peer:
        assert head.one("sec-websocket-extensions").startswith("permessage-deflate")


def test_C05_1014_is_refused(werkzeug: Served) -> None:
    """Registered after wsproto's list was written."""
    with werkzeug.open() as peer:
        peer.send(close_frame(1014))
        rest = peer.rest()
        assert b"\x88\x02\x03\xf6" not in rest, "1014 echoed"


@pytest.mark.parametrize("path", ["/echo", "/close", "/return"])
def test_C09_http_on_the_websocket(werkzeug: Served, path: str) -> None:
    """Fault 1: 20 of 20 connections get Werkzeug's `200 OK` as if it were frames, before the close or after."""
    for _ in range(20):
        with werkzeug.open(path) as peer:
            peer.send(close_frame(1000) if path == "/echo" else frame(TEXT, b"go"))
            assert b"HTTP/1.1 200 OK\r\n" in peer.rest()


def test_C20_http_500_instead_of_1011(werkzeug: Served) -> None:
    """A handler that raises: an HTML page on the wire, and no close frame."""
    with werkzeug.open("/boom") as peer:
        peer.send(frame(TEXT, b"go"))
        rest = peer.rest()
        assert rest.startswith(b"HTTP/1.1 500 INTERNAL SERVER ERROR\r\n")
        assert b"\x03\xf3" not in rest.partition(b"\r\n\r\n")[2]


def test_C17_tcp_is_dropped_at_once(werkzeug: Served) -> None:
    """After its own close frame the original does not wait for the client's: the end comes unanswered."""
    with werkzeug.open("/close") as peer:
        peer.send(frame(TEXT, b"go"))
        assert b"\x88\x05\x10\xe1bye" in peer.rest(3)
        assert peer.ended == "FIN"


def test_D03_ping_inside_a_compressed_message(original: Served) -> None:
    """After the ping wsproto forgets that the message is compressed: 1007 (upstream's pull request 205). Its close
    frame may be lost to the RST that follows it, so there is more than one try."""
    add = [("Sec-WebSocket-Extensions", "permessage-deflate")]
    deflater = zlib.compressobj(wbits=-15)
    data = (deflater.compress(b"Hello, Hello, Hello") + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]
    seen = b""
    for _ in range(10):
        with original.open(add=add) as peer:
            peer.send(frame(TEXT, data[:3], fin=False, rsv=0b100), frame(PING, b"p"), frame(CONT, data[3:]))
            seen += peer.rest(3)
        if (1007).to_bytes(2, "big") in seen:
            break
    assert (1007).to_bytes(2, "big") + b"'utf-8' codec can't decode" in seen


def test_L01_limit_counts_characters(real: Starter) -> None:
    """Fault 6: 2,700 bytes of text pass a limit of 1,000."""
    text = ("界" * 900).encode()
    with real("--server", "werkzeug", "--max-message-size", "1000").open() as peer:
        peer.send(frame(TEXT, text))
        peer.expect(TEXT, text)


def test_slow_handshake_has_no_limit(werkzeug: Served) -> None:
    """Half a request is waited for: no answer and no end in the time that this test has."""
    with Peer(werkzeug.address) as peer:
        peer.send(request()[:-4])
        peer.expect_silence(0.5)
        peer.sock.shutdown(socket.SHUT_WR)
        assert CLOSE not in peer.rest(1)[:1]
