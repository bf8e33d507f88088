"""RFC 6455 section 4.2: what a server asks of an opening handshake, and what it answers. Rows H01-H24."""

from __future__ import annotations

import pytest

from .peer import KEY, TEXT, Head, accept_token, call, frame, request
from .servers import Served, Starter

OTHER_KEY = "AQIDBAUGBwgJCgsMDQ4PEA=="  # the key of the RFC's section 4.1: bytes 0x01 to 0x10


def refused(head: Head) -> bool:
    """A client error that upgrades nothing."""
    return 400 <= head.status < 500 and not head.all("sec-websocket-accept")


@pytest.mark.parametrize("key", [KEY, OTHER_KEY], ids=["H01-H03-section-1.3", "H01-H03-section-4.1"])
def test_upgrades(server: Served, key: str) -> None:
    head, peer = call(server.address, request(replace={"Sec-WebSocket-Key": key}))
    with peer:
        assert head.status == 101
        assert head.line.startswith("HTTP/1.1 101")
        assert head.one("upgrade").lower() == "websocket"
        assert head.one("connection").lower() == "upgrade"
        assert head.one("sec-websocket-accept") == accept_token(key)
        assert not head.all("content-length") and not head.all("transfer-encoding")  # RFC 9110 8.6 and 9112 6.1
        peer.send(frame(TEXT, b"Hello"))
        assert bytes(peer.received[peer.read_to :]) == b"", "nothing between the handshake and the first frame"
        peer.expect(TEXT, b"Hello")


