"""The floor under everything: accept TCP, read one HTTP/1.1 request, call a WSGI application, write its response.

In: `make_server(host, port, app)`, then connections, each on a thread of its own. Out: the application's answer, or a
4xx for what is no HTTP. The environ holds the raw socket as `werkzeug.socket`, so that a WebSocket can take over.

Follows https://github.com/pallets/werkzeug/blob/c1a26b45fb06d5e086b4d6be820c3302f588d815/src/werkzeug/serving.py#L159-L383
and, for the server, https://github.com/pallets/werkzeug/blob/c1a26b45fb06d5e086b4d6be820c3302f588d815/src/werkzeug/serving.py#L701-L877
Leaves out: TLS, keep-alive (one request a connection, as the original), chunked responses (the end of the connection
ends the body), `Expect: 100-continue`, bodies over 16 MiB, logging of requests, the reloader and the debugger.
"""

from __future__ import annotations

import contextlib
import io
import re
import selectors
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import monotonic
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from .events import Headers, RejectConnection, RemoteProtocolError
from .handshake import MAX_HEAD, http_response, joined, parse_head

WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

MAX_LINE = 8192  # bytes of a request line
MAX_FIELDS = 100
MAX_BODY = 1 << 24  # bytes
REQUEST_TIMEOUT = 10.0  # seconds for the whole request: a client that sends a byte now and then gains nothing
LINGER_TIMEOUT = 2.0  # seconds to wait for the peer's FIN, so that our close is no reset
STOP_TIMEOUT = 5.0  # seconds for the threads to end when the server stops
TARGET = re.compile(rb"[\x21-\x7e]+")
END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True)
class HTTPRequest:
    """One request, read whole. Header names are lower-case."""

    method: bytes
    target: bytes
    version: bytes
    headers: Headers
    body: bytes = b""


def refuse(status: int, sentence: str) -> RemoteProtocolError:
    return RemoteProtocolError(sentence, RejectConnection(status))


