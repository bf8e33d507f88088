"""`Server` on one end of a socket pair, a hand-written client on the other: no HTTP server in between."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from reference_impl import server as module
from reference_impl.frames import Frame, Opcode
from reference_impl.server import ConnectionClosed, ConnectionError, Server

KEY = bytes.fromhex("37fa213d")
HEADERS = {
    "REQUEST_METHOD": "GET",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "PATH_INFO": "/",
    "HTTP_HOST": "x",
    "HTTP_UPGRADE": "websocket",
    "HTTP_CONNECTION": "Upgrade",
    "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
}


class Client:
    def __init__(self, mode: str = "werkzeug", environ: dict[str, Any] | None = None, **options: Any) -> None:
        self.sock, self.far = socket.socketpair()
        self.sock.settimeout(10)
        self.stream = self.sock.makefile("rb")
        self.server = Server({**HEADERS, **(environ or {}), f"{mode}.socket": self.far}, **options)
        self.head = b"".join(iter(self.stream.readline, b"\r\n"))

    def send(self, opcode: Opcode, payload: bytes = b"", **fields: Any) -> None:
        self.sock.sendall(Frame(opcode, payload, **fields).serialize(KEY))

    def frame(self) -> Frame:
        first, length = self.stream.read(2)
        size = {126: 2, 127: 8}.get(length)
        length = int.from_bytes(self.stream.read(size), "big") if size else length
        return Frame(Opcode(first & 15), self.stream.read(length), bool(first & 128))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)
        self.server.thread.join(10)
        assert not self.server.thread.is_alive()
        for closing in (self.stream, self.sock, self.far):
            closing.close()


@pytest.fixture
def open_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(module, "CLOSE_TIMEOUT", 0.5)
    clients: list[Client] = []

    def opened(*args: Any, **options: Any) -> Client:
        clients.append(Client(*args, **options))
        return clients[-1]

    yield opened
    for client in clients:
        client.close()


def test_text_and_bytes(open_client: Any) -> None:
    client = open_client()
    client.send(Opcode.TEXT, "é".encode())
    client.send(Opcode.BINARY, b"\xff")
    assert [client.server.receive(), client.server.receive()] == ["é", b"\xff"]
    for data in ("é", b"\xff", 42, bytearray(b"x")):  # what is neither becomes str(), as in the original
        client.server.send(data)
    got = [client.frame() for _ in range(4)]
    assert got == [
        Frame(Opcode.TEXT, "é".encode()),
        Frame(Opcode.BINARY, b"\xff"),
        Frame(Opcode.TEXT, b"42"),
        Frame(Opcode.TEXT, b"bytearray(b'x')"),
    ]


@pytest.mark.parametrize("mode", ["werkzeug", "gunicorn"])
def test_mode(open_client: Any, mode: str) -> None:
    assert open_client(mode).server.mode == mode


def test_no_socket() -> None:
    with pytest.raises(RuntimeError, match="Cannot obtain socket"):
        Server(dict(HEADERS))


def test_no_websocket() -> None:
    here, far = socket.socketpair()
    with here, far:
        with pytest.raises(ConnectionError, match="Sec-WebSocket-Key") as caught:
            Server({**HEADERS, "HTTP_SEC_WEBSOCKET_KEY": "x", "werkzeug.socket": far})
        assert caught.value.status_code == 400
        assert here.makefile("rb").read().startswith(b"HTTP/1.1 400 Bad Request\r\n")  # and then FIN
        with pytest.raises(BrokenPipeError):
            far.sendall(b"HTTP/1.1 500 Internal Server Error\r\n")


def test_subprotocol(open_client: Any) -> None:
    client = open_client(environ={"HTTP_SEC_WEBSOCKET_PROTOCOL": "a, b"}, subprotocols=["b", "a"])
    assert client.server.subprotocol == "a"
    assert b"Sec-WebSocket-Protocol: a\r\n" in client.head
    assert open_client(environ={"HTTP_SEC_WEBSOCKET_PROTOCOL": "b"}, subprotocols="b").server.subprotocol == "b"
    assert open_client(environ={"HTTP_SEC_WEBSOCKET_PROTOCOL": "b"}).server.subprotocol is None


def test_receive_with_timeout(open_client: Any) -> None:
    client = open_client()
    assert client.server.receive(timeout=0) is None
    assert client.server.receive(timeout=0.01) is None
    client.send(Opcode.TEXT, b"x")
    assert client.server.receive(timeout=10) == "x"


def test_client_closes(open_client: Any) -> None:
    client = open_client()
    client.send(Opcode.TEXT, b"last words")
    client.send(Opcode.CLOSE, b"\x10\xe1bye")
    assert client.frame() == Frame(Opcode.CLOSE, b"\x10\xe1bye")
    assert client.stream.read() == b""  # FIN
    assert client.server.receive() == "last words"
    for call in (client.server.receive, lambda: client.server.send("x"), client.server.close):
        with pytest.raises(ConnectionClosed, match="4321 bye") as caught:
            call()
        assert (caught.value.reason, caught.value.message) == (4321, "bye")
    with pytest.raises(BrokenPipeError):  # whatever a WSGI server wants to say now, it cannot
        client.far.sendall(b"HTTP/1.1 200 OK\r\n")


def test_a_view_that_only_sends_is_stopped(open_client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It never comes back for more, so it gets a moment for its last words; then the close frame, then the news."""
    monkeypatch.setattr(module, "LAST_WORDS", 0.2)
    client = open_client()
    client.send(Opcode.TEXT, b"begin")
    assert client.server.receive() == "begin"
    client.send(Opcode.CLOSE, b"\x03\xe8")
    with pytest.raises(ConnectionClosed):
        while True:
            client.server.send("x")
            assert client.frame().payload == b"x"
    assert client.frame() == Frame(Opcode.CLOSE, b"\x03\xe8")
    assert client.stream.read() == b""


