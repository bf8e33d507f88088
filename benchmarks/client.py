"""The client of both servers: plain sockets and frames made beforehand, so that what is measured is the server."""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Sequence
from types import TracebackType

MASK = bytes.fromhex("37fa213d")  # RFC 6455, section 5.7
REQUEST = (
    b"GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
TEXT, BINARY = 1, 2


def head(opcode: int, length: int, masked: int) -> bytes:
    """A final frame's header without the key (RFC 6455, section 5.2)."""
    if length < 126:
        return bytes([0x80 | opcode, masked | length])
    if length < 1 << 16:
        return bytes([0x80 | opcode, masked | 126]) + struct.pack("!H", length)
    return bytes([0x80 | opcode, masked | 127]) + struct.pack("!Q", length)


class Message:
    """A message as the client sends it, and as its echo must come back."""

    def __init__(self, opcode: int, payload: bytes) -> None:
        key = (MASK * (len(payload) // 4 + 1))[: len(payload)]
        masked = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
        self.sent = head(opcode, len(payload), 0x80) + MASK + masked.to_bytes(len(payload), "big")
        self.echo = head(opcode, len(payload), 0) + payload


def different(opcode: int, size: int, count: int = 64) -> tuple[Message, ...]:
    """Messages of `size` bytes that no two share anything: a recorder that remembers what it saw gains nothing. Text
    is made of small letters."""
    draw = random.Random(size)
    letters = bytes(97 + number % 26 for number in range(256))
    contents = [draw.randbytes(size) for _ in range(count)]
    return tuple(Message(opcode, one.translate(letters) if opcode == TEXT else one) for one in contents)


class Client:
    """One WebSocket."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.sendall(REQUEST)
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += self.sock.recv(1)
        if b" 101 " not in answer:
            raise RuntimeError(f"the server did not upgrade: {answer!r}")
        self.buffer = bytearray(1 << 20 | 64)

    def send(self, message: Message) -> None:
        self.sock.sendall(message.sent)

    def expect(self, message: Message) -> None:
        """Read the echo of `message`. Raises RuntimeError if it is anything else."""
        size, got = len(message.echo), 0
        with memoryview(self.buffer) as view:
            while got < size:
                count = self.sock.recv_into(view[got:size])
                if not count:
                    raise RuntimeError("the server closed the connection: a message is lost")
                got += count
            if view[:size] != message.echo:
                raise RuntimeError("the echo is not what was sent")

    def echoes(self, messages: Sequence[Message], count: int) -> None:
        """So many round trips, with each message in turn."""
        for number in range(count):
            message = messages[number % len(messages)]
            self.send(message)
            self.expect(message)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.sock.close()
