"""The floor under everything: accept TCP, read one HTTP request, call a WSGI application, write its response.

In: `make_server(host, port, app)`, then connections, each on a thread of its own. Out: the application's answer, or a
4xx for what is no HTTP. The environ has the raw socket in it, as `werkzeug.socket`, so that a WebSocket can take over.

Follows https://github.com/pallets/werkzeug/blob/c1a26b45fb06d5e086b4d6be820c3302f588d815/src/werkzeug/serving.py#L159-L394
and https://github.com/pallets/werkzeug/blob/c1a26b45fb06d5e086b4d6be820c3302f588d815/src/werkzeug/serving.py#L701-L877
Leaves out: TLS, IPv6, keep-alive (one request a connection, as the original), chunked responses (the connection's end
ends the body), of PEP 3333 `write` and `exc_info`, the log of requests, the reloader and the debugger. A request that
does not come in time is not answered, only ended.
"""

import contextlib
import io
import itertools
import select
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from time import monotonic, sleep
from typing import Any
from urllib.parse import unquote

from .events import RejectConnection, RemoteProtocolError
from .handshake import reject_request
from .request import CLOSE, HTTPRequest, http_response, read_body, read_head
from .server import linger, shut

WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

REQUEST_TIMEOUT = 10.0  # seconds for a whole request: who sends a byte now and then wins nothing by it
LINGER_TIMEOUT = 2.0  # seconds to wait for the peer's FIN
POLL_INTERVAL = 0.5  # seconds in which Ctrl-C is heard, whatever happens; as the original's
STOP_TIMEOUT = 5.0  # seconds for the threads to end when the server stops


class Reader:
    """A socket to be read as a file is, not one byte further than asked for, and all of it before one deadline."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock, self.deadline = sock, monotonic() + REQUEST_TIMEOUT

    def recv(self, size: int, flags: int = 0) -> bytes:
        self.sock.settimeout(max(0.0, self.deadline - monotonic()))
        data = self.sock.recv(size, flags)
        if not data:
            raise RemoteProtocolError(400, "the connection ended before the request did")
        return data

    def readline(self, limit: int) -> bytes:
        """MSG_PEEK looks at what has come without taking it."""
        line = b""
        while len(line) < limit and not line.endswith(b"\n"):
            peeked = self.recv(min(limit - len(line), 4096), socket.MSG_PEEK)
            line += self.recv(peeked.find(b"\n") + 1 or len(peeked))
        return line

    def read(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            data += self.recv(min(size - len(data), 65536))
        return bytes(data)


def make_environ(head: HTTPRequest, body: bytes, sock: socket.socket) -> dict[str, Any]:
    """PEP 3333: the request as a dictionary. Bytes become str by latin-1, whatever they mean."""
    host, port = sock.getsockname()
    environ: dict[str, Any] = {"wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.errors": sys.stderr}
    environ |= {"wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False, "SCRIPT_NAME": ""}
    environ |= {"wsgi.input": io.BytesIO(body), "werkzeug.socket": sock, "REMOTE_ADDR": sock.getpeername()[0]}
    environ |= {"SERVER_NAME": host, "SERVER_PORT": str(port), "SERVER_PROTOCOL": head.version.decode()}
    path, _, environ["QUERY_STRING"] = head.target.decode().partition("?")
    environ |= {"REQUEST_METHOD": head.method.decode(), "PATH_INFO": unquote(path or "/", "latin-1")}
    for name, value in head.headers.items():
        if b"_" not in name:  # X_A would look like X-A, which a proxy may have checked
            key = name.decode().upper().replace("-", "_")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value.decode("latin-1")
    return environ


def run_wsgi(app: WSGIApplication, environ: dict[str, Any]) -> Iterator[tuple[bytes, bytes]]:
    """Call the application once, and give its response in parts, as (head, data); only the first has a head."""
    failed = head = reject_request(RejectConnection(500, reason="the application failed"))

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        nonlocal head
        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        head = http_response(status, [*pairs, CLOSE])

    parts: Iterable[bytes] = ()
    try:
        parts = app(environ, start_response)
        for data in itertools.chain(parts, [b""]):
            yield head, data
            head = b""
    except Exception:
        traceback.print_exc()
        if head:  # nothing has been written yet
            yield failed, b""
    finally:
        getattr(parts, "close", lambda: None)()


def respond(sock: socket.socket, app: WSGIApplication) -> Iterator[tuple[bytes, bytes]]:
    """Read the request; give the application's response, or a refusal."""
    try:
        reader = Reader(sock)
        head = read_head(reader.readline)
        environ = make_environ(head, read_body(reader.readline, reader.read, head.headers), sock)
    except RemoteProtocolError as error:
        yield reject_request(error.event_hint), b""
    else:
        sock.settimeout(None)
        yield from run_wsgi(app, environ)


def write(sock: socket.socket, head: bytes, data: bytes) -> None:
    sock.sendall(head + data)


def serve_connection(sock: socket.socket, app: WSGIApplication) -> None:
    """One connection's life."""
    with sock:
        # there may be nobody to tell: the peer is gone, or it is a WebSocket by now, and closed
        with contextlib.suppress(OSError):
            for head, data in respond(sock, app):
                write(sock, head, data)
        linger(sock, LINGER_TIMEOUT)


class WSGIServer:
    """Listens on `host` and `port` as soon as it exists; port 0 is any free one, and `port` then says which.

    Raises OSError if it cannot listen there.
    """

    def __init__(self, host: str, port: int, app: WSGIApplication) -> None:
        self.app = app
        self.socket = socket.create_server((host, port), backlog=128)
        self.host, self.port = self.socket.getsockname()
        self.url = f"http://{self.host}:{self.port}/"
        self._alarm, self._bell = socket.socketpair()  # `shutdown` rings, `serve_forever` hears it
        self._connections: dict[threading.Thread, socket.socket] = {}

    def serve_forever(self) -> None:
        """Accept until `shutdown` or KeyboardInterrupt; then close everything."""
        try:
            # Not for ever: a signal that comes just before the system call does not end it.
            while self._alarm not in (ready := select.select([self.socket, self._alarm], [], [], POLL_INTERVAL)[0]):
                try:
                    if ready:
                        self._accept()
                except (OSError, RuntimeError):  # too many open files, or threads: wait until there are fewer
                    sleep(0.05)
        finally:
            self.server_close()

    def _accept(self) -> None:
        sock, _ = self.socket.accept()
        thread = threading.Thread(target=serve_connection, args=(sock, self.app), daemon=True)
        thread.start()
        self._connections = {old: its for old, its in self._connections.items() if old.is_alive()} | {thread: sock}

    def shutdown(self) -> None:
        """Make `serve_forever` return; any thread may call it."""
        shut(self._bell, socket.SHUT_WR)

    def server_close(self) -> None:
        """Close the listening socket and every connection, and wait for the threads."""
        for sock in (self.socket, self._alarm, self._bell):
            sock.close()
        for sock in self._connections.values():
            shut(sock, socket.SHUT_RDWR)
        deadline = monotonic() + STOP_TIMEOUT
        for thread in self._connections:
            thread.join(max(0.0, deadline - monotonic()))


make_server = WSGIServer  # by the name that the original has
