"""A WebSocket client made of bytes: what a test says, and exactly what came back.

In: bytes to send, whole, in pieces or malformed. Out: frames read back with every header bit, and how the connection
ended: "FIN", "RST", or "OPEN" when the time was up. It follows RFC 6455 section 5.2 and no library, so that a mistake
of ours and one of wsproto's cannot cancel out. It leaves out what a decent client does: it never answers a ping or a
close by itself, never reconnects, and sends nothing that the test did not ask for.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import socket
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType

TIMEOUT = 8.0  # seconds for any one answer: generous, because two noisy cores run everything at once
KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455 section 1.3: the sample nonce
MASK = bytes.fromhex("37fa213d")  # section 5.7: the sample masking key
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # section 1.3
CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10  # section 5.2
CLOSE_WAIT = 8  # Linux's tcpi_state when the other side's FIN has come and ours has not gone


def accept_token(key: str) -> str:
    """'dGhlIHNhbXBsZSBub25jZQ==' -> 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' (section 4.2.2, step 5.4)."""
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def masked(payload: bytes, key: bytes) -> bytes:
    """Section 5.3, for one key, over the whole payload at once; masking twice is no masking."""
    pad = (key * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")).to_bytes(len(payload), "big")


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    key: bytes | None = MASK,
    form: int | None = None,
    claim: int | None = None,
) -> bytes:
    """One frame's bytes, legal or not: `rsv` is 0b000-0b111 (RSV1 first), `key=None` sends it unmasked.

    `form` forces the length form (7, 16 or 64 bits); `claim` states another length than the payload really has.
    """
    length = len(payload) if claim is None else claim
    form = form or (7 if length < 126 else 16 if length < 65536 else 64)
    bit = 0b10000000 if key is not None else 0
    head = bytes([fin << 7 | rsv << 4 | opcode])
    if form == 7:
        head += bytes([bit | length])
    elif form == 16:
        head += bytes([bit | 126]) + struct.pack("!H", length)
    else:
        head += bytes([bit | 127]) + struct.pack("!Q", length)
    return head + (payload if key is None else key + masked(payload, key))


def close_frame(code: int | None = 1000, reason: bytes = b"", **how: bytes | None) -> bytes:
    """A masked close frame; `code=None` sends an empty one (section 5.5.1)."""
    return frame(CLOSE, b"" if code is None else struct.pack("!H", code) + reason, **how)  # type: ignore[arg-type]


def request(
    path: str = "/echo",
    *,
    method: str = "GET",
    version: str = "HTTP/1.1",
    drop: Iterable[str] = (),
    replace: dict[str, str] | None = None,
    add: Iterable[tuple[str, str]] = (),
) -> bytes:
    """The opening handshake of section 1.3, with headers dropped, replaced or added."""
    headers = {
        "Host": "127.0.0.1",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Version": "13",
    }
    headers.update(replace or {})
    pairs = [(name, value) for name, value in headers.items() if name not in set(drop)]
    lines = [f"{method} {path} {version}", *(f"{name}: {value}" for name, value in [*pairs, *add])]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


@dataclass(frozen=True)
class Frame:
    """One frame as it came: `form` is the length form used (7, 16, 64 bits), `at` its offset in all that came."""

    fin: bool
    rsv: int
    opcode: int
    masked: bool
    form: int
    payload: bytes
    at: int

    @property
    def code(self) -> int | None:
        return struct.unpack("!H", self.payload[:2])[0] if len(self.payload) >= 2 else None

    @property
    def reason(self) -> str:
        return self.payload[2:].decode()

    def __str__(self) -> str:
        name = {0: "CONT", 1: "TEXT", 2: "BINARY", 8: "CLOSE", 9: "PING", 10: "PONG"}.get(self.opcode, self.opcode)
        return f"{name} fin={self.fin:d} rsv={self.rsv:03b} {len(self.payload)} bytes {shown(self.payload)}"


@dataclass(frozen=True)
class Head:
    """The head of an HTTP response. Header names are lower case; a header that came twice is there twice."""

    status: int
    line: str
    headers: list[tuple[str, str]] = field(default_factory=list)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]

    def one(self, name: str) -> str:
        values = self.all(name)
        assert len(values) == 1, f"wanted one {name} header, got {values} in {self.line!r} {self.headers}"
        return values[0]