def test_H01_accept_of_the_rfc(server: Served) -> None:
    head, peer = call(server.address, request())
    with peer:
        assert head.one("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


ACCEPTED = {
    "H08-any-case": {"replace": {"Upgrade": "WebSocket"}},
    "H08-upper": {"replace": {"Upgrade": "WEBSOCKET"}},
    "H11-list": {"replace": {"Connection": "keep-alive, Upgrade"}},
    "H11-list-first": {"replace": {"Connection": "Upgrade,keep-alive"}},
    "H11-any-case": {"replace": {"Connection": "UPGRADE"}},
    "H12-two-lines": {"replace": {"Connection": "keep-alive"}, "add": [("Connection", "Upgrade")]},
    "H14-spaces-around-the-key": {"replace": {"Sec-WebSocket-Key": f"  {KEY}  "}},
    "H24-header-names-in-any-case": {"drop": ["Upgrade"], "add": [("uPGRADE", "websocket")]},
    "H24-query": {"path": "/echo?a=b"},
    "H24-foreign-origin": {"add": [("Origin", "http://example.com")]},
}


@pytest.mark.parametrize("how", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepted(server: Served, how: dict) -> None:
    head, peer = call(server.address, request(**how))
    with peer:
        assert head.status == 101, head
        peer.send(frame(TEXT, b"Hello"))
        peer.expect(TEXT, b"Hello")


def key(value: str) -> dict:
    return {"replace": {"Sec-WebSocket-Key": value}}


# Each row: what is wrong with the handshake, and the statuses that say so. None: any 4xx.
REFUSED: dict[str, tuple[dict, set[int] | None]] = {
    "H04-POST": ({"method": "POST", "add": [("Content-Length", "0")]}, None),
    "H04-PUT": ({"method": "PUT", "add": [("Content-Length", "0")]}, None),
    "H04-DELETE": ({"method": "DELETE"}, None),
    "H04-get-in-lower-case": ({"method": "get"}, None),
    "H05-HTTP/1.0": ({"version": "HTTP/1.0"}, None),
    "H06-no-host": ({"drop": ["Host"]}, {400}),
    "H07-no-upgrade": ({"drop": ["Upgrade"]}, None),
    "H09-h2c": ({"replace": {"Upgrade": "h2c"}}, None),
    "H10-no-connection": ({"drop": ["Connection"]}, None),
    "H10-keep-alive": ({"replace": {"Connection": "keep-alive"}}, None),
    "H10-close": ({"replace": {"Connection": "close"}}, None),
    "H10-not-the-token": ({"replace": {"Connection": "no-upgrade, upgrades"}}, None),
    "H13-no-key": ({"drop": ["Sec-WebSocket-Key"]}, {400}),
    "H14-key-of-0-bytes": (key(""), {400}),
    "H14-key-of-5-bytes": (key("SGVsbG8="), {400}),
    "H14-key-of-15-bytes": (key("AQIDBAUGBwgJCgsMDQ4P"), {400}),
    "H14-key-of-17-bytes": (key("AQIDBAUGBwgJCgsMDQ4PEBE="), {400}),
    "H15-not-base64": (key("this is not base64!!"), {400}),
    "H15-no-padding": (key(KEY.rstrip("=")), {400}),
    "H15-junk-inside": (key(KEY[:8] + "!" + KEY[8:]), {400}),
    "H15-url-alphabet": (key("____________________-w=="), {400}),
    "H16-key-twice": ({"add": [("Sec-WebSocket-Key", KEY)]}, {400}),
    "H16-two-keys": ({"add": [("Sec-WebSocket-Key", OTHER_KEY)]}, {400}),
    "H17-no-version": ({"drop": ["Sec-WebSocket-Version"]}, {400, 426}),
}


@pytest.mark.parametrize(("how", "statuses"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(server: Served, how: dict, statuses: set[int] | None) -> None:
    head, peer = call(server.address, request(**how))
    with peer:
        assert refused(head), head
        assert statuses is None or head.status in statuses, head


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_H04_not_upgraded(server: Served, method: str) -> None:
    """Either may be answered as the routing likes (200, 405), but never with 101."""
    head, peer = call(server.address, request(method=method))
    with peer:
        assert head.status != 101
        assert not head.all("sec-websocket-accept")


@pytest.mark.parametrize("version", ["0", "8", "12", "14", "130", "-13", "13x", "x"])
def test_H18_another_version(server: Served, version: str) -> None:
    head, peer = call(server.address, request(replace={"Sec-WebSocket-Version": version}))
    with peer:
        assert head.status == 426, head
        assert head.one("sec-websocket-version") == "13"


def test_H18_426_names_the_upgrade(server: Served) -> None:
    """RFC 9110 section 15.5.22: "The server MUST send an Upgrade header field in a 426 response"."""
    head, peer = call(server.address, request(replace={"Sec-WebSocket-Version": "8"}))
    with peer:
        assert head.one("upgrade").lower() == "websocket"


def offer(*lines: str) -> dict:
    return {"add": [("Sec-WebSocket-Protocol", line) for line in lines]}


@pytest.mark.parametrize(
    ("options", "how", "agreed"),
    [
        pytest.param((), offer("chat"), set(), id="H19-server-knows-none"),
        pytest.param(("--subprotocols", "chat,superchat"), {}, set(), id="H19-nothing-offered"),
        pytest.param(("--subprotocols", "chat,superchat"), offer("soap, wamp"), set(), id="H19-nothing-in-common"),
        pytest.param(("--subprotocols", "chat,superchat"), offer("cha, chatt, CHAT"), set(), id="H19-only-alike"),
        pytest.param(("--subprotocols", "chat,superchat"), offer("chat"), {"chat"}, id="H20-one"),
        pytest.param(("--subprotocols", "chat,superchat"), offer("soap,superchat"), {"superchat"}, id="H20-no-space"),
        pytest.param(("--subprotocols", "chat,superchat"), offer("chat, superchat"), {"chat", "superchat"}, id="H20"),
        pytest.param(("--subprotocols", "chat,superchat"), offer("soap", "chat"), {"chat"}, id="H20-two-lines"),
    ],
)
def test_subprotocols(judged: Starter, options: tuple[str, ...], how: dict, agreed: set[str]) -> None:
    head, peer = call(judged(*options).address, request(**how))
    with peer:
        assert head.status == 101
        if agreed:
            assert head.one("sec-websocket-protocol") in agreed
        else:
            assert head.all("sec-websocket-protocol") == []


@pytest.mark.parametrize("extension", ["x-unknown", "x-webkit-deflate-frame", 'foo; bar="1", baz', "mux; a=b; c"])
def test_H21_unknown_extension(server: Served, extension: str) -> None:
    head, peer = call(server.address, request(add=[("Sec-WebSocket-Extensions", extension)]))
    with peer:
        assert head.status == 101
        assert head.all("sec-websocket-extensions") == []


def test_H22_plain_get(server: Served) -> None:
    head, peer = call(server.address, b"GET /echo HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    with peer:
        assert refused(head), head


def test_H24_refusal_is_whole(server: Served) -> None:
    """A refused handshake gets a whole HTTP answer, and what follows it is never a frame."""
    head, peer = call(server.address, request(drop=["Sec-WebSocket-Version"]))
    with peer:
        assert refused(head), head
        assert len(head.all("content-length")) == 1 or head.all("connection") == ["close"], head
        peer.body(head)
        peer.push(frame(TEXT, b"Hello"))
        peer.sock.shutdown(1)
        assert frame(TEXT, b"Hello", key=None) not in peer.rest()
