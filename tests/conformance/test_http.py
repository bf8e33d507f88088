"""The HTTP/1.1 under the WebSocket (RFC 9110, 9112), the command line around it, and being swapped in wrongly."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from .conftest import Patience
from .peer import TEXT, Ended, Peer, call, frame, request
from .servers import ROOT, Served, Starter


def get(path: str, *lines: str, method: str = "GET") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]).encode("latin-1")


def test_plain(server: Served) -> None:
    """An ordinary answer: its length is stated or ended by the connection's end, and the body is there."""
    head, peer = call(server.address, get("/plain"))
    with peer:
        assert head.status == 200
        assert head.all("content-type")
        assert peer.body(head)


def test_page(server: Served) -> None:
    """/ is a page that talks to /echo from a browser."""
    head, peer = call(server.address, get("/"))
    with peer:
        assert head.status == 200
        assert head.one("content-type").startswith("text/html")
        body = peer.body(head)
        assert b"WebSocket" in body and b"echo" in body  # test_clients.py opens it in a browser


@pytest.mark.parametrize("data", [get("/nowhere"), request("/nowhere"), get("/plain/x")], ids=["get", "upgrade", "sub"])
def test_not_found(server: Served, data: bytes) -> None:
    head, peer = call(server.address, data)
    with peer:
        assert head.status == 404


def test_plain_route_is_not_upgraded(server: Served) -> None:
    head, peer = call(server.address, request("/plain"))
    with peer:
        assert head.status != 101


def test_head_has_no_body(server: Served) -> None:
    head, peer = call(server.address, get("/plain", "Connection: close", method="HEAD"))
    with peer:
        assert head.status in (200, 405, 501)
        assert head.status != 200 or peer.rest() == b""


def test_wrong_method(server: Served) -> None:
    head, peer = call(server.address, get("/plain", "Content-Length: 0", method="POST"))
    with peer:
        assert head.status == 405


