"""`http.py` and `request.py`: requests from bytes, then a server on a free port and raw sockets."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl import http
from reference_impl.events import RemoteProtocolError
from reference_impl.http import make_environ, make_server
from reference_impl.request import HTTPRequest, read_body, read_head
from reference_impl.server import ConnectionError, Server


def read_request(source: io.BytesIO) -> tuple[HTTPRequest, bytes]:
    head = read_head(source.readline)
    return head, read_body(source.readline, source.read, head.headers)


def test_request() -> None:
    data = io.BytesIO(b"POST /a%20b?c=d HTTP/1.1\r\nHost: x\r\nX-A:  1\t\r\nx-a: 2\r\nContent-Length: 2\r\n\r\nhi+more")
    head, body = read_request(data)
    headers = {b"host": b"x", b"x-a": b"1, 2", b"content-length": b"2"}
    assert head == HTTPRequest(b"POST", b"/a%20b?c=d", b"HTTP/1.1", headers)
    assert body == b"hi"
    assert data.read() == b"+more"


CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"


def test_chunks() -> None:
    data = io.BytesIO(CHUNKED + b"\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\nmore")
    assert read_request(data)[1] == b"abc0123456789"
    assert data.read() == b"more"


@pytest.mark.parametrize("host", ["", "x", "x_y.example:80", "127.0.0.1:5000", "[::1]:5000", "a%20b"])
def test_hosts(host: str) -> None:
    assert read_head(io.BytesIO(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()).readline).target == b"/"


def test_an_empty_line_before_the_request() -> None:
    """RFC 9112, section 2.2: old clients sent one too many after a body."""
    assert read_head(io.BytesIO(b"\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n").readline).target == b"/a"


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/", "/", ""),
        ("/?", "/", ""),
        ("//a?b?c", "//a", "b?c"),
        ("http://x/a?b", "/a", "b"),
        ("http://x", "/", ""),
        ("HTTP://x/a", "/a", ""),
        ("Https://x?b", "/", "b"),
    ],
)
def test_targets(target: str, path: str, query: str) -> None:
    head = read_head(io.BytesIO(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode()).readline)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as sock:
        environ = make_environ(head, b"", sock)
    assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == (path, query)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /\r\n", 400),
        (b"GET  / HTTP/1.1\r\nHost: x\r\n", 400),
        (b"GET a HTTP/1.1\r\nHost: x\r\n", 400),
        (b"GET  HTTP/1.1\r\nHost: x\r\n", 400),
        (b"GET ?a=b HTTP/1.1\r\nHost: x\r\n", 400),
        (b"GET http:///a HTTP/1.1\r\nHost: x\r\n", 400),
        (b"\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\nHost: x\r\n", 400),
        (b"GET / HTTP/x\r\nHost: x\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: x\r\n", 400),
        (b"G@T / HTTP/1.1\r\nHost: x\r\n", 400),
        (b"GET / HTTP/1.1\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : x\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a b/@?\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x/y\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: [::1\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x:y\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\nX: y\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: \x00\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n", 400),
        (b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\nHost: x\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 5000, 431),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"1" * 5000 + b"\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"0" * 4301 + b"\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n", 501),
        (CHUNKED + b"Content-Length: 1\r\n", 400),
        (CHUNKED + b"Content-Length: 0\r\n\r\n0\r\n", 400),
        (CHUNKED + b"\r\n3\rX\r\nabc\r\n0\r\n", 400),
        (CHUNKED + b"\r\n3;a\nb\r\nabc\r\n0\r\n", 400),
        (CHUNKED + b"\r\n3x\r\nabc\r\n0\r\n", 400),
        (CHUNKED + b"\r\n0\r\nno trailer\r\n", 400),
        (CHUNKED + b"\r\nzz\r\n", 400),
        (CHUNKED + b"\r\n1\r\nab\r\n", 400),
        (CHUNKED + b"\r\nffffffff\r\n", 413),
    ],
)
def test_refused(data: bytes, status: int) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        read_request(io.BytesIO(data + b"\r\n"))
    assert caught.value.event_hint.status_code == status


@given(st.binary(max_size=200))
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        read_request(io.BytesIO(data + b"\r\n\r\n"))


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("X-Path", environ["PATH_INFO"]), ("Content-Length", str(len(body)))])
    return [body]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], tuple[str, int]]]:
    monkeypatch.setattr(http, "REQUEST_TIMEOUT", 0.5)
    monkeypatch.setattr(http, "LINGER_TIMEOUT", 0.5)
    before = set(threading.enumerate())
    with contextlib.ExitStack() as stack:

        def start(app: Any) -> tuple[str, int]:
            server = make_server("127.0.0.1", 0, app)
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            stack.callback(lambda: thread.join(10))
            stack.callback(server.shutdown)
            return server.host, server.port

        yield start
    assert set(threading.enumerate()) <= before


def ask(address: tuple[str, int], *parts: bytes) -> bytes:
    with socket.create_connection(address, timeout=10) as sock:
        for part in parts:
            sock.sendall(part)
        return sock.makefile("rb").read()


def test_an_answer(serve: Any) -> None:
    address = serve(echo)
    answer = ask(address, b"POST /caf%C3%A9 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
    assert answer == (b"HTTP/1.1 200 OK\r\nX-Path: /caf\xc3\xa9\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")


def test_refused_without_a_body(serve: Any) -> None:
    """RFC 9110, section 9.3.2: HEAD gets none, whatever the answer is."""

    def opens(environ: Any, start_response: Any) -> list[bytes]:
        with pytest.raises(ConnectionError):
            Server(environ)
        return []

    answer = ask(serve(opens), b"HEAD / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 405 ") and answer.endswith(b"\r\n\r\n"), answer


def test_byte_by_byte(serve: Any) -> None:
    data = b"GET /abc HTTP/1.1\r\nHost: x\r\n\r\n"
    assert b"X-Path: /abc" in ask(serve(echo), *(data[i : i + 1] for i in range(len(data))))


@pytest.mark.parametrize("data", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"])
def test_half_a_request_is_waited_for_only_so_long(serve: Any, data: bytes) -> None:
    assert ask(serve(echo), data) == b""


def test_a_head_without_end(serve: Any) -> None:
    assert ask(serve(echo), b"GET / HTTP/1.1\r\nX: " + b"x" * 70000).startswith(b"HTTP/1.1 431 ")


def test_a_failing_application(serve: Any, capfd: pytest.CaptureFixture[str]) -> None:
    def fails(environ: Any, start_response: Any) -> list[bytes]:
        raise ConnectionRefusedError("my database is down")

    answer = ask(serve(fails), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert "my database is down" in capfd.readouterr().err


def test_environ_and_streaming(serve: Any) -> None:
    seen: dict[str, Any] = {}
    closed = threading.Event()

    class Parts:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"a", b"b"])

        close = staticmethod(closed.set)

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        seen.update(environ)
        start_response("200 OK", [])
        return Parts()

    answer = ask(serve(app), b"GET /?q HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nX-A: 2\r\nX_A: 3\r\nContent-Type: t\r\n\r\n")
    assert answer.endswith(b"\r\n\r\nab") and closed.wait(10)
    assert isinstance(seen["werkzeug.socket"], socket.socket)
    assert (seen["HTTP_X_A"], seen["CONTENT_TYPE"], seen["QUERY_STRING"]) == ("1, 2", "t", "q")


def test_a_peer_that_never_reads_blocks_nobody(serve: Any) -> None:
    def endless(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        while environ["PATH_INFO"] == "/endless":
            yield bytes(1 << 20)
        yield b"here"

    address = serve(endless)
    with socket.create_connection(address) as stuck:
        stuck.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        assert ask(address, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").endswith(b"here")


def test_no_more_threads(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    address = serve(echo)
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with contextlib.suppress(ConnectionResetError):
            assert ask(address, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") == b""
    assert threading.Thread.start is start
    assert ask(address, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 200 ")


def test_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        make_server("127.0.0.1", taken.getsockname()[1], echo)


def test_shutdown_twice_is_harmless() -> None:
    server = make_server("127.0.0.1", 0, echo)
    server.shutdown()
    server.serve_forever()
    server.shutdown()
    server.server_close()
