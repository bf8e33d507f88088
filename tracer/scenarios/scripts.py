"""The scenarios: which program, what its client does, and what of it is recorded.

A script gets `connect`, which opens one connection to the program, and ends when the program has answered all of
it. Scripts wait for each answer before they go on, so that one read of the server holds one message and the
trace repeats.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .client import HELLO, HELLO_FRAGMENTS, PING, UNMASKED_HELLO, Peer, close, frame, upgrade

Connect = Callable[[], Peer]
Script = Callable[[Connect], None]

#: The stack, in the order of the onion, and the standard library's part of the way.
STACK = ("werkzeug", "flask", "flask_sock", "simple_websocket", "wsproto", "h11")
SCOPE = (
    "program",
    *STACK,
    "socketserver",
    "http.server",
    "http.client",
    "email.parser",
    "email.feedparser",
    "email._policybase",
    "threading:Thread.run",
    "threading:Event.set",
)


@dataclass(frozen=True)
class Scenario:
    """A program of ours with a scripted client. `app` is a file in apps/; `script` is None where none connects."""

    name: str
    title: str
    app: str
    script: Script | None
    scope: tuple[str, ...] = SCOPE


def _get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: server.example.com", *headers, "", ""]).encode()


def _tcp(connect: Connect) -> None:
    with connect() as peer:
        peer.send(_get("/"))
        peer.read_to_end()


def _http_headers(connect: Connect) -> None:
    with connect() as peer:
        peer.send(_get("/question", "X-Question: Who parsed me?", "Accept: text/plain"))
        peer.read_to_end()


def _handshake(connect: Connect) -> None:
    with connect() as peer:
        peer.send(upgrade("/echo"))
        peer.read_until(b"\r\n\r\n")
        peer.send(HELLO)
        peer.read_to_end()


def _receive(connect: Connect) -> None:
    with connect() as peer:
        peer.send(upgrade("/receive"))
        peer.read_until(b"\r\n\r\n")
        peer.send(HELLO)
        peer.read_frame()
        peer.send(frame(0x2, b"Hello"))
        peer.read_frame()
        peer.send(b"".join(HELLO_FRAGMENTS))  # in one segment, so that one read holds both
        peer.read_frame()
        peer.read_to_end()  # it waits for a message that never comes, says so, and ends


def _send(connect: Connect) -> None:
    with connect() as peer:
        peer.send(upgrade("/send"))
        peer.read_until(b"\r\n\r\n")
        peer.read_to_end()


def _ping(connect: Connect) -> None:
    with connect() as peer:
        peer.send(upgrade("/echo"))
        peer.read_until(b"\r\n\r\n")
        peer.send(PING)
        peer.read_frame()
        # Section 5.5.3: an unsolicited pong expects no answer. In one segment with what follows it.
        peer.send(frame(0xA, b"nobody asked") + HELLO)
        peer.read_to_end()


def _close(connect: Connect) -> None:
    with connect() as peer:
        peer.send(upgrade("/listen"))
        peer.read_until(b"\r\n\r\n")
        peer.send(close(1000, "done"))
        peer.read_to_end()
    with connect() as peer:
        peer.send(upgrade("/bye"))
        peer.read_until(b"\r\n\r\n")
        peer.send(HELLO)
        peer.read_to_end()
    with connect() as peer:
        peer.send(upgrade("/listen"))
        peer.read_until(b"\r\n\r\n")
        peer.end()
        peer.read_to_end()


def _rejected(connect: Connect) -> None:
    with connect() as peer:
        peer.send(upgrade("/echo", key=None))
        peer.read_to_end()
    with connect() as peer:
        peer.send(upgrade("/echo"))
        peer.read_until(b"\r\n\r\n")
        peer.send(UNMASKED_HELLO)
        peer.read_to_end()
    with connect() as peer:
        peer.send(upgrade("/echo"))
        peer.read_until(b"\r\n\r\n")
        peer.send(frame(0x1, b"Hel\xfflo"))
        peer.read_to_end()


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("sock", "Sock(), Sock(app), route and init_app, on an app and on a Blueprint", "sock.py", None),
        Scenario("tcp", "Flask.run to the listening socket, accept, and the handler's thread", "tcp.py", _tcp),
        Scenario(
            "http_headers", "a header, from the socket's bytes to request.headers", "http_headers.py", _http_headers
        ),
        Scenario("handshake", "the Upgrade request and its 101", "echo.py", _handshake),
        Scenario("receive", "text, binary, fragments, and a timeout that returns None", "receive.py", _receive),
        Scenario("send", "str, bytes, 200 and 70,000 bytes", "send.py", _send),
        Scenario("ping", "a ping, and an unsolicited pong", "echo.py", _ping),
        Scenario("close", "closed by the client, by the server, and lost", "close.py", _close),
        Scenario("rejected", "a bad handshake, an unmasked frame, bad UTF-8", "echo.py", _rejected),
    )
}

#: The same on our own stack, to be looked at side by side with the real one.
BESIDE = {
    scenario.name: scenario
    for scenario in (
        Scenario("ours", "the receive scenario on reference_impl", "ours.py", _receive, ("program", "reference_impl")),
    )
}
EVERY = {**SCENARIOS, **BESIDE}
