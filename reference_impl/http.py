"""The floor under everything: accept TCP, read one HTTP request, call a WSGI application, write its response.

In: `make_server(host, port, app)`, then connections, each on a thread of its own. Out: the application's answer, or a
4xx for what is no HTTP. The environ has the raw socket in it, as `werkzeug.socket`, so that a WebSocket can take over.

Follows https://github.com/pallets/werkzeug/blob/c1a26b45fb06d5e086b4d6be820c3302f588d815/src/werkzeug/serving.py#L159-L394
and https://github.com/pallets/werkzeug/blob/c1a26b45fb06d5e086b4d6be820c3302f588d815/src/werkzeug/serving.py#L701-L877
Leaves out: TLS, keep-alive (one request a connection, as the original), chunked responses (the end of the connection
ends the body), the log of requests, the reloader and the debugger.
"""

from __future__ import annotations

import contextlib
import io
import selectors
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from functools import partial
from time import monotonic
from typing import Any
from urllib.parse import unquote_to_bytes

from .events import RemoteProtocolError, refuse
from .handshake import Handshake
from .patience import linger, shut
from .request import HTTPRequest, joined, read_request

Environ = dict[str, Any]
WSGIApplication = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

REQUEST_TIMEOUT = 10.0  # seconds for a whole request: who sends a byte now and then wins nothing by it
LINGER_TIMEOUT = 2.0  # seconds to wait for the peer's FIN, once it has all that we wrote
STOP_TIMEOUT = 5.0  # seconds for the threads to end when the server stops


class PeerGone(Exception):
    """There is nobody to write to; or it is a WebSocket by now, shut for writing when it was closed."""


class Reader:
    """Takes from a socket what it is asked for and not one byte more, all of it before one deadline."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.deadline = monotonic() + REQUEST_TIMEOUT

    def recv(self, size: int, flags: int = 0) -> bytes:
        left = self.deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)
        data = self.sock.recv(size, flags)
        if size and not data:
            raise PeerGone
        return data

    def until(self, end: bytes, limit: int) -> bytes:
        """All up to `end`, and `end`. MSG_PEEK looks at what has come without taking it."""
        taken = b""
        while not taken.endswith(end):
            peeked = self.recv(limit, socket.MSG_PEEK)
            overlap = taken[1 - len(end) :]  # `end` may come in two parts
            found = (overlap + peeked).find(end)
            taken += self.recv(len(peeked) if found < 0 else found + len(end) - len(overlap))
            if len(taken) > limit:
                raise refuse(431, f"more than {limit} bytes without an end")
        return taken

    def exactly(self, size: int) -> bytes:
        taken = bytearray()
        while len(taken) < size:
            taken += self.recv(min(size - len(taken), 65536))
        return bytes(taken)


def make_environ(request: HTTPRequest, sock: socket.socket, peer: tuple[Any, ...], server: WSGIServer) -> Environ:
    """PEP 3333: the request as a dictionary. Bytes become str by latin-1, whatever they mean."""
    environ: Environ = {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "werkzeug.socket": sock,
        "reference_impl.goodbyes": server.goodbyes,
        "SERVER_SOFTWARE": "reference_impl",
        "SERVER_NAME": server.host,
        "SERVER_PORT": str(server.port),
        "SERVER_PROTOCOL": request.version.decode(),
        "REMOTE_ADDR": str(peer[0]),
        "REMOTE_PORT": peer[1],
        "REQUEST_METHOD": request.method.decode(),
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": request.query.decode("latin-1"),
    }
    for name in dict(request.headers):
        if b"_" not in name:  # X_A would look like X-A, which a proxy may have checked
            key = name.decode().upper().replace("-", "_")
            value = (joined(request.headers, name) or b"").decode("latin-1")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    if request.body:
        environ["CONTENT_LENGTH"] = str(len(request.body))
    return environ


class ResponseWriter:
    """The application's answer on its way to the socket: `start_response` and `write` of PEP 3333."""

    def __init__(self, sock: socket.socket, method: str) -> None:
        self.sock = sock
        self.method = method
        self.head = b""
        self.head_sent = False
        self.has_body = True

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[..., None]:
        if self.head_sent and exc_info:
            raise exc_info[1].with_traceback(exc_info[2])
        if self.head and not exc_info:
            raise AssertionError("start_response was called twice")
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers), "Connection: close"]
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("a header of the response has a line break in it")
        self.head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        # RFC 9110, section 6.4.1: no content in answers to HEAD, nor with the statuses 1xx, 204 and 304
        self.has_body = self.method != "HEAD" and status[:3] not in ("204", "304") and status[:1] != "1"
        return self.write

    def write(self, data: bytes) -> None:
        if not self.head:
            raise AssertionError("the application wrote before it called start_response")
        out = (b"" if self.head_sent else self.head) + (data if self.has_body else b"")
        self.head_sent = True
        try:
            self.sock.sendall(out)
        except OSError:
            raise PeerGone from None