class Reader:
    """Reads from a socket what was asked for and not one byte more, all before one deadline."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.deadline = monotonic() + REQUEST_TIMEOUT

    def recv(self, size: int, flags: int = 0) -> bytes:
        left = self.deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)
        return self.sock.recv(size, flags)

    def until(self, end: bytes, limit: int) -> bytes:
        """All up to and with `end`; what follows stays in the kernel: after a 101 it belongs to the WebSocket."""
        taken = b""
        while not taken.endswith(end):
            peeked = self.recv(limit, socket.MSG_PEEK)
            overlap = taken[1 - len(end) :]  # the end may have arrived in two parts
            found = (overlap + peeked).find(end)
            size = len(peeked) if found < 0 else found + len(end) - len(overlap)
            taken += self.recv(size)
            if not peeked:
                raise EOFError(len(taken))
            if len(taken) > limit:
                raise refuse(431, f"more than {limit} bytes before the end of a line or of the head")
        return taken

    def exactly(self, size: int) -> bytes:
        taken = bytearray()
        while len(taken) < size:
            data = self.recv(min(size - len(taken), 65536))
            if not data:
                raise EOFError(len(taken))
            taken += data
        return bytes(taken)


def read_request(reader: Reader) -> HTTPRequest:
    """RFC 9112: the request line, the header fields, the body. Raises RemoteProtocolError for what is none."""
    words, headers = parse_head(reader.until(END_OF_HEAD, MAX_HEAD)[: -len(END_OF_HEAD)])
    if len(words) != 3 or not words[0].isalpha() or not TARGET.fullmatch(words[1]):
        raise refuse(400, "the request line is not 'METHOD target HTTP/1.1'")
    method, target, version = words
    hosts = [value for name, value in headers if name == b"host"]
    for holds, status, sentence in (
        (re.fullmatch(rb"HTTP/\d\.\d", version), 400, "the request line does not end in an HTTP version"),
        (version in (b"HTTP/1.0", b"HTTP/1.1"), 505, "only HTTP/1.0 and HTTP/1.1 are spoken here"),
        (len(target) <= MAX_LINE, 414, "the request line is too long"),
        (len(headers) <= MAX_FIELDS, 431, "too many header fields"),
        # RFC 9112, 3.2: "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message
        # that lacks a Host header field and to any request message that contains more than one Host header field
        # line"
        (len(hosts) == 1 or (version == b"HTTP/1.0" and not hosts), 400, "there must be one header Host"),
    ):
        if not holds:
            raise refuse(status, sentence)
    return HTTPRequest(method, target, version, headers, read_body(reader, headers))


def read_body(reader: Reader, headers: Headers) -> bytes:
    """RFC 9112, section 6.3: how long the body is."""
    coding, length = joined(headers, b"transfer-encoding"), joined(headers, b"content-length")
    if coding is not None:
        if length is not None:
            raise refuse(400, "a request has Content-Length or Transfer-Encoding, not both")
        if coding.lower() != b"chunked":
            raise refuse(501, "the only transfer coding known here is chunked")
        return read_chunks(reader)
    if length is None:
        return b""
    if not re.fullmatch(rb"\d{1,18}", length):
        raise refuse(400, "Content-Length is no number")
    if int(length) > MAX_BODY:
        raise refuse(413, f"a body of more than {MAX_BODY} bytes")
    return reader.exactly(int(length))


def read_chunks(reader: Reader) -> bytes:
    """RFC 9112, section 7.1: each chunk is its size in hexadecimal, CRLF, so many bytes, CRLF; a chunk of 0 ends."""
    body = bytearray()
    while True:
        line = reader.until(b"\r\n", 1024)
        size = re.match(rb"[0-9A-Fa-f]{1,8}(?=[ \t;\r])", line)
        if not size:
            raise refuse(400, "a chunk does not begin with its size")
        length = int(size[0], 16)
        if len(body) + length > MAX_BODY:
            raise refuse(413, f"a body of more than {MAX_BODY} bytes")
        body += reader.exactly(length)
        if not length:
            while reader.until(b"\r\n", MAX_LINE) != b"\r\n":
                pass  # trailer fields
            return bytes(body)
        if reader.exactly(2) != b"\r\n":
            raise refuse(400, "a chunk is longer than its size")


def make_environ(
    request: HTTPRequest, sock: socket.socket, peer: tuple[Any, ...], server: WSGIServer
) -> dict[str, Any]:
    """PEP 3333: the request as a dictionary. Bytes become str by latin-1, whatever they mean."""
    target = urlsplit(request.target.decode("ascii")) if request.target[:1] != b"/" else None
    raw_path, _, query = request.target.partition(b"?")
    path = target.path.encode() if target else raw_path
    environ: dict[str, Any] = {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "werkzeug.socket": sock,
        "SERVER_SOFTWARE": "reference_impl",
        "REQUEST_METHOD": request.method.decode(),
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "REQUEST_URI": request.target.decode("latin-1"),
        "RAW_URI": request.target.decode("latin-1"),
        "REMOTE_ADDR": str(peer[0]) if peer else "",
        "REMOTE_PORT": peer[1] if peer else 0,
        "SERVER_NAME": server.host,
        "SERVER_PORT": str(server.port),
        "SERVER_PROTOCOL": request.version.decode(),
    }
    for name in dict.fromkeys(name for name, _ in request.headers):
        if b"_" not in name:  # "X_A" would look like "X-A", which a proxy may have checked
            key = name.decode().upper().replace("-", "_")
            value = (joined(request.headers, name) or b"").decode("latin-1")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    if request.body:
        environ["CONTENT_LENGTH"] = str(len(request.body))
    return environ


class Response:
    """What the application answers, on its way to the socket: `start_response` and `write` of PEP 3333."""

    def __init__(self, sock: socket.socket, method: str) -> None:
        self.sock = sock
        self.method = method
        self.head: bytes | None = None
        self.head_sent = False
        self.has_body = True

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        if self.head is not None and not exc_info:
            raise AssertionError("start_response was called twice")
        if exc_info and self.head_sent:
            raise exc_info[1].with_traceback(exc_info[2])
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers), "Connection: close"]
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("a header of the response has a line break in it")
        self.head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self.has_body = self.method != "HEAD" and status[:3] not in ("204", "304") and status[:1] != "1"
        return self.write

    def write(self, data: bytes) -> None:
        if self.head is None:
            raise AssertionError("the application wrote before start_response")
        out = data if self.has_body else b""
        if not self.head_sent:
            self.head_sent = True
            out = self.head + out
        if out:
            self.sock.sendall(out)


def run_wsgi(app: WSGIApplication, environ: dict[str, Any], sock: socket.socket) -> None:
    """Call the application once, and write what it gives."""
    response = Response(sock, environ["REQUEST_METHOD"])
    try:
        parts = app(environ, response.start_response)
        try:
            for data in parts:
                response.write(data)
            response.write(b"")  # at least the head
        finally:
            if hasattr(parts, "close"):
                parts.close()
    except ConnectionError:
        pass  # the peer is gone, or the socket has become a WebSocket and is shut for writing
    except Exception:
        traceback.print_exc(file=sys.stderr)
        if not response.head_sent:
            sock.sendall(http_response(500, [(b"Connection", b"close")], b"Internal Server Error\n"))


class WSGIServer:
    """Listens on `host` and `port` (0: any free one; `port` then says which) as soon as it exists.

    Raises OSError if the port is in use.
    """

    def __init__(self, host: str, port: int, app: WSGIApplication) -> None:
        self.app = app
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.create_server((host, port), family=family, backlog=128)
        self.host, self.port = self.socket.getsockname()[:2]
        self._alarm, self._bell = socket.socketpair()  # `shutdown` rings, `serve_forever` hears it
        self._lock = threading.Lock()
        self._connections: dict[threading.Thread, socket.socket] = {}

    @property
    def url(self) -> str:
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}/"

    def serve_forever(self) -> None:
        """Accept until `shutdown`, or KeyboardInterrupt; then close everything."""
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self.socket, selectors.EVENT_READ)
                selector.register(self._alarm, selectors.EVENT_READ)
                while all(key.fileobj is self.socket for key, _ in selector.select()):
                    self._accept()
        finally:
            self.server_close()

    def shutdown(self) -> None:
        """Make `serve_forever` return; any thread may call it."""
        with contextlib.suppress(OSError):
            self._bell.send(b"!")

    def server_close(self) -> None:
        """Close the listening socket and every connection, and wait for the threads."""
        for sock in (self.socket, self._alarm, self._bell):
            sock.close()
        deadline = monotonic() + STOP_TIMEOUT
        with self._lock:
            connections = list(self._connections.items())
        for _, sock in connections:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread, _ in connections:
            thread.join(max(0.0, deadline - monotonic()))

    def _accept(self) -> None:
        try:
            sock, peer = self.socket.accept()
        except OSError:  # the peer has changed its mind, or there are too many open files
            return
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # a peer that has vanished is noticed, some day
        thread = threading.Thread(target=self._serve, args=(sock, peer), daemon=True)
        with self._lock:
            self._connections[thread] = sock
        thread.start()

    def _serve(self, sock: socket.socket, peer: tuple[Any, ...]) -> None:
        try:
            with contextlib.suppress(OSError, EOFError):  # the peer is gone: there is nobody to tell
                self._serve_request(sock, peer)
        finally:
            linger(sock)
            with self._lock:
                del self._connections[threading.current_thread()]

    def _serve_request(self, sock: socket.socket, peer: tuple[Any, ...]) -> None:
        try:
            request = read_request(Reader(sock))
        except (RemoteProtocolError, TimeoutError) as error:
            status = error.event_hint.status_code if isinstance(error, RemoteProtocolError) else 408
            headers = [(b"Content-Type", b"text/plain; charset=utf-8"), (b"Connection", b"close")]
            sock.settimeout(LINGER_TIMEOUT)
            sock.sendall(http_response(status, headers, f"{error or 'the request took too long'}\n".encode()))
        else:
            sock.settimeout(None)
            run_wsgi(self.app, make_environ(request, sock, peer, self), sock)


def linger(sock: socket.socket) -> None:
    """Close with FIN, not RST: say that we are done, then read what is still on its way, for a bounded time."""
    deadline = monotonic() + LINGER_TIMEOUT
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        while (left := deadline - monotonic()) > 0:
            sock.settimeout(left)
            if not sock.recv(65536):
                break
    sock.close()


def make_server(host: str, port: int, app: WSGIApplication) -> WSGIServer:
    return WSGIServer(host, port, app)
