"""A WebSocket on a thread of its own: `receive`, `send` and `close`, as a view function uses them.

In: a WSGI environ with the raw socket in it. Out: a `Server`; it answers the handshake, reads frames on its own thread
until the conversation is over, and lets go of TCP so that the peer always sees a clean end.

Follows https://github.com/miguelgrinberg/simple-websocket/blob/d44409d9a76278c3d8ad6dbbcaeb40277f0b8d42/src/simple_websocket/ws.py#L25-L369
and https://github.com/miguelgrinberg/simple-websocket/blob/d44409d9a76278c3d8ad6dbbcaeb40277f0b8d42/src/simple_websocket/errors.py#L4-L20
Leaves out: `Client`, asyncio, eventlet and gevent, and so the choice of classes for threads, events and selectors; the
socket is not closed here, since the WSGI server owns it.

Three things the original does otherwise, and why ours closes cleanly every time:
1. Everything is written under one lock with `sendall`, and an answer is on the wire before the view is woken.
2. After the closing handshake the socket is shut for writing: whatever a WSGI server wants to say next, say
   `HTTP/1.1 200 OK`, cannot reach the peer any more.
3. The reader stays until the peer has closed, too, or takes nothing more. A socket closed with unread bytes in it sends
   RST, and RST destroys what the peer had not read yet: our close frame.
"""

from __future__ import annotations

import contextlib
import io
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

from .closing import CloseReason
from .connection import ConnectionState, ConnectionType, WSConnection
from .deflate import PerMessageDeflate
from .events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    LocalProtocolError,
    Message,
    Ping,
    Pong,
    RemoteProtocolError,
    Request,
    TextMessage,
)
from .patience import linger, patiently, send_patiently, shut

READING = (ConnectionState.OPEN, ConnectionState.LOCAL_CLOSING)  # the states in which the peer may still say something
CLOSE_TIMEOUT = 3.0  # seconds for the peer to answer our close frame, and then to close TCP, once it has all we wrote
MAX_PING_INTERVAL = 1e6  # seconds; selectors cannot wait for more than 24 days
LAST_WORDS = 1.0  # seconds for the view to answer the messages that came before the peer's close frame
FIRST_RECEIVE = 4096  # bytes to ask of `recv` at first
MAX_BUFFERED = 1 << 26  # bytes and characters that nobody has received yet, before we let TCP slow the peer down


class SimpleWebsocketError(RuntimeError):
    """The family of the errors that a view can meet."""


class ConnectionError(SimpleWebsocketError):
    """There is no WebSocket: the handshake was refused, and the client has been told so."""

    def __init__(self, status_code: int = 400, message: str = "") -> None:
        self.status_code = status_code
        super().__init__(f"Connection error: {status_code} {message}".rstrip())


class ConnectionClosed(SimpleWebsocketError):
    """The WebSocket is closed. `reason` is the close code, `message` the text that came with it."""

    def __init__(self, reason: int = CloseReason.NO_STATUS_RCVD, message: str | None = None) -> None:
        self.reason = reason
        self.message = message
        super().__init__(f"Connection closed: {reason} {message or ''}")


def find_socket(environ: dict[str, Any]) -> tuple[socket.socket, str]:
    """WSGI says nothing of the socket; each server that hands it out has its own key for it."""
    for mode in ("werkzeug", "gunicorn"):
        if environ.get(f"{mode}.socket") is not None:
            return environ[f"{mode}.socket"], mode
    raise RuntimeError("Cannot obtain socket from WSGI environment.")