def run_wsgi(app: WSGIApplication, environ: Environ, sock: socket.socket) -> None:
    """Call the application once, and write what it gives. Raises PeerGone."""
    response = ResponseWriter(sock, environ["REQUEST_METHOD"])
    try:
        parts = app(environ, response.start_response)
        try:
            for data in parts:
                response.write(data)
            response.write(b"")  # at least the head
        finally:
            if hasattr(parts, "close"):
                parts.close()
    except PeerGone:
        raise
    except Exception:
        traceback.print_exc(file=sys.stderr)
        if not response.head_sent:
            answer_error(sock, refuse(500, "" if response.method == "HEAD" else "the application failed"))


def answer_error(sock: socket.socket, error: RemoteProtocolError) -> None:
    with contextlib.suppress(OSError):
        sock.settimeout(LINGER_TIMEOUT)
        sock.sendall(Handshake().send(error.event_hint))


def serve_connection(sock: socket.socket, peer: tuple[Any, ...], server: WSGIServer) -> None:
    """One connection's life."""
    try:
        request = read_request(Reader(sock))
        sock.settimeout(None)
        run_wsgi(server.app, make_environ(request, sock, peer, server), sock)
    except RemoteProtocolError as error:
        answer_error(sock, error)
    except TimeoutError:
        answer_error(sock, refuse(408, f"the request did not come within {REQUEST_TIMEOUT:g} seconds"))
    except (PeerGone, OSError):
        pass  # there is nobody to tell
    finally:
        linger(sock, LINGER_TIMEOUT)
        sock.close()


class WSGIServer:
    """Listens on `host` and `port` as soon as it exists; port 0 is any free one, and `port` then says which.

    Raises OSError if it cannot listen there.
    """

    def __init__(self, host: str, port: int, app: WSGIApplication) -> None:
        self.app = app
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.create_server((host, port), family=family, backlog=128)
        self.host, self.port = self.socket.getsockname()[:2]
        self.url = f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}/"
        self._alarm, self._bell = socket.socketpair()  # `shutdown` rings, `serve_forever` hears it
        self._lock = threading.Lock()
        self._connections: dict[threading.Thread, socket.socket] = {}
        self.goodbyes: dict[socket.socket, Callable[[], None]] = {}  # how to end what is no HTTP any more

    def serve_forever(self) -> None:
        """Accept until `shutdown` or KeyboardInterrupt; then close everything."""
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
        with self._lock:
            connections = list(self._connections.items())
        threads = [thread for thread, _ in connections]
        for _, sock in connections:  # a WebSocket is closed; what is still HTTP may finish what it is writing
            goodbye = threading.Thread(target=self.goodbyes.get(sock, partial(shut, sock, socket.SHUT_RD)), daemon=True)
            with contextlib.suppress(RuntimeError):  # no more threads
                goodbye.start()
                threads.append(goodbye)
        join(threads)
        for _, sock in connections:
            shut(sock, socket.SHUT_RDWR)
        join(threads)
        if left := sum(thread.is_alive() for thread, _ in connections):
            print(f"{left} of the views did not end within {STOP_TIMEOUT:g} seconds.", file=sys.stderr)

    def _accept(self) -> None:
        try:
            sock, peer = self.socket.accept()
        except OSError:  # too many open files: there is no better answer than to wait until some are closed
            time.sleep(0.05)
            return
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # who has vanished is noticed, some day
        thread = threading.Thread(target=self._serve, args=(sock, peer), daemon=True)
        with self._lock:
            self._connections[thread] = sock
        try:
            thread.start()
        except RuntimeError:  # no more threads: nobody can serve this one
            self._forget(thread, sock)
            sock.close()
            time.sleep(0.05)

    def _serve(self, sock: socket.socket, peer: tuple[Any, ...]) -> None:
        try:
            serve_connection(sock, peer, self)
        finally:
            self._forget(threading.current_thread(), sock)

    def _forget(self, thread: threading.Thread, sock: socket.socket) -> None:
        with self._lock:
            del self._connections[thread]
        self.goodbyes.pop(sock, None)


def join(threads: list[threading.Thread]) -> None:
    deadline = monotonic() + STOP_TIMEOUT / 2
    for thread in threads:
        thread.join(max(0.0, deadline - monotonic()))


def make_server(host: str, port: int, app: WSGIApplication) -> WSGIServer:
    return WSGIServer(host, port, app)
