"""Faults in what single functions answer."""

from __future__ import annotations

from typing import Any

from ..exchange import Exchange, Kind
from ..wire import Sent, frame
from . import frames, masks
from .handshake import token


def accept_token(x: Exchange) -> str:
    """The token was made in another way."""
    if x.facts.get("function") != "accept_token" or not isinstance(x.facts.get("came"), str):
        return ""
    return token(x.facts["arguments"]["key"], x.facts["came"])


def mask(x: Exchange) -> str:
    """Masked in another way."""
    came, asked = _bytes(x.facts.get("came")), x.facts.get("arguments", {})
    if x.facts.get("function") != "mask" or came is None:
        return ""
    right = bytes.fromhex(x.facts["expected"])
    offset, key = asked["offset"] % 4, bytes.fromhex(asked["key"])
    if offset and came == bytes(a ^ b for a, b in zip(_bytes(asked["payload"]) or b"", key * len(right), strict=False)):
        return "the offset is not used: byte i here is byte i + offset of the payload: key[(i + offset) % 4]"
    return masks.named(right, key[offset:] + key[:offset], came)


def written(x: Exchange) -> str:
    """A frame was written in another way: what is said of frames on the wire."""
    came, expected = _bytes(x.facts.get("came")), _bytes(x.facts.get("expected"))
    if x.facts.get("function") != "frame" or came is None or expected is None:
        return ""
    asked = x.facts["arguments"]
    sent = Sent(frame(asked["opcode"], bytes.fromhex(asked["payload"]), key=b"\1\2\3\4"), "a frame")
    as_frames = Exchange(Kind.FRAMES, (sent,), x.wanted, expected, came, x.end)
    return next((said for diagnoser in frames.TABLE if (said := diagnoser(as_frames))), "")


def read(x: Exchange) -> str:
    """Frames were read in another way."""
    came, expected = x.facts.get("came"), x.facts.get("expected")
    if x.facts.get("function") != "frames" or not isinstance(came, list) or not isinstance(expected, list):
        return ""
    if not came and expected:
        return "no frame was found: it is two bytes, perhaps more of length, four of masking key, the payload (5.2)"
    if len(came) < len(expected):
        return f"{len(came)} of {len(expected)} frames were found: behind a frame the next one may stand already"
    for one, other in zip(expected, came, strict=False):
        if not isinstance(other, dict):
            return ""
        if one["opcode"] != other.get("opcode"):
            return "the opcode is the last 4 bits of the first byte (5.2)"
        if one["fin"] != other.get("fin"):
            return "FIN is the first bit of the first byte (5.2)"
    return ""


def elements(x: Exchange) -> str:
    """A list was split in another way."""
    if x.facts.get("function") != "split_list":
        return ""
    came, value = x.facts.get("came"), x.facts["arguments"]["value"]
    if came == value.split(","):
        return "elements lose the spaces around them, and empty ones are no elements (RFC 9110, 5.6.1)"
    if came == [part.strip() for part in value.split(",")]:
        return "empty elements of a list are ignored" if '"' not in value else "a comma within quotes parts nothing"
    if came == [part.strip() for part in value.split(",") if part.strip()]:
        return "a comma within quotes parts nothing (RFC 9110, 5.6.1)"
    return ""


def _bytes(value: Any) -> bytes | None:
    try:
        return bytes.fromhex(value)
    except (TypeError, ValueError):
        return None


TABLE = (accept_token, mask, written, read, elements)