MALFORMED = {
    "no-version-nor-path": b"GET\r\n\r\n",
    "four-words": b"GET /plain extra HTTP/1.1\r\nHost: x\r\n\r\n",
    "no-http": b"GET /plain FTP/1.1\r\nHost: x\r\n\r\n",
    "version-2": b"GET /plain HTTP/2.0\r\nHost: x\r\n\r\n",
    "binary": bytes(range(128, 200)) + b"\r\n\r\n",
    "tls-client-hello": bytes.fromhex("16030100c8010000c40303") + bytes(40) + b"\r\n\r\n",
    "header-without-colon": b"GET /plain HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n",
    "space-before-colon": b"GET /plain HTTP/1.1\r\nHost: x\r\nName : value\r\n\r\n",
    "empty-name": b"GET /plain HTTP/1.1\r\nHost: x\r\n: value\r\n\r\n",
    "length-not-a-number": get("/plain", "Content-Length: five"),
    "length-negative": get("/plain", "Content-Length: -5"),
    "request-line-too-long": b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "header-too-long": get("/plain", "X-Long: " + "x" * 200_000),
    "too-many-headers": get("/plain", *(f"X-{number}: x" for number in range(5000))),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_request(server: Served, data: bytes) -> None:
    """4xx or 505 (or a bare end of the connection), never 2xx, never another 5xx, never silence."""
    with Peer(server.address) as peer:
        peer.push(data)
        rest = peer.rest()
        assert peer.ended != "OPEN", peer.story("an answer and an end wanted")
        if rest.startswith(b"HTTP/"):
            status = int(rest.split()[1])
            assert 400 <= status < 500 or status == 505, peer.story(f"4xx wanted, got {status}")
        else:
            assert b"HTTP/1" not in rest and len(rest) < 2000, peer.story("no answer at all, or an HTTP one")
    with server.open() as peer:
        peer.expect_alive()


SMUGGLED = {
    "name": ("Bad Name", "x"),
    "bare-cr": ("X-Name", "a\rb"),
    "nul": ("X-Name", "a\0b"),
    "folded": ("X-Name", "a\r\n b"),
}


@pytest.mark.parametrize("pair", SMUGGLED.values(), ids=SMUGGLED.keys())
def test_malformed_header_in_a_handshake(server: Served, pair: tuple[str, str]) -> None:
    """RFC 9112 section 5: refused, or (a fold, and what 5.5 of RFC 9110 allows to replace) harmless; never a crash."""
    with Peer(server.address) as peer:
        peer.send(request(add=[pair]))
        try:
            status = peer.head().status
        except Ended:
            assert peer.ended == "FIN", peer.story("an answer or an end wanted")
        else:
            assert status == 101 or 400 <= status < 500, status


def test_host_twice(server: Served) -> None:
    """RFC 9112 section 3.2: more than one Host is a 400, for a handshake as for a page."""
    head, peer = call(server.address, request(add=[("Host", "example.com")]))
    with peer:
        assert head.status == 400


def test_patience_slow_handshake_ends(server: Served, patience: Patience) -> None:
    """A total time limit for the handshake: a byte now and then does not keep it open for ever."""
    seconds, got = patience.result("drip")
    assert 1 < seconds < 35, f"still open after {seconds:.1f} s"
    assert not got or b" 408 " in got.split(b"\r\n")[0], got


def test_patience_silent_connection_ends(server: Served, patience: Patience) -> None:
    seconds, got = patience.result("silent")
    assert 1 < seconds < 35, f"still open after {seconds:.1f} s"
    assert not got or b" 408 " in got.split(b"\r\n")[0], got


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reference_impl", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90)


def test_port_in_use(ours: Starter) -> None:
    """One sentence that names the port, a non-zero exit, no traceback."""
    port = ours().address[1]
    done = run("--port", str(port))
    assert done.returncode != 0
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert str(port) in done.stderr
    assert "http://" not in done.stdout


WRONG = {
    "port-no-number": ["--port", "banana"],
    "port-too-large": ["--port", "65536"],
    "port-negative": ["--port", "-1"],
    "host-nowhere": ["--port", "0", "--host", "no.such.host.invalid"],
    "size-no-number": ["--port", "0", "--max-message-size", "much"],
    "size-negative": ["--port", "0", "--max-message-size", "-1"],
    "interval-negative": ["--port", "0", "--ping-interval", "-1"],
    "interval-endless": ["--port", "0", "--ping-interval", "inf"],
    "interval-no-number": ["--port", "0", "--ping-interval", "nan"],
    "unknown-option": ["--port", "0", "--fast"],
}


@pytest.mark.parametrize("options", WRONG.values(), ids=WRONG.keys())
def test_wrong_options(options: list[str]) -> None:
    done = run(*options)
    assert done.returncode != 0
    assert done.stderr.strip() and "Traceback" not in done.stderr, done.stderr
    assert "http://" not in done.stdout


def test_help() -> None:
    done = run("--help")
    assert done.returncode == 0
    for option in ("host", "port", "max-message-size", "ping-interval", "subprotocols", "no-compression"):
        assert f"--{option}" in done.stdout


@pytest.mark.parametrize("connections", ["none", "open"])
def test_ctrl_c(ours: Starter, connections: str) -> None:
    """SIGINT ends it within seconds, without a traceback, and everybody's TCP with it; idle and half-sent alike."""
    served = ours("--subprotocols", f"ctrl-c-{connections}", fresh=True)
    peers = [served.open(), served.open(), Peer(served.address)] if connections == "open" else []
    if peers:
        peers[0].expect_alive()
        peers[1].send(frame(TEXT, b"half a frame")[:7])
    served.process.send_signal(signal.SIGINT)
    code = served.process.wait(10)
    assert code in (0, 130, -signal.SIGINT), code
    assert "Traceback" not in served.errors(), served.errors()
    for peer in peers:
        with peer:
            peer.rest()
            assert peer.ended != "OPEN", peer.story("an end wanted")


def test_ctrl_c_twice(ours: Starter) -> None:
    """However close together they come, it stops as after one."""
    for number in range(5):
        served = ours("--subprotocols", f"ctrl-c-twice-{number}", fresh=True)
        while served.process.poll() is None:
            served.process.send_signal(signal.SIGINT)
            time.sleep(0.0005)
        assert served.process.returncode == 0
        assert "Traceback" not in served.errors(), served.errors()


def test_prints_its_url(ours: Starter) -> None:
    served = ours("--host", "127.0.0.1")
    assert f"http://127.0.0.1:{served.address[1]}/" in "".join(served.lines)