def test_server_closes(open_client: Any) -> None:
    client = open_client()
    closing = threading.Thread(target=client.server.close, args=(4321, "bye"))
    closing.start()
    assert client.frame() == Frame(Opcode.CLOSE, b"\x10\xe1bye")
    client.send(Opcode.TEXT, b"too late")
    client.send(Opcode.PING, b"too late")
    client.send(Opcode.CLOSE, b"\x10\xe1")
    assert client.stream.read() == b""  # no pong, no second close frame
    client.sock.close()
    closing.join(10)
    assert not closing.is_alive()
    assert (client.server.connected, client.server.close_reason) == (False, 4321)
    with pytest.raises(ConnectionClosed):
        client.server.receive()


def test_client_does_not_answer_our_close(open_client: Any) -> None:
    client = open_client()
    client.server.close()
    assert not client.server.thread.is_alive()
    assert client.server.close_reason == 1006


def test_client_vanishes(open_client: Any) -> None:
    client = open_client()
    client.send(Opcode.TEXT, b"half", fin=False)
    client.sock.shutdown(socket.SHUT_RDWR)
    with pytest.raises(ConnectionClosed) as caught:
        client.server.receive()
    assert caught.value.reason == 1006


def test_a_wrong_close_code_is_no_close(open_client: Any) -> None:
    client = open_client()
    with pytest.raises(ValueError, match="70000"):
        client.server.close(70000)
    client.server.send("still open")
    assert client.frame().payload == b"still open"


@pytest.mark.parametrize(
    ("data", "code"), [(b"\x81\x01x", 1002), (Frame(Opcode.TEXT, b"\xff").serialize(KEY), 1007), (bytes(2), 1002)]
)
def test_failure(open_client: Any, data: bytes, code: int) -> None:
    client = open_client()
    client.sock.sendall(data)
    assert client.frame().payload[:2] == code.to_bytes(2, "big")
    assert client.stream.read() == b""
    with pytest.raises(ConnectionClosed) as caught:
        client.server.receive()
    assert caught.value.reason == code


def test_too_big_wakes_the_view(open_client: Any) -> None:
    """The original can leave it in `receive` for ever."""
    client = open_client(max_message_size=10)
    client.send(Opcode.TEXT, b"x" * 11)
    with pytest.raises(ConnectionClosed) as caught:
        client.server.receive()
    assert caught.value.reason == 1009


def test_every_waiting_thread_learns_of_the_end(open_client: Any) -> None:
    client = open_client()
    ended: list[int] = []

    def wait() -> None:
        try:
            client.server.receive()
        except ConnectionClosed as error:
            ended.append(error.reason)

    threads = [threading.Thread(target=wait) for _ in range(8)]
    for thread in threads:
        thread.start()
    client.send(Opcode.CLOSE, b"\x03\xe8")
    for thread in threads:
        thread.join(10)
    assert ended == [1000] * 8


def test_ping_and_pong(open_client: Any) -> None:
    client = open_client()
    client.send(Opcode.PING, b"?")
    assert client.frame() == Frame(Opcode.PONG, b"?")
    client.send(Opcode.PONG, b"nobody asked")
    client.send(Opcode.TEXT, b"x")
    assert client.server.receive() == "x"


