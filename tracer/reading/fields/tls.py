"""TLS as the socket sees it: records, whose content is encrypted. What was in them is a connection of its own.

In: the bytes of one direction. Out: one field a record (RFC 8446, 5.1), with its header's parts. Nothing is decrypted.
"""

from __future__ import annotations

from enum import IntEnum

from .field import Field
from .part import Part, count, in_order, incomplete


class Tls(Part):
    RECORD = ("TLS record", "RFC 8446, 5.1")
    TYPE = ("content type", "RFC 8446, 5.1")
    VERSION = ("legacy record version", "RFC 8446, 5.1")
    LENGTH = ("length", "RFC 8446, 5.1")
    FRAGMENT = ("fragment", "RFC 8446, 5.1")
    ENCRYPTED = ("encrypted record", "RFC 8446, 5.2")


class Content(IntEnum):
    """RFC 8446, 5.1. All others are no TLS."""

    CHANGE_CIPHER_SPEC = 20
    ALERT = 21
    HANDSHAKE = 22
    APPLICATION_DATA = 23


HEADER = 5
#: The version that records say they are of: SSL 3.0 to TLS 1.2, and TLS 1.3, which says 1.2 (RFC 8446, 5.1).
MAJOR, MINORS = 3, range(5)


def speaks(data: bytes) -> bool:
    """Whether a direction begins as TLS does: with a record of the handshake."""
    return len(data) > 2 and data[0] == Content.HANDSHAKE and data[1] == MAJOR and data[2] in MINORS


def records(data: bytes) -> tuple[tuple[Field, ...], int]:
    """The records, and how far they go: what follows is none."""
    found: list[Field] = []
    at = 0
    while at < len(data) and data[at] in Content._value2member_map_ and data[at + 1 : at + 2] in (b"", b"\x03"):
        field = _record(data, at)
        found.append(field)
        at = field.stop
    return tuple(found), at


def _record(data: bytes, at: int) -> Field:
    kind = Content(data[at]).name.lower()
    head = data[at : at + HEADER]
    if len(head) < HEADER:
        said = incomplete(len(head), HEADER, "at least ")
        return Tls.RECORD.at(at, at + len(head), said)
    size = int.from_bytes(head[3:5], "big")
    stop = min(at + HEADER + size, len(data))
    have = stop - at - HEADER
    inside = Tls.ENCRYPTED if data[at] == Content.APPLICATION_DATA else Tls.FRAGMENT
    told = count(size) if have == size else incomplete(have, size)
    parts = in_order(
        at,
        (Tls.TYPE, at + 1, f"{data[at]}: {kind}"),
        (Tls.VERSION, at + 3, f"{head[1]}.{head[2]}"),
        (Tls.LENGTH, at + HEADER, str(size)),
        (inside, stop, told),
    )
    return Tls.RECORD.at(at, stop, f"{kind}, {told}", parts)
