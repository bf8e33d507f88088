"""What must come back: the bytes of every connection of every script, and which floor any difference is due to.

The head of the 101 and all frames are the same whoever the floors are. What differs, and why:

- a close frame's reason, where the protocol was broken, is a sentence of the protocol floor's own;
- over the original's server floor the HTTP server writes its response onto the WebSocket, before the close frame that
  the reader's thread sends, or after it, or never: PROTOCOL.md, "Why the real stack closes badly". And that frame may
  be lost. With our server floor there is nothing of this under any HTTP server;
- a handshake without a key is refused by our server floor with 400, and is an internal error, 500, in the original.
"""

from __future__ import annotations

import re

from .stack import Stack

HEAD = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
#: What the original's server floor lets the HTTP server write: flask_sock's 200, or the 101 that our `Sock` returns.
RESPONSE = re.compile(rb"HTTP/1\.1 (200|101) [^\r\n]+\r\n(?:[\w-]+: [^\r\n]*\r\n)*\r\n")
#: The close frames that the reader's thread sends, as (script, number of the connection).
ANSWERS = {("close", 0), ("rejected", 1), ("rejected", 2), ("told", 0)}
#: The sentences of each protocol floor: for a frame without a mask, for bytes that are no UTF-8.
REASONS = {
    "wsproto": (
        b"server received unexpected unmasked frame",
        b"'utf-8' codec can't decode byte 0xff in position 3: invalid start byte",
    ),
    "reference_impl": (b"5.1: frames from a client must be masked, from a server not", b"8.1: invalid start byte"),
}
#: What told.py prints.
TOLD = ["'Grüße'", "''", repr(bytes(range(256))), repr("x" * 126), repr(bytes(70_000)), "'€'", "4000 enough"]


def closing(code: int, reason: bytes = b"") -> bytes:
    """A close frame of a server: unmasked (RFC 6455, 5.1)."""
    return bytes([0x88, 2 + len(reason)]) + code.to_bytes(2, "big") + reason


def expected(stack: Stack) -> dict[str, list[bytes]]:
    """For each script the frames that each of its WebSockets gets, as bytes."""
    no_mask, no_text = REASONS[stack.protocol]
    large = b"\x82\x7f" + (70_000).to_bytes(8, "big")
    return {
        "handshake": [b"\x81\x05Hello" + closing(1000)],
        "receive": [b"\x81\x05str 5\x81\x07bytes 5\x81\x05str 5\x81\x04None" + closing(1000)],
        "send": [
            b"\x81\x05Hello\x82\x05Hello\x81\x7e\x00\xc8" + b"x" * 200 + large + b"x" * 70_000 + closing(1000),
        ],
        "ping": [b"\x8a\x05Hello\x81\x05Hello" + closing(1000)],
        "close": [closing(1000, b"done"), closing(1000, b"bye"), b""],
        "rejected": [closing(1002, no_mask), closing(1007, no_text)],
        "told": [
            b"\x81\x07" + "Grüße".encode() + b"\x81\x00\x82\x7e\x01\x00" + bytes(range(256))
            + b"\x81\x7e\x00\x7e" + b"x" * 126 + large + bytes(70_000)
            + b"\x8a\x01?\x81\x03\xe2\x82\xac" + closing(4000, b"enough")
        ],
        "blueprint": [b"\x81\x05Hello" + closing(1000)],
    }  # fmt: skip


def without_response(data: bytes) -> tuple[bytes, list[bytes]]:
    """(The WebSocket's bytes, the status codes of HTTP responses within them)."""
    return RESPONSE.sub(b"", data), RESPONSE.findall(data)


def frames_of(stack: Stack, script: str, number: int) -> bytes:
    """What the connection `number` of a script gets; `rejected` begins with one that never becomes a WebSocket."""
    return expected(stack)[script][number - 1 if script == "rejected" else number]


def answer(stack: Stack, script: str, number: int) -> bytes:
    """The close frame at the end."""
    whole = frames_of(stack, script, number)
    return whole[whole.rindex(b"\x88") :]
