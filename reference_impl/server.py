"""A WebSocket on a thread of its own: `receive`, `send` and `close`, as a view function uses them.

In: a WSGI environ with the raw socket in it. Out: a `Server`; it answers the handshake, reads frames on its own thread
until the conversation is over, and lets go of TCP so that the peer always sees a clean end.

Follows https://github.com/miguelgrinberg/simple-websocket/blob/d44409d9a76278c3d8ad6dbbcaeb40277f0b8d42/src/simple_websocket/ws.py#L25-L369
and https://github.com/miguelgrinberg/simple-websocket/blob/d44409d9a76278c3d8ad6dbbcaeb40277f0b8d42/src/simple_websocket/errors.py#L4-L20
Leaves out: `Client`, asyncio, eventlet and gevent, and so the choice of classes for threads, events and selectors;
`Server.accept`, which is the constructor by another name; pings while the peer speaks; Windows, which has another
form of SO_SNDTIMEO; and how much the peer has confirmed of what was written: time limits are plain. The socket is not
closed here, since the WSGI server owns it.

Three things the original does otherwise, and why ours closes cleanly every time:
1. Everything is written under one lock with `sendall`, and an answer is on the wire before the view is woken.
2. After the closing handshake the socket is shut for writing: whatever a WSGI server wants to say next, say
   `HTTP/1.1 200 OK`, cannot reach the peer any more.
3. The reader stays until the peer has closed, too, or takes nothing more. A socket closed with unread bytes in it sends
   RST, and RST destroys what the peer had not read yet: our close frame.
"""

import contextlib
import io
import socket
import struct
import threading
from collections import deque
from dataclasses import dataclass
from time import monotonic
from typing import Any
from urllib.parse import quote

from . import events
from .closing import CloseReason
from .connection import ConnectionState, ConnectionType
from .deflate import NO_LIMIT, PerMessageDeflate
from .handshake import WSConnection

SEND_TIMEOUT = 30.0  # seconds in which the peer must take something of what we send, if there are no pings
CLOSE_TIMEOUT = 10.0  # seconds for the peer to answer our close frame, and then to close TCP
LAST_WORDS = 1.0  # seconds for the view to answer the messages that came before the peer's close frame
MAX_BUFFERED = 1 << 26  # bytes and characters that nobody has received yet, before we let TCP slow the peer down


class ConnectionError(RuntimeError):
    """There is no WebSocket: the handshake was refused, and the client has been told so."""

    def __init__(self, status_code: int = 400, message: str = "") -> None:
        self.status_code = status_code
        super().__init__(f"Connection error: {status_code} {message}".rstrip())


class ConnectionClosed(RuntimeError):
    """The WebSocket is closed. `reason` is the close code, `message` the text that came with it."""

    def __init__(self, reason: int = CloseReason.NO_STATUS_RCVD, message: str | None = None) -> None:
        self.reason, self.message = reason, message
        super().__init__(f"Connection closed: {reason} {message or ''}")


def find_socket(environ: dict[str, Any]) -> tuple[socket.socket, str]:
    """WSGI says nothing of the socket; each server that hands it out has its own key for it."""
    for mode in ("werkzeug", "gunicorn"):
        if environ.get(f"{mode}.socket") is not None:
            return environ[f"{mode}.socket"], mode
    raise RuntimeError("Cannot obtain socket from WSGI environment.")


def shut(sock: socket.socket, how: int) -> None:
    """`shutdown`, of a socket that may be shut already. It wakes every thread that waits for the socket."""
    with contextlib.suppress(OSError):
        sock.shutdown(how)


def limit(sock: socket.socket, option: int, seconds: float) -> None:
    """After so many seconds without a byte one direction alone raises BlockingIOError; 0: never. (`settimeout` is for
    both directions, and each has a thread.)"""
    sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", int(seconds), int(seconds % 1 * 1e6)))


def linger(sock: socket.socket, timeout: float) -> None:
    """Say that we are done, and read what is still on its way until the peer is done, too, or `timeout` is over."""
    deadline = monotonic() + timeout
    with contextlib.suppress(OSError, ValueError):  # it is closed already
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(timeout)
        while sock.recv(65536) and monotonic() < deadline:
            pass


