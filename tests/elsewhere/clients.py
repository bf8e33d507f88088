"""What the clients send: fixed bytes, so that an offset in a test is an offset in these."""

from __future__ import annotations

import time
from collections.abc import Callable

from tracer.scenarios.client import Peer, close, frame, upgrade

from .recording import Script

HELLO_MASKED = bytes.fromhex("7f 9f 4d 51 58")
BOUNDARY = "----cut-here"
#: A picture that is none: what a browser would upload, every kind of byte in it.
PICTURE = bytes(range(1, 256)) * 2


def request(line: str, *headers: str, body: bytes = b"") -> bytes:
    """One HTTP/1.1 request; the server is asked to close afterwards."""
    lines = [f"{line} HTTP/1.1", "Host: example.com", "Connection: close", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


FORM_TYPE = "Content-Type: application/x-www-form-urlencoded"
FORM = request("POST /form", FORM_TYPE, body=b"name=Ada&city=Reykjavik&size=3")
QUOTED = request("POST /form", FORM_TYPE, body=b"name=Ada&city=K%C3%B8ln+am+Meer")
CONSTANT = request("POST /constant", FORM_TYPE, body=b"name=Ada&city=Reykjavik")
QUERY = request("GET /query?name=Ada&city=K%C3%B8benhavn%20K")
JSON_TYPE = "Content-Type: application/json"
JSON = request("POST /json", JSON_TYPE, body=b'{"name": "Ada", "city": "Ljubljana"}')
JSON_ESCAPED = request("POST /json", JSON_TYPE, body=b'{"city": "K\\u00f8benhavn\\nK", "n": 1}')
ROW = request("POST /row", JSON_TYPE, body=b'{"city": "Longyearbyen, Svalbard"}')
ROWS_OF_JSON = request("POST /rows", JSON_TYPE, body=b'{"city": "Polarnes, the lighthouse of Murmansk"}')
UPLOAD = request(
    "POST /upload",
    f"Content-Type: multipart/form-data; boundary={BOUNDARY}",
    body=(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="city"\r\n\r\nOslo\r\n'
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="picture"; filename="p.bin"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    + PICTURE
    + f"\r\n--{BOUNDARY}--\r\n".encode(),
)
COOKIE = request("GET /cookie", "Cookie: flavour=stracciatella; theme=midnight")
HEADER = request("GET /header", "X-Question: what is it made of?")
PLACE = request("GET /place/Gda%C5%84sk")
PLACE_PLAIN = request("GET /place/Tromsdalen")
BODY = request("POST /", body=b"every byte of it is wanted back")
SHOUTED = request("PUT /", body=b"every letter of it is made large")
CHUNKED = request("POST /data", "Transfer-Encoding: chunked") + b"6\r\nchunk \r\n9\r\nby chunk.\r\n0\r\n\r\n"


ROWS = '7,"Reykjavík, Iceland",x\r\n8,Ljubljana,y\r\n'.encode()


def rows(peer: Peer) -> None:
    """Two rows in one go, and their answers; the server goes last, so that all that it did is recorded."""
    peer.send(ROWS)
    assert peer.read_until(b"\n") + peer.read_until(b"\n") == "Reykjavík, Iceland\nLjubljana\n".encode()
    peer.end()
    peer.read_to_end()


def ask(data: bytes, answer: bytes) -> Script:
    """Send a request at once, read until the server closes, and find `answer` in what came."""

    def script(peer: Peer) -> None:
        peer.send(data)
        peer.read_to_end()
        assert answer in peer.received, peer.received

    return script


def echo(path: str, *payloads: tuple[int, bytes]) -> Script:
    """A WebSocket: each (opcode, payload) is sent and comes back; then it is closed, and the server goes first."""

    def script(peer: Peer) -> None:
        peer.send(upgrade(path))
        peer.read_until(b"\r\n\r\n")
        for opcode, payload in payloads:
            peer.send(frame(opcode, payload))
            assert peer.read_frame().endswith(payload)
        peer.send(close(1000))
        peer.read_to_end()

    return script


def socketio_event(peer: Peer) -> None:
    """Engine.IO 4 on a WebSocket: open, connect to the default namespace, one event, its answer, and the close. Between
    them a second event: it is answered by the thread that answered the first, whose write has then returned."""
    peer.send(upgrade("/socket.io/?EIO=4&transport=websocket"))
    peer.read_until(b"\r\n\r\n")
    assert b'"sid"' in peer.read_frame()
    peer.send(frame(1, b"40"))
    assert b"40{" in peer.read_frame()
    peer.send(frame(1, b'42["say",{"city":"Trondheim"}]'))
    assert b'42["said","Trondheim"]' in peer.read_frame()
    peer.send(frame(1, b'42["say",{"city":"Bergen"}]'))
    assert b'42["said","Bergen"]' in peer.read_frame()
    peer.send(close(1000))
    assert peer.read_frame()[0] == 0x88


def _two(script: Callable[[Peer, Peer], None]) -> Script:
    """A script for two connections at the same time."""

    def both(one: Peer) -> None:
        with Peer(*one._socket.getpeername()[:2]) as other:
            script(one, other)

    return both


#: A frame, and where each connection has it cut.
CUT = frame(1, b"this is cut in the middle")
CUTS = (12, 20)


@_two
def frames_in_turn(one: Peer, other: Peer) -> None:
    """Two WebSockets send the same, in pieces, in turn."""
    for peer in (one, other):
        peer.send(upgrade("/"))
        peer.read_until(b"\r\n\r\n")
    for peer, cut in zip((one, other), CUTS, strict=True):
        peer.send(CUT[:cut])
        time.sleep(0.05)  # so that it is a read of its own
    for peer, cut in zip((one, other), CUTS, strict=True):
        peer.send(CUT[cut:])
        peer.read_frame()
    for peer in (one, other):
        peer.send(close(1000))
        peer.read_to_end()


@_two
def lines_in_turn(one: Peer, other: Peer) -> None:
    """Two connections send the same line at once, then one that is cut in other places."""
    for peer in (one, other):
        peer.send(b"the same for each\n")
    for peer in (one, other):
        peer.read_until(b"\n")
    for peer, cut in ((one, b"this is cut "), (other, b"this is cut in ")):
        peer.send(cut)
        time.sleep(0.05)
    for peer, rest in ((one, b"in the middle\n"), (other, b"the middle\n")):
        peer.send(rest)
        peer.read_until(b"\n")
    for peer in (one, other):
        peer.end()
        peer.read_to_end()


@_two
def told_to_both(one: Peer, other: Peer) -> None:
    """One says what both are told."""
    for peer in (one, other):
        peer.send(upgrade("/"))
        peer.read_until(b"\r\n\r\n")
        peer.send(frame(1, b"I am here"))
        peer.read_frame()
    one.send(frame(1, b"for all of you"))
    for peer in (one, other):
        while not peer.read_frame().endswith(b"for all of you"):
            pass
    for peer in (one, other):
        peer.send(close(1000))
        peer.read_to_end()