def test_pings_us_until_we_are_silent(open_client: Any) -> None:
    client = open_client(ping_interval=0.1)
    for _ in range(3):
        assert client.frame() == Frame(Opcode.PING)
        client.send(Opcode.PONG)
    assert client.frame().opcode is Opcode.PING
    assert client.frame() == Frame(Opcode.CLOSE, (1008).to_bytes(2, "big") + b"Ping/Pong timeout")
    with pytest.raises(ConnectionClosed) as caught:
        client.server.receive()
    assert caught.value.reason == 1008


def test_a_peer_that_never_reads_is_let_go(open_client: Any) -> None:
    """Its sender is stuck in `sendall`; the pings notice, and free it."""
    client = open_client(ping_interval=0.1)
    with pytest.raises(ConnectionClosed):
        while True:
            client.server.send(bytes(1 << 20))


def test_a_peer_that_pings_and_never_reads_is_let_go(open_client: Any) -> None:
    """Here it is the reader that would be stuck, in the pong."""
    client = open_client(ping_interval=0.1)

    def send() -> None:
        with contextlib.suppress(OSError):
            while True:
                client.send(Opcode.PING, b"?" * 125)

    sending = threading.Thread(target=send)
    sending.start()
    client.server.thread.join(10)
    assert not client.server.thread.is_alive()
    with pytest.raises(ConnectionClosed):
        client.server.receive()
    client.sock.shutdown(socket.SHUT_RDWR)
    sending.join(10)


def test_the_last_message_is_never_lost(open_client: Any) -> None:
    """Message and end come when `receive` has found no message, and before it looks whether this is the end."""
    both = Frame(Opcode.TEXT, b"last").serialize(KEY) + Frame(Opcode.CLOSE, b"\x03\xe8").serialize(KEY)

    class Watched(Server):
        @property
        def connected(self) -> bool:
            if self.__dict__.pop("watched", False):
                client.sock.sendall(both)
                self.thread.join(0.5)
            return bool(self.__dict__["connected"])

        @connected.setter
        def connected(self, value: bool) -> None:
            self.__dict__["connected"] = value

    client = open_client()
    client.server.__dict__["watched"] = True
    client.server.__class__ = Watched
    client.sock.shutdown(socket.SHUT_RD)  # the reader need not wait for our FIN
    with contextlib.suppress(ConnectionClosed):
        assert client.server.receive(timeout=10) == "last"
        return
    pytest.fail("the message is lost")


def test_a_peer_that_never_reads_can_be_closed(open_client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEND_TIMEOUT", 1.0)
    client = open_client()

    def send() -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                client.server.send(bytes(1 << 20))

    sending = threading.Thread(target=send)
    sending.start()
    client.stream.read(1)
    client.server.close()
    sending.join(10)
    assert not sending.is_alive()


def test_a_view_that_falls_behind_slows_the_peer_down(open_client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BUFFERED", 1 << 20)
    client = open_client()
    count = 2000

    def send() -> None:
        for _ in range(count):
            client.send(Opcode.BINARY, bytes(10_000))

    sending = threading.Thread(target=send)
    sending.start()
    for _ in range(count):
        assert len(client.server.receive()) == 10_000
        assert client.server.buffered <= (1 << 20) + 10_000
    sending.join(10)


def test_a_view_that_falls_behind_learns_that_the_peer_is_gone(open_client: Any, monkeypatch: Any) -> None:
    """The reader waits for the view then, and the view for the reader's last word."""
    monkeypatch.setattr(module, "MAX_BUFFERED", 1)
    client = open_client()
    client.send(Opcode.BINARY, bytes(100))
    client.send(Opcode.BINARY, bytes(100))
    with client.server.news:
        assert client.server.news.wait_for(lambda: client.server.buffered > 1, 10)
    client.sock.shutdown(socket.SHUT_RD)
    with pytest.raises(ConnectionClosed):
        client.server.send("x")


def test_idle_costs_no_processor_time(open_client: Any) -> None:
    client = open_client()
    started = time.process_time()
    assert client.server.receive(timeout=0.3) is None
    assert time.process_time() - started < 0.1


def test_many_messages_in_one_segment(open_client: Any) -> None:
    client = open_client()
    client.sock.sendall(b"".join(Frame(Opcode.TEXT, b"%d" % i).serialize(KEY) for i in range(300)))
    assert [client.server.receive() for _ in range(300)] == [str(i) for i in range(300)]