class Ended(AssertionError):
    """The connection ended, or the time was up, where the test wanted more bytes."""


def shown(data: bytes, limit: int = 96) -> str:
    """Bytes for a failure's message: hex, cut."""
    return data[:limit].hex(" ") + (f" … ({len(data)} bytes)" if len(data) > limit else "")


class Peer:
    """One TCP connection. Everything sent and received is kept, so a failure can show both."""

    def __init__(self, address: tuple[str, int], timeout: float = TIMEOUT) -> None:
        self.timeout = timeout
        self.sent, self.received = bytearray(), bytearray()
        self.read_to = 0  # how much of `received` the test has looked at
        self.opened_at = 0  # where in `received` the WebSocket begins
        self.ended = "OPEN"
        self.sock = socket.create_connection(address, timeout=timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.sock.close()

    # -- out --

    def send(self, *pieces: bytes) -> None:
        """All pieces in one segment (as far as a segment goes)."""
        self.sent += b"".join(pieces)
        self.sock.settimeout(self.timeout)
        self.sock.sendall(b"".join(pieces))

    def send_bytewise(self, data: bytes) -> None:
        """One byte per segment: TCP_NODELAY is set, so each `send` leaves by itself."""
        for at in range(len(data)):
            self.send(data[at : at + 1])

    def push(self, data: bytes) -> None:
        """Send as much as the server takes: it may have closed, or stopped reading, and that is fine."""
        self.sent += data
        with contextlib.suppress(OSError):
            self.sock.sendall(data)

    def reset(self) -> None:
        """End with a RST instead of a FIN, as a crashed machine's kernel does."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    # -- in --

    def _more(self, deadline: float) -> bool:
        """Read once. False when the connection ended or the time is up; `ended` says which."""
        if self.ended != "OPEN":
            return False
        self.sock.settimeout(max(deadline - time.monotonic(), 0.001))
        try:
            data = self.sock.recv(65536)
        except (TimeoutError, socket.timeout):  # noqa: UP041 (two names until Python 3.10's are one)
            return False
        except ConnectionResetError:
            self.ended = "RST"
            return False
        if not data:
            self.ended = "FIN"
        self.received += data
        return bool(data)

    def _take(self, count: int, deadline: float, what: str) -> bytes:
        while len(self.received) - self.read_to < count:
            if not self._more(deadline):
                raise Ended(self.story(f"{what}: {count} bytes wanted, then {self.ended}"))
        data = bytes(self.received[self.read_to : self.read_to + count])
        self.read_to += count
        return data

    def frame(self, timeout: float | None = None) -> Frame:
        """The next frame, whatever it is."""
        deadline, at = time.monotonic() + (timeout or self.timeout), self.read_to
        b0, b1 = self._take(2, deadline, "a frame")
        form, length = {126: 16, 127: 64}.get(b1 & 127, 7), b1 & 127
        if form > 7:
            length = int.from_bytes(self._take(form // 8, deadline, "an extended length"), "big")
        key = self._take(4, deadline, "a masking key") if b1 & 128 else None
        payload = self._take(length, deadline, "a payload")
        payload = payload if key is None else masked(payload, key)
        return Frame(bool(b0 & 128), b0 >> 4 & 7, b0 & 15, key is not None, form, payload, at)

    def head(self, timeout: float | None = None) -> Head:
        """The head of the HTTP response that comes next."""
        deadline = time.monotonic() + (timeout or self.timeout)
        while (stop := self.received.find(b"\r\n\r\n", self.read_to)) < 0:
            if not self._more(deadline):
                raise Ended(self.story(f"an HTTP response wanted, then {self.ended}"))
        first, *lines = bytes(self.received[self.read_to : stop]).decode("latin-1").split("\r\n")
        self.read_to = stop + 4
        assert first.startswith("HTTP/1."), self.story("an HTTP/1.x status line wanted")
        pairs = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        return Head(int(first.split()[1]), first, pairs)

    def body(self, head: Head) -> bytes:
        """The body of that response: by its Content-Length, else until the end."""
        if head.all("content-length"):
            return self._take(int(head.one("content-length")), time.monotonic() + self.timeout, "a body")
        return self.rest()

    def rest(self, timeout: float | None = None) -> bytes:
        """All that comes until the connection ends or the time is up; `ended` says how."""
        deadline = time.monotonic() + (timeout or self.timeout)
        while self._more(deadline):
            pass
        data = bytes(self.received[self.read_to :])
        self.read_to = len(self.received)
        return data

    # -- what a test asks for --

    def story(self, wanted: str) -> str:
        """A failure's message: sent, wanted, got."""
        sent, got = shown(bytes(self.sent)), shown(bytes(self.received[self.opened_at :]), 320)
        return f"{wanted}\n  sent {sent}\n  got  {got}\n  ended {self.ended}"

    def expect(self, opcode: int, payload: bytes, timeout: float | None = None) -> Frame:
        """The next frame must be this one: whole, unmasked (5.1), RSV 0, in the shortest length form (5.2)."""
        got = self.frame(timeout)
        length = len(payload)
        form = 7 if length < 126 else 16 if length < 65536 else 64
        same = (got.fin, got.rsv, got.opcode, got.masked, got.form) == (True, 0, opcode, False, form)
        wanted = f"frame opcode {opcode}, {length} bytes {shown(payload)}, length form {form}; got {got}"
        assert same and got.payload == payload, self.story(wanted)
        return got

    def expect_close(self, codes: int | set[int | None], reason: str | None = None) -> Frame:
        """A close frame with one of these codes (None: an empty one), its reason UTF-8."""
        got = self.frame()
        codes = {codes} if isinstance(codes, int) else codes
        right = (got.opcode, got.fin, got.rsv, got.masked) == (CLOSE, True, 0, False) and got.code in codes
        assert right, self.story(f"a close frame with {codes} wanted, got {got}")
        assert len(got.payload) != 1 and len(got.payload) <= 125, self.story("a close frame of 0 or 2-125 bytes wanted")
        assert reason is None or got.reason == reason, self.story(f"the reason {reason!r} wanted, got {got.reason!r}")
        return got

    def expect_fin(self, timeout: float | None = None) -> None:
        """Nothing more, then FIN, the server's first, and no RST, also not when our own FIN follows."""
        rest = self.rest(timeout)
        assert not rest, self.story(f"nothing after the close frame wanted, got {rest[:80]!r}")
        assert self.ended == "FIN", self.story("a FIN wanted")
        if hasattr(socket, "TCP_INFO"):
            state = self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
            assert state == CLOSE_WAIT, self.story(f"the TCP state CLOSE_WAIT (8) wanted, got {state}: reset after FIN")
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise AssertionError(self.story(f"our FIN refused: {error}")) from error
        error = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        assert not error, self.story(f"reset after FIN: errno {error}")

    def expect_failed(self, *codes: int) -> None:
        """Section 7.1.7: a close frame with (one of) the code(s), then FIN, nothing else."""
        self.expect_close(set(codes))
        self.expect_fin()

    def expect_silence(self, seconds: float) -> None:
        """Neither a byte nor an end for so long."""
        rest = self.rest(seconds)
        assert not rest and self.ended == "OPEN", self.story(f"silence for {seconds} s wanted")

    def expect_alive(self) -> None:
        """Still a working /echo: a ping is answered."""
        self.send(frame(PING, b"alive?"))
        self.expect(PONG, b"alive?")


def call(address: tuple[str, int], data: bytes) -> tuple[Head, Peer]:
    """Send a request as it is, read the head of the answer."""
    peer = Peer(address)
    peer.send(data)
    return peer.head(), peer


def websocket(address: tuple[str, int], path: str = "/echo", **how: object) -> Peer:
    """An open WebSocket: the handshake is done and was right, and counts as neither sent nor received."""
    head, peer = call(address, request(path, **how))  # type: ignore[arg-type]
    assert head.status == 101, peer.story(f"101 wanted, got {head.line!r}")
    peer.sent.clear()
    peer.opened_at = peer.read_to
    return peer
