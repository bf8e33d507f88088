"""Frames read back out of bytes, for diagnosers: of ours, which are legal or meant to be wrong, and of a server's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..exchange import Exchange
from ..wire import Sent, masked

NAMES = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}


@dataclass(frozen=True)
class Parsed:
    """One frame. `payload` is unmasked, `raw` as on the wire; `form` is 7, 16 or 64; `whole` if all of it is there."""

    fin: bool
    rsv: int
    opcode: int
    mask: bytes | None
    form: int
    length: int
    payload: bytes
    raw: bytes
    whole: bool


def parse(data: bytes) -> list[Parsed]:
    """The frames in `data`, the last of them perhaps cut off."""
    found, at = [], 0
    while len(data) - at >= 2:
        first, second, at = data[at], data[at + 1], at + 2
        short = second & 127
        form = {126: 16, 127: 64}.get(short, 7)
        size = 0 if form == 7 else form // 8
        length = short if form == 7 else int.from_bytes(data[at : at + size], "big")
        at += size
        mask = data[at : at + 4] if second >> 7 else None
        at += 4 if mask is not None else 0
        raw = data[at : at + length]
        payload = masked(raw, mask) if mask and len(mask) == 4 else raw
        found.append(
            Parsed(bool(first >> 7), first >> 4 & 7, first & 15, mask, form, length, payload, raw, len(raw) == length)
        )
        at += length
    return found


def sent_frames(sent: Sequence[Sent]) -> list[Parsed]:
    """The frames that we sent, in order, from one conversation."""
    data = b""
    for piece in sent:
        head, end, behind = piece.data.partition(b"\r\n\r\n")
        data += behind if end and b" HTTP/1." in head[:300] else piece.data
    return parse(data)


def first(data: bytes | None) -> Parsed | None:
    """The first frame in `data`."""
    found = parse(data or b"")
    return found[0] if found else None


def asked_for(x: Exchange, wanted: Parsed | None) -> Parsed | None:
    """Our frame with the payload that was expected back, the latest of them."""
    if wanted is None:
        return None
    return next(
        (one for one in reversed(sent_frames(x.sent)) if one.payload == wanted.payload and one.opcode in (1, 2)), None
    )


def code(payload: bytes) -> str:
    """The code of a close frame, as text."""
    return str(int.from_bytes(payload[:2], "big")) if len(payload) >= 2 else "no code"


def head_size(parsed: Parsed) -> int:
    """How many bytes a frame has before its payload."""
    return 2 + (0 if parsed.form == 7 else parsed.form // 8) + (4 if parsed.mask is not None else 0)
