"""What the tests of the fields share: messages of two RFCs, and ways to look at what was found in them.

Every byte of a connection has one name, and the names tell the conversation. `painted` counts every bit by itself, so
that the check `uncovered` is checked too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tracer.reading.fields import Dissection, Field, dissect, uncovered

MASK = bytes.fromhex("37fa213d")
CLIENT_HELLO = bytes.fromhex("818537fa213d7f9f4d5158")  # RFC 6455, 5.7: a masked "Hello"
SERVER_HELLO = bytes.fromhex("810548656c6c6f")
CLIENT_CLOSE, SERVER_CLOSE = bytes.fromhex("888237fa213d3412"), bytes.fromhex("880203e8")

# RFC 6455, 1.3
ASK = (
    b"GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\n"
    b"Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
ANSWER = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
)
WERKZEUG_200 = (  # as captured behind a Flask-Sock handler
    b"HTTP/1.1 200 OK\r\nServer: Werkzeug/3.1.8 Python/3.11.7\r\nDate: Mon, 23 Nov 2026 23:52:45 GMT\r\n"
    b"Content-Type: text/html; charset=utf-8\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: Chunked\r\n\r\n"
DEFLATED = bytes.fromhex("f248cdc9c90700")  # RFC 7692, 7.2.3.1: "Hello"


def frame(opcode: int, payload: bytes, mask: bytes = b"", *, fin: bool = True, rsv: int = 0, form: int = 0) -> bytes:
    """A frame; `form` is 0 for the shortest length, or 126 or 127."""
    size = len(payload)
    form = form or (size if size < 126 else 126 if size < 65536 else 127)
    head = bytes([fin << 7 | rsv << 4 | opcode, (bool(mask) << 7) | form])
    head += size.to_bytes({126: 2, 127: 8}[form], "big") if form > 125 else b""
    return head + mask + (bytes(b ^ mask[i % 4] for i, b in enumerate(payload)) if mask else payload)


def agreed(extension: str = "permessage-deflate") -> bytes:
    return ANSWER[:-2] + b"Sec-WebSocket-Extensions: " + extension.encode() + b"\r\n\r\n"


def named(fields: Iterable[Field], name: str) -> list[Field]:
    return [f for top in fields for f in top.walk() if f.name == name]


def values(fields: Iterable[Field], name: str) -> list[str]:
    return [f.value for f in named(fields, name)]


def tree(fields: Iterable[Field], depth: int = 0) -> list[str]:
    lines = []
    for f in fields:
        where = f"{f.start}-{f.stop}" + (f" bits {f.bits[0]}-{f.bits[1]}" if f.bits else "")
        where += f" {f.buffer}" if f.buffer != "wire" else ""
        lines.append("  " * depth + f"{f.name} {where}" + (f" = {f.value}" if f.value else ""))
        lines += tree(f.children, depth + 1)
    return lines


def painted(fields: Iterable[Field], size: int) -> list[int]:
    """How often each bit of the wire is named by a field without parts on the wire."""
    bits = [0] * (size * 8)
    for top in fields:
        for f in top.walk():
            if f.buffer == "wire" and all(child.buffer != "wire" for child in f.children):
                first, last = f.bits or (0, 8 * (f.stop - f.start))
                for n in range(f.start * 8 + first, f.start * 8 + last):
                    bits[n] += 1
    return bits


def read(received: bytes, sent: bytes = b"", role: Any = "server") -> Dissection:
    """`dissect`, with everything checked that must hold for any bytes."""
    found = dissect(received, sent, role)
    for fields, data in ((found.received, received), (found.sent, sent)):
        assert uncovered(fields, len(data)) == []
        assert set(painted(fields, len(data))) <= {1}
        for f in (f for top in fields for f in top.walk()):
            assert f.name and f.section.startswith("RFC ") and len(f.value) <= 80 and f.value.isprintable()
    return found


def received_frames(data: bytes, answer: bytes = ANSWER) -> tuple[Field, ...]:
    return read(ASK + data, answer).received[1:]


def sent_frames(data: bytes, answer: bytes = ANSWER) -> tuple[Field, ...]:
    return read(ASK, answer + data).sent[1:]


def one(fields: tuple[Field, ...], name: str) -> Field:
    (found,) = named(fields, name)
    return found


def content(data: bytes, top: Field) -> bytes:
    """What a frame carries, from its fields alone: inflated if it is, unmasked if it was masked."""
    for name in ("inflated payload data", "unmasked payload data"):
        for f in named([top], name):
            return f.derived or b""
    return b"".join(data[f.start : f.stop] for f in named([top], "payload data"))


def conversation(data: bytes, fields: Iterable[Field]) -> list[tuple[int, bytes]]:
    """Messages and control frames as (opcode, content), rebuilt from field values and field bytes."""
    found: list[tuple[int, bytes]] = []
    opened: tuple[int, bytes] | None = None
    for top in fields:
        assert top.name == "frame" and "fault" not in top.value, top.value
        opcode, fin = int(values([top], "opcode")[0].split(":")[0]), values([top], "FIN") == ["1"]
        if opcode >= 8:
            found.append((opcode, content(data, top)))
            continue
        opened = (opened[0], opened[1] + content(data, top)) if opened else (opcode, content(data, top))
        if fin:
            found.append(opened)
            opened = None
    assert opened is None
    return found