class Server:
    """One WebSocket, seen from the server.

    :param environ: the WSGI environ of the Upgrade request
    :param subprotocols: a name or the names that this server speaks; of those the client's first is chosen
    :param receive_bytes: how much to ask of `recv` at once, at most
    :param ping_interval: seconds between pings; a peer that misses one is dropped. None: no pings
    :param max_message_size: in bytes, of text too; None: no limit
    :param compression: agree to permessage-deflate if the client offers it

    Raises ConnectionError if the request is no proper handshake, RuntimeError if the environ has no socket, ValueError
    if `ping_interval` is no time to wait.
    """

    def __init__(
        self,
        environ: dict[str, Any],
        subprotocols: str | list[str] | None = None,
        receive_bytes: int = 65536,
        ping_interval: float | None = None,
        max_message_size: int | None = None,
        compression: bool = True,
    ) -> None:
        if ping_interval and not 0 < ping_interval <= MAX_PING_INTERVAL:
            raise ValueError(f"ping_interval must be between 0 and {MAX_PING_INTERVAL:g} seconds, not {ping_interval}")
        self.environ = environ
        self.subprotocols = [subprotocols] if isinstance(subprotocols, str) else subprotocols or []
        self.receive_bytes = receive_bytes
        self.asking = min(FIRST_RECEIVE, receive_bytes)
        self.ping_interval = ping_interval
        self.compression = compression
        self.sock, self.mode = find_socket(environ)
        self.ws = WSConnection(ConnectionType.SERVER, max_message_size or None)
        self.subprotocol: str | None = None
        self.connected = False
        self.close_reason: int = CloseReason.NO_STATUS_RCVD
        self.close_message: str | None = None
        self.pong_received = True
        self.input_buffer: deque[str | bytes] = deque()
        self.buffered = 0  # bytes and characters in it
        self.incoming_message: io.StringIO | io.BytesIO | None = None  # the message under way
        self.idle = True  # the view has had all messages and asked for more
        self.reader_waits = False  # for the view to take messages
        self.leaving = False  # the answer to a close frame is about to be sent: nothing may come before it any more
        self.news = threading.Condition()  # around the buffer and `connected`: what the two threads tell each other
        self.lock = threading.Lock()  # around everything that is written
        self.handshake()
        self.thread = threading.Thread(target=self._thread)
        try:
            self.thread.start()
        except RuntimeError:  # no more threads: the client must not take what the WSGI server says next for a frame
            shut(self.sock, socket.SHUT_RDWR)
            raise
        # Who stops the server says so to each peer. Only our own http.py asks for that.
        environ.get("reference_impl.goodbyes", {})[self.sock] = self._go_away

    @classmethod
    def accept(cls, environ: dict[str, Any], **options: Any) -> Server:
        """The same as the constructor; the original prefers this name."""
        return cls(environ, **options)

    # -- the opening handshake ------------------------------------------------------------------------------------

    def handshake(self) -> None:
        """Answer 101, or refuse: either way the client has its answer when this returns or raises."""
        environ = self.environ
        headers = [
            (key[5:].replace("_", "-").lower().encode(), str(value).strip(" \t").encode("latin-1"))
            for key, value in environ.items()
            if key.startswith("HTTP_")
        ]
        method, version = environ.get("REQUEST_METHOD", "GET"), environ.get("SERVER_PROTOCOL", "HTTP/1.1")
        with contextlib.suppress(OSError):  # a frame is small and somebody waits for it (TCP_NODELAY: do not collect)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.ws.initiate_upgrade_connection(
                headers, environ.get("PATH_INFO", "/").encode("latin-1"), method.encode(), version.encode()
            )
            for event in self.ws.events():
                self._handle_event(event)
        except RemoteProtocolError as error:
            with contextlib.suppress(OSError):
                self.sock.sendall(self.ws.send(error.event_hint))
                self.sock.shutdown(socket.SHUT_WR)
            raise ConnectionError(error.event_hint.status_code, str(error)) from None
        except OSError as error:
            raise ConnectionError(message=f"the client is gone: {error}") from None

    def choose_subprotocol(self, request: Request) -> str | None:
        """The first that the client asks for and that we speak. Subclasses may choose otherwise."""
        return next((name for name in request.subprotocols if name in self.subprotocols), None)

    # -- what a view calls ----------------------------------------------------------------------------------------

    def send(self, data: Any) -> None:
        """Send `bytes` as a binary message, anything else as the text `str(data)`."""
        self._check_connected()
        if not self.leaving:
            try:
                return self._write(BytesMessage(data) if isinstance(data, bytes) else TextMessage(str(data)))
            except LocalProtocolError:
                pass
            except OSError:
                shut(self.sock, socket.SHUT_RDWR)
                raise ConnectionClosed(CloseReason.ABNORMAL_CLOSURE) from None
        with self.news:  # a close frame came between: wait until its answer is on the wire
            self.news.wait_for(lambda: not self.connected)
        raise ConnectionClosed(self.close_reason, self.close_message)

    def receive(self, timeout: float | None = None) -> str | bytes | None:
        """The next message; None if none came within `timeout` seconds (0: do not wait)."""
        with self.news:
            self.idle = not self.input_buffer
            if self.reader_waits:
                self.news.notify_all()
            if not self.news.wait_for(lambda: self.input_buffer or not self.connected, timeout):
                return None
            if not self.input_buffer:
                raise ConnectionClosed(self.close_reason, self.close_message)
            data = self.input_buffer.popleft()
            self.buffered -= len(data)
            if self.reader_waits:
                self.news.notify_all()
            return data

    def close(self, reason: int | None = None, message: str | None = None) -> None:
        """Send a close frame; wait until the peer has answered it and closed TCP, or does nothing any more.

        Raises ConnectionClosed if it is closed already, ValueError if `reason` is no close code.
        """
        was_connected = self.connected
        if was_connected:
            try:
                self._write(CloseConnection(reason or CloseReason.NORMAL_CLOSURE, message), CLOSE_TIMEOUT)
            except LocalProtocolError:  # the peer was faster
                was_connected = False
            except OSError:
                shut(self.sock, socket.SHUT_RDWR)
        self._disconnect()
        self._join()
        if not was_connected:
            raise ConnectionClosed(self.close_reason, self.close_message)

    def _check_connected(self) -> None:
        if not self.connected:
            raise ConnectionClosed(self.close_reason, self.close_message)

    def _join(self) -> None:
        if self.thread is not threading.current_thread():
            patiently(self.sock, self._has_ended, CLOSE_TIMEOUT)
            shut(self.sock, socket.SHUT_RDWR)  # wakes a reader that still waits for the peer
            self.thread.join()

    def _has_ended(self, seconds: float) -> bool:
        self.thread.join(seconds)
        return not self.thread.is_alive()

    # -- the reader's thread --------------------------------------------------------------------------------------

    def _thread(self) -> None:
        """Read until the conversation is over; then hang up."""
        try:
            for data in self._incoming():
                self.ws.receive_data(data or None)
                for event in self.ws.events():
                    self._handle_event(event)
                if self.ws.state not in READING:
                    break
        except (OSError, ValueError):  # TCP broke, or somebody has closed the socket under us
            if self.ws.state in READING:
                self.close_reason = CloseReason.ABNORMAL_CLOSURE
            shut(self.sock, socket.SHUT_RDWR)
        finally:
            self._hang_up()

    def _incoming(self) -> Iterator[bytes]:
        """What the socket delivers, b"" at its end. Without pings an idle peer costs one blocked `recv`."""
        if not self.ping_interval:
            while True:
                yield self._recv()
        with selectors.DefaultSelector() as selector:
            selector.register(self.sock, selectors.EVENT_READ)
            due = monotonic() + self.ping_interval
            while True:
                if (left := due - monotonic()) > 0 and selector.select(left):
                    yield self._recv()
                elif self.connected and not self.pong_received:
                    self._on_close(CloseConnection(CloseReason.POLICY_VIOLATION, "Ping/Pong timeout"))
                    return
                else:
                    self.pong_received = False
                    self._answer(Ping(), self.ping_interval)
                    due = monotonic() + self.ping_interval

    def _recv(self) -> bytes:
        """Python makes room for all that is asked for, so ask for much only where much has come."""
        data = self.sock.recv(self.asking)
        self.asking = min(2 * self.asking if len(data) == self.asking else FIRST_RECEIVE, self.receive_bytes)
        return data

    def _handle_event(self, event: Event) -> None:
        HANDLERS[type(event)](self, event)

    def _on_request(self, event: Request) -> None:
        self.subprotocol = self.choose_subprotocol(event)
        extensions = [PerMessageDeflate()] if self.compression else []
        self._write(AcceptConnection(self.subprotocol, extensions))
        self.connected = True

    def _on_message(self, event: Message[Any]) -> None:
        if self.incoming_message is None:
            self.incoming_message = io.StringIO() if isinstance(event, TextMessage) else io.BytesIO()
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
                if self.buffered > MAX_BUFFERED:  # the view is far behind: TCP shall slow the peer down
                    self._wait_for_view(lambda: self.buffered <= MAX_BUFFERED)

    def _wait_for_view(self, holds: Callable[[], bool], timeout: float | None = None) -> None:
        self.reader_waits = True
        self.news.wait_for(lambda: holds() or not self.connected, timeout)
        self.reader_waits = False

    def _on_ping(self, event: Ping) -> None:
        # 5.5.2: "an endpoint MUST send a Pong frame in response, unless it already received a Close frame."
        self._answer(event.response(), self.ping_interval)

    def _on_pong(self, event: Pong) -> None:
        self.pong_received = True

    def _on_close(self, event: CloseConnection) -> None:
        self.close_reason, self.close_message = event.code, event.reason
        if self.ws.state is ConnectionState.REMOTE_CLOSING:
            # 5.5.1: "An endpoint MAY delay sending a Close frame until its current message is sent"
            with self.news:
                self._wait_for_view(lambda: self.idle, LAST_WORDS)
        self.leaving = True
        # 5.5.1: "If an endpoint receives a Close frame and did not previously send a Close frame, the endpoint MUST
        # send a Close frame in response."
        self._answer(event.response(), CLOSE_TIMEOUT)

    def _hang_up(self) -> None:
        """7.1.1: the server closes TCP first; the peer's FIN says that it has read all that we wrote."""
        shut(self.sock, socket.SHUT_WR)
        self._disconnect()
        linger(self.sock, CLOSE_TIMEOUT)
        shut(self.sock, socket.SHUT_RDWR)

    # -- for both threads -----------------------------------------------------------------------------------------

    def _write(self, event: Event, timeout: float | None = None) -> None:
        """The one place that writes. Raises OSError, after `timeout` seconds in which the peer took nothing."""
        if timeout is None:
            self.lock.acquire()
        elif not patiently(self.sock, lambda seconds: self.lock.acquire(timeout=seconds), timeout):
            raise TimeoutError("another thread is still sending, and the peer does not read")
        try:
            data = self.ws.send(event)
            if timeout is None:
                self.sock.sendall(data)
            else:
                send_patiently(self.sock, data, timeout)
        finally:
            self.lock.release()

    def _answer(self, event: Event, timeout: float | None = None) -> None:
        with contextlib.suppress(LocalProtocolError):  # after our own close frame nothing may be sent
            self._write(event, timeout)

    def _go_away(self) -> None:
        # 7.4.1: "1001 indicates that an endpoint is "going away", such as a server going down"
        with contextlib.suppress(ConnectionClosed):
            self.close(CloseReason.GOING_AWAY)

    def _disconnect(self) -> None:
        with self.news:
            self.connected = False
            self.news.notify_all()


#: What to do for each event.
HANDLERS: dict[type[Event], Callable[[Server, Any], None]] = {
    Request: Server._on_request,
    TextMessage: Server._on_message,
    BytesMessage: Server._on_message,
    Ping: Server._on_ping,
    Pong: Server._on_pong,
    CloseConnection: Server._on_close,
}