@dataclass(eq=False)
class Server:
    """One WebSocket, seen from the server.

    Raises ConnectionError if the request is no proper handshake, RuntimeError if the environ has no socket.
    """

    environ: dict[str, Any]  # WSGI's, of the Upgrade request
    subprotocols: str | list[str] | None = None  # those that this server speaks; the client's first of them is chosen
    receive_bytes: int = 16384  # how much to ask of `recv`, which makes room for all of it
    ping_interval: float | None = None  # seconds of silence before we ping; after as many more the peer is dropped
    max_message_size: int | None = None  # in bytes, of text too
    compression: bool = True  # agree to permessage-deflate if the client offers it

    def __post_init__(self) -> None:
        self.sock, self.mode = find_socket(self.environ)
        self.ws = WSConnection(ConnectionType.SERVER, self.max_message_size or NO_LIMIT)
        self.close_reason: int = CloseReason.ABNORMAL_CLOSURE  # 7.1.5: as long as no close frame has come
        self.close_message: str | None = None
        self.silent = False  # the peer, since our last ping
        self.input_buffer: deque[str | bytes] = deque()
        self.buffered = 0  # bytes and characters in it
        self.incoming_message: io.StringIO | io.BytesIO | None = None  # the message under way
        self.idle = True  # the view has had all messages and asked for more
        self.news = threading.Condition()  # around the buffer and `connected`: what the two threads tell each other
        self.hung_up = threading.Event()  # our last frame is on the wire
        self.lock = threading.Lock()  # around everything that is written
        self.handshake()
        self.thread = threading.Thread(target=self._thread)
        self.thread.start()

    def handshake(self) -> None:
        """Answer 101, or refuse: either way the client has its answer when this returns or raises."""
        # WSGI has taken the request apart; the protocol takes bytes.
        method, path, version = (self.environ[key] for key in ("REQUEST_METHOD", "PATH_INFO", "SERVER_PROTOCOL"))
        lines = [f"{method} {quote(path or '/', encoding='latin-1')} {version}"]
        lines += [f"{k[5:].replace('_', '-')}: {v}" for k, v in self.environ.items() if k.startswith("HTTP_")]
        spoken = [self.subprotocols] if isinstance(self.subprotocols, str) else self.subprotocols or []
        try:
            self.ws.receive_data("\r\n".join([*lines, "", ""]).encode("latin-1"))
            request: Any = next(iter(self.ws.events()))
            self.subprotocol: str | None = next((name for name in request.subprotocols if name in spoken), None)
            self._write(events.AcceptConnection(self.subprotocol, [PerMessageDeflate()] if self.compression else []))
        except events.RemoteProtocolError as error:
            self.sock.sendall(self.ws.send(error.event_hint))
            shut(self.sock, socket.SHUT_WR)
            raise ConnectionError(error.event_hint.status_code, str(error)) from None
        self.connected = True
        with contextlib.suppress(OSError):  # TCP_NODELAY: do not collect, a frame is small and somebody waits for it
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        limit(self.sock, socket.SO_SNDTIMEO, self.ping_interval or SEND_TIMEOUT)
        limit(self.sock, socket.SO_RCVTIMEO, self.ping_interval or 0)

    # -- what a view calls ----------------------------------------------------------------------------------------

    def send(self, data: Any) -> None:
        """Send `bytes` as a binary message, anything else as the text `str(data)`."""
        if not self.connected:
            raise self._closed()
        try:
            self._write(events.BytesMessage(data) if isinstance(data, bytes) else events.TextMessage(str(data)))
        except (OSError, events.LocalProtocolError):  # the peer is gone, or a close frame came between
            raise self._closed() from None

    def receive(self, timeout: float | None = None) -> str | bytes | None:
        """The next message; None if none came within `timeout` seconds (0: do not wait)."""
        with self.news:
            self.idle = not self.input_buffer
            self.news.notify_all()
            self.news.wait_for(lambda: self.input_buffer or not self.connected, timeout)
            if self.input_buffer:
                data = self.input_buffer.popleft()
                self.buffered -= len(data)
                return data
            if self.connected:
                return None
        raise self._closed()

    def close(self, reason: int | None = None, message: str | None = None) -> None:
        """Send a close frame; wait until the peer has answered it and closed TCP, or does nothing any more.

        Raises ConnectionClosed if it is closed already, ValueError if `reason` is no close code.
        """
        was_connected = self.connected
        if was_connected:
            self._answer(events.CloseConnection(reason or CloseReason.NORMAL_CLOSURE, message))
        self._disconnect()
        self.thread.join(CLOSE_TIMEOUT)
        shut(self.sock, socket.SHUT_RDWR)  # wakes a reader that still waits for the peer
        self.thread.join()
        if not was_connected:
            raise self._closed()

    def _closed(self) -> ConnectionClosed:
        """The error for a view; not before our last frame is on the wire, for who gets it may end everything."""
        self.hung_up.wait()
        return ConnectionClosed(self.close_reason, self.close_message)

    # -- the reader's thread --------------------------------------------------------------------------------------

    def _thread(self) -> None:
        """Read until the conversation is over; then hang up."""
        with contextlib.suppress(OSError, ValueError):  # TCP broke, or somebody has closed the socket under us
            # as long as the peer may still say something
            while self.ws.state in (ConnectionState.OPEN, ConnectionState.LOCAL_CLOSING):
                try:
                    self.ws.receive_data(self.sock.recv(self.receive_bytes) or None)
                    self.silent = False
                except BlockingIOError:  # nothing came for a whole interval
                    self._ping()
                for event in self.ws.events():
                    self._handle_event(event)
        # 7.1.1: the server closes TCP first; the peer's FIN says that it has read all that we wrote.
        shut(self.sock, socket.SHUT_WR)
        self._disconnect()
        self.hung_up.set()
        linger(self.sock, CLOSE_TIMEOUT)

    def _ping(self) -> None:
        """Ask a silent peer whether it is still there. If it said nothing since the last time, it is given up with the
        code 1008, and this raises TimeoutError."""
        if self.silent:
            self._on_close(events.CloseConnection(CloseReason.POLICY_VIOLATION, "Ping/Pong timeout"))
            raise TimeoutError
        self.silent = True
        self._answer(events.Ping())

    def _handle_event(self, event: events.Event) -> None:
        if isinstance(event, events.Message):
            self._on_message(event)
        elif isinstance(event, events.Ping):
            # 5.5.2: "an endpoint MUST send a Pong frame in response, unless it already received a Close frame."
            self._answer(event.response())
        elif isinstance(event, events.CloseConnection):
            self._on_close(event)

    def _on_message(self, event: events.Message) -> None:
        """Put the parts of a message together; the whole waits for `receive`."""
        if self.incoming_message is None:
            self.incoming_message = io.StringIO() if isinstance(event, events.TextMessage) else io.BytesIO()
        self.incoming_message.write(event.data)
        if not event.message_finished:
            return
        whole, self.incoming_message = self.incoming_message.getvalue(), None
        if self.ws.state is ConnectionState.OPEN:  # what comes after our own close frame is dropped
            with self.news:
                self.input_buffer.append(whole)
                self.buffered += len(whole)
                self.idle = False
                self.news.notify_all()
                # if the view is far behind, read no more: TCP slows the peer down
                self.news.wait_for(lambda: self.buffered <= MAX_BUFFERED or not self.connected)

    def _on_close(self, event: events.CloseConnection) -> None:
        self.close_reason, self.close_message = event.code, event.reason
        # 5.5.1: "An endpoint MAY delay sending a Close frame until its current message is sent"
        with self.news:
            self.news.wait_for(lambda: self.idle or not self.connected, LAST_WORDS)
        self._disconnect()
        # 5.5.1: "If an endpoint receives a Close frame and did not previously send a Close frame, the endpoint MUST
        # send a Close frame in response."
        self._answer(event.response())

    # -- for both threads -----------------------------------------------------------------------------------------

    def _write(self, event: events.Event) -> None:
        """The one place that writes."""
        try:
            with self.lock:
                self.sock.sendall(self.ws.send(event))
        except OSError:  # the peer is gone, or takes nothing
            self._disconnect()
            shut(self.sock, socket.SHUT_RDWR)  # which wakes the other thread
            raise

    def _answer(self, event: events.Event) -> None:
        """A write that may fail: `_write`, with nothing raised if the peer is gone or nothing may be sent any more."""
        # the peer is gone, or was faster; or our own close frame is out, after which nothing may be sent
        with contextlib.suppress(OSError, events.LocalProtocolError):
            self._write(event)

    def _disconnect(self) -> None:
        """From here on it is over for the view: `send` and `receive` raise, and whoever waits for news is woken."""
        with self.news:
            self.connected = False
            self.news.notify_all()
