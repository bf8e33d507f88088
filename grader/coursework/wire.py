"""The bytes that a client sends: requests and frames, right ones and wrong ones (RFC 9112; RFC 6455, section 5.2).

It follows the RFCs and no library, so that a mistake of ours and one of somebody else's cannot cancel out.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
RFC_KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # section 1.3: the sample nonce
RFC_MASK = bytes.fromhex("37fa213d")  # section 5.7: the sample masking key


class Op(IntEnum):
    """RFC 6455, section 5.2."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


@dataclass(frozen=True)
class Sent:
    """Bytes that were sent, and what they are, in a word or two; `cuts` are where a new segment began."""

    data: bytes
    what: str
    cuts: tuple[int, ...] = ()


def accept_token(key: str) -> str:
    """
    >>> accept_token("dGhlIHNhbXBsZSBub25jZQ==")
    's3pPLMBiTxaQ9kYGzzhZRbK+xOo='
    """
    return base64.b64encode(hashlib.sha1((key + GUID).encode("latin-1")).digest()).decode()


def masked(payload: bytes, key: bytes, offset: int = 0) -> bytes:
    """Section 5.3; twice gives the payload again. `offset` is how many bytes of the payload came before."""
    turned = key[offset % 4 :] + key[: offset % 4]
    pad = (turned * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")).to_bytes(len(payload), "big")


def frame(
    opcode: int, payload: bytes = b"", *, key: bytes | None = None, fin: bool = True, rsv: int = 0, form: int = 0,
    claim: int | None = None,
) -> bytes:  # fmt: skip
    """One frame, legal or not. Without `key` it is unmasked, as a server's is; `rsv` is 0b000 to 0b111, RSV1 first;
    `form` forces a form of the length (7, 16 or 64 bits); `claim` announces another length than there is.

    >>> frame(Op.TEXT, b"Hello", key=RFC_MASK).hex()
    '818537fa213d7f9f4d5158'
    """
    length = len(payload) if claim is None else claim
    form = form or (7 if length < 126 else 16 if length < 1 << 16 else 64)
    short = length if form == 7 else 126 if form == 16 else 127
    head = bytes([fin << 7 | rsv << 4 | opcode, (key is not None) << 7 | short])
    head += b"" if form == 7 else length.to_bytes(form // 8, "big")
    return head + (payload if key is None else key + masked(payload, key))


def close(code: int | None = 1000, reason: bytes = b"", key: bytes | None = None) -> bytes:
    """A close frame; without a code it is empty (section 5.5.1)."""
    return frame(Op.CLOSE, b"" if code is None else code.to_bytes(2, "big") + reason, key=key)


def request(
    path: str = "/environ", headers: Iterable[tuple[str, str]] = (("Host", "127.0.0.1"),), *, method: str = "GET",
    version: str = "HTTP/1.1", body: bytes = b"",
) -> bytes:  # fmt: skip
    """An HTTP request, right or wrong."""
    lines = [f"{method} {path} {version}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def upgrade(
    path: str, key: str = RFC_KEY, *, drop: Sequence[str] = (), replace: dict[str, str] | None = None,
    add: Sequence[tuple[str, str]] = (), method: str = "GET", version: str = "HTTP/1.1",
) -> bytes:  # fmt: skip
    """The opening handshake of section 1.3, with headers left out, replaced or added."""
    headers = {
        "Host": "127.0.0.1", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Version": "13", **(replace or {}),
    }  # fmt: skip
    kept = [(name, value) for name, value in headers.items() if name not in drop]
    return request(path, [*kept, *add], method=method, version=version)
