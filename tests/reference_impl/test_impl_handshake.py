"""RFC 6455, section 4, without I/O: every refusal, and the 101 byte for byte as the original writes it."""

from __future__ import annotations

import pytest
import wsproto
import wsproto.events
import wsproto.extensions
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.connection import ConnectionState, ConnectionType
from reference_impl.deflate import PerMessageDeflate
from reference_impl.events import (
    AcceptConnection,
    LocalProtocolError,
    RejectConnection,
    RemoteProtocolError,
    Request,
    TextMessage,
)
from reference_impl.handshake import WSConnection
from reference_impl.request import split_list

GOOD = {
    "Host": "example.com",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


def request(first: str = "GET /echo HTTP/1.1", **changed: str | None) -> bytes:
    headers = {**GOOD, **{name.replace("_", "-"): value for name, value in changed.items()}}
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([first, *lines, "", ""]).encode()


def ask(data: bytes) -> WSConnection:
    ws = WSConnection(ConnectionType.SERVER)
    ws.receive_data(data)
    return ws


def test_request() -> None:
    ws = ask(request(Sec_WebSocket_Protocol="chat, superchat", Cookie="a=b"))
    [event] = ws.events()
    assert isinstance(event, Request)
    assert (event.host, event.target, list(event.subprotocols)) == ("example.com", "/echo", ["chat", "superchat"])
    assert (b"cookie", b"a=b") in event.extra_headers
    assert ws.state is ConnectionState.CONNECTING


def test_lists() -> None:
    [event] = ask(request(Upgrade="h2c, WebSocket", Connection="keep-alive,,upgrade ,")).events()
    assert isinstance(event, Request)


def test_names_of_headers_in_any_case() -> None:
    """RFC 9110, section 5.1."""
    ws = ask(request(Upgrade=None, UPGRADE="websocket"))
    [event] = ws.events()
    assert isinstance(event, Request) and event.host == "example.com"
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in ws.send(AcceptConnection())


@pytest.mark.parametrize(
    ("data", "status"),
    [
        pytest.param(request("POST /echo HTTP/1.1"), 405, id="H04"),
        pytest.param(request("GET /echo HTTP/1.0"), 400, id="H05"),
        pytest.param(request(Host=None), 400, id="H06"),
        pytest.param(request(Upgrade=None), 400, id="H07"),
        pytest.param(request(Upgrade="h2c"), 400, id="H09"),
        pytest.param(request(Connection="keep-alive"), 400, id="H10"),
        pytest.param(request(Connection=None), 400, id="H10 none"),
        pytest.param(request(Connection="keep-alive Upgrade"), 400, id="H10 no comma"),
        pytest.param(request(Upgrade="h2c websocket"), 400, id="H07 no comma"),
        pytest.param(request(Sec_WebSocket_Key=None), 400, id="H13"),
        pytest.param(request(Sec_WebSocket_Key=""), 400, id="H14"),
        pytest.param(request(Sec_WebSocket_Key="AAAAAAA="), 400, id="H14 5 bytes"),
        pytest.param(request(Sec_WebSocket_Key="AAAAAAAAAAAAAAAAAAAAAAA="), 400, id="H14 17 bytes"),
        pytest.param(request(Sec_WebSocket_Key="not base64 at all!!!!!=="), 400, id="H15"),
        pytest.param(request(Sec_WebSocket_Key=f"{GOOD['Sec-WebSocket-Key']}, AAAA"), 400, id="H16"),
        pytest.param(request(Sec_WebSocket_Version=None), 426, id="H17"),
        pytest.param(request(Sec_WebSocket_Version="8"), 426, id="H18"),
        pytest.param(b"nonsense\r\n\r\n", 400, id="no HTTP"),
        pytest.param(b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400, id="no header"),
        pytest.param(b"x" * 70000, 414, id="no end"),
        pytest.param(request()[:-2] + b"X: y\r\n" * 7000, 431, id="no end of fields"),
    ],
)
def test_refused(data: bytes, status: int) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        ask(data)
    assert caught.value.event_hint.status_code == status
    ws = WSConnection(ConnectionType.SERVER)
    answer = ws.send(caught.value.event_hint)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert (b"Sec-WebSocket-Version: 13" in answer) == (status == 426)
    assert answer.endswith(f"{caught.value}\n".encode())
    assert ws.state is ConnectionState.REJECTING


@pytest.mark.parametrize("upgrade", ["WebSocket", "WEBSOCKET", "h2c, websocket"])
@pytest.mark.parametrize("connection", ["upgrade", "keep-alive, Upgrade"])
def test_h08_h11_case_and_lists(upgrade: str, connection: str) -> None:
    assert list(ask(request(Upgrade=upgrade, Connection=connection)).events())


@pytest.mark.parametrize("subprotocol", [None, "superchat"])
@pytest.mark.parametrize("offer", [None, "permessage-deflate; client_max_window_bits", "unknown; x=y"])
def test_101_as_the_original(subprotocol: str | None, offer: str | None) -> None:
    data = request(Sec_WebSocket_Protocol="chat, superchat", Sec_WebSocket_Extensions=offer)
    ours, theirs = ask(data), wsproto.WSConnection(wsproto.ConnectionType.SERVER)
    theirs.receive_data(data)
    assert list(ours.events()) and list(theirs.events())
    expected = theirs.send(wsproto.events.AcceptConnection(subprotocol, [wsproto.extensions.PerMessageDeflate()]))
    assert ours.send(AcceptConnection(subprotocol, [PerMessageDeflate()])) == expected
    assert ours.state is ConnectionState.OPEN


def test_frames_behind_the_head_are_not_lost() -> None:
    ws = ask(request() + bytes.fromhex("818537fa213d7f9f4d5158"))
    assert len(list(ws.events())) == 1
    ws.send(AcceptConnection())
    assert list(ws.events()) == [TextMessage("Hello")]


def test_cut_anywhere() -> None:
    ws = WSConnection(ConnectionType.SERVER)
    for byte in request():
        assert list(ws.events()) == []
        ws.receive_data(bytes([byte]))
    assert len(list(ws.events())) == 1


@pytest.mark.parametrize("event", [TextMessage("x"), Request("h", "/"), AcceptConnection()])
def test_sent_too_early(event: object) -> None:
    with pytest.raises(LocalProtocolError):
        WSConnection(ConnectionType.SERVER).send(event)  # type: ignore[arg-type]


def test_rejected_once() -> None:
    ws = ask(request())
    ws.send(RejectConnection(403))
    with pytest.raises(LocalProtocolError):
        ws.send(RejectConnection(403))
    with pytest.raises(LocalProtocolError):
        ws.send(AcceptConnection())


def test_commas_in_quotes() -> None:
    assert split_list('a; b="1,2" , c, d"') == ['a; b="1,2"', "c", 'd"']


@given(st.binary(max_size=200))
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        ask(data + b"\r\n\r\n")
