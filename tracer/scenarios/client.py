"""The scripted client: fixed bytes over a plain TCP socket, and a memory of every byte that came back.

It runs in a process of its own and knows no WebSocket library. Where the RFC has an example, these are its bytes,
so that anyone can hold a page against the RFC. A script never sleeps: it waits for bytes.
"""

from __future__ import annotations

import socket
import struct
from types import TracebackType

#: RFC 6455, section 1.3: the nonce of the sample handshake.
NONCE = "dGhlIHNhbXBsZSBub25jZQ=="
#: RFC 6455, section 5.7: the mask of the examples, and the masked "Hello".
MASK = bytes.fromhex("37 fa 21 3d")
HELLO = bytes.fromhex("81 85 37 fa 21 3d 7f 9f 4d 51 58")
#: Section 5.7, its fragmented text message "Hel" + "lo", here masked as a client must.
HELLO_FRAGMENTS = (bytes.fromhex("01 83 37 fa 21 3d 7f 9f 4d"), bytes.fromhex("80 82 37 fa 21 3d 5b 95"))
#: Section 5.7, its ping with the body "Hello", here masked.
PING = bytes.fromhex("89 85 37 fa 21 3d 7f 9f 4d 51 58")
#: Section 5.7, the same example without the mask: what a server must not accept (section 5.1).
UNMASKED_HELLO = bytes.fromhex("81 05 48 65 6c 6c 6f")


class ScriptError(Exception):
    """The server did not answer as the script expects; the message is one sentence."""


def upgrade(path: str, *, key: str | None = NONCE) -> bytes:
    """The sample handshake of RFC 6455, section 1.3, for `path`; without its key where `key` is None."""
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: server.example.com",
        "Upgrade: websocket",
        "Connection: Upgrade",
        *([f"Sec-WebSocket-Key: {key}"] if key else []),
        "Origin: http://example.com",
        "Sec-WebSocket-Version: 13",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def frame(opcode: int, payload: bytes, mask: bytes | None = MASK) -> bytes:
    """One final frame with a short payload, masked as section 5.3 says."""
    if mask is None:
        return bytes([0x80 | opcode, len(payload)]) + payload
    return bytes([0x80 | opcode, 0x80 | len(payload)]) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


def close(code: int, reason: str = "") -> bytes:
    """A masked close frame (section 5.5.1)."""
    return frame(0x8, struct.pack("!H", code) + reason.encode())


def closes(received: bytes) -> bool:
    """Whether a server that accepted a handshake has sent a close frame."""
    head, end, rest = received.partition(b"\r\n\r\n")
    if not end or not head.startswith(b"HTTP/1.1 101"):
        return False
    while len(rest) >= 2:
        form = {126: "!H", 127: "!Q"}.get(rest[1])
        size = struct.calcsize(form) if form else 0
        if rest[0] & 0x0F == 0x8 or len(rest) < 2 + size:
            return rest[0] & 0x0F == 0x8
        rest = rest[2 + size + (struct.unpack(form, rest[2 : 2 + size])[0] if form else rest[1]) :]
    return False


class Peer:
    """One connection of the client. `received` is every byte that came. With `leaves` it answers a close frame and
    ends the connection, as browsers do, where a server would wait for that (Werkzeug did before 2.2)."""

    def __init__(self, host: str, port: int, timeout: float = 30.0, *, leaves: bool = False) -> None:
        self._socket = socket.create_connection((host, port), timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self._read = 0
        self._leaves = leaves

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        self._socket.sendall(data)

    def read(self, count: int) -> bytes:
        """The next `count` bytes. Raises `ScriptError` if the connection ends first."""
        while len(self.received) - self._read < count:
            self._more(f"{count} bytes")
        taken = self.received[self._read : self._read + count]
        self._read += count
        return taken

    def read_until(self, end: bytes) -> bytes:
        """The next bytes up to and with `end`."""
        while (stop := self.received.find(end, self._read)) < 0:
            self._more(repr(end))
        taken = self.received[self._read : stop + len(end)]
        self._read = stop + len(end)
        return taken

    def read_frame(self) -> bytes:
        """The next frame, which a server sends unmasked (section 5.1): header and payload."""
        head = self.read(2)
        form = {126: "!H", 127: "!Q"}.get(head[1])
        extended = self.read(struct.calcsize(form)) if form else b""
        length = struct.unpack(form, extended)[0] if form else head[1]
        return head + extended + self.read(length)

    def read_to_end(self) -> bytes:
        """Everything until the server closes the connection (or breaks it)."""
        try:
            while True:
                if self._leaves and closes(self.received):
                    self._leaves = False
                    self.send(close(1000))
                    self.end()
                if not self._more("", at_end=True):
                    break
        except (ConnectionResetError, BrokenPipeError):
            pass
        taken = self.received[self._read :]
        self._read = len(self.received)
        return taken

    def end(self) -> None:
        """Send no more; the other direction stays open (a half-close)."""
        self._socket.shutdown(socket.SHUT_WR)

    def _more(self, awaited: str, at_end: bool = False) -> bool:
        try:
            data = self._socket.recv(65536)
        except TimeoutError:
            raise ScriptError(f"the server sent nothing for too long (waiting for {awaited or 'its end'})") from None
        if not data and not at_end:
            raise ScriptError(f"the server closed the connection before {awaited} came")
        self.received += data
        return bool(data)

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._socket.close()
