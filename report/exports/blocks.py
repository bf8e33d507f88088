"""pcapng, block by block: the file format of captures (draft-ietf-opsawg-pcapng).

In: frames with their times and comments. Out: a file's bytes. Little-endian, one section, one interface; of the options
only those that say something here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

#: Section 3 and 4 of the draft: types of blocks.
SECTION, INTERFACE, PACKET = 0x0A0D0D0A, 1, 6
#: Options (3.5, 4.1, 4.2); the same number means other things in other blocks.
COMMENT, OS, APPLICATION = 1, 3, 4
NAME, DESCRIPTION, RESOLUTION = 2, 3, 9
#: LINKTYPE_ETHERNET (draft-ietf-opsawg-pcaplinktype).
ETHERNET = 1
#: Times count in 10**-9 seconds.
NANOSECONDS = bytes([9])
#: An option's length has 16 bits; a comment far below is long enough to be a nuisance.
LONGEST = 4096

Option = tuple[int, bytes]


@dataclass(frozen=True)
class Captured:
    """One frame: `time` in nanoseconds since 1970, `comment` '' for none."""

    time: int
    data: bytes
    comment: str = ""


def text(code: int, value: str) -> Option:
    """An option of text: UTF-8, cut to `LONGEST` bytes at a character's end."""
    return code, value.encode("utf-8", "replace")[:LONGEST].decode("utf-8", "ignore").encode()


def section(*options: Option) -> bytes:
    """The section header (4.1); its length is not said (-1), so that a reader goes on to the end of the file."""
    return _block(SECTION, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1), options)


def interface(*options: Option) -> bytes:
    """The interface's description (4.2); 0: packets of any length."""
    return _block(INTERFACE, struct.pack("<HHI", ETHERNET, 0, 0), (*options, (RESOLUTION, NANOSECONDS)))


def packet(captured: Captured) -> bytes:
    """An enhanced packet block (4.3)."""
    high, low = divmod(captured.time % 2**64, 2**32)
    size = len(captured.data)
    body = struct.pack("<IIIII", 0, high, low, size, size) + _padded(captured.data)
    return _block(PACKET, body, [text(COMMENT, captured.comment)] if captured.comment else ())


def _block(kind: int, body: bytes, options: list[Option] | tuple[Option, ...]) -> bytes:
    """Type, length, body, options, the length again (3.1)."""
    coded = [struct.pack("<HH", code, len(value)) + _padded(value) for code, value in options]
    end = [b"\0\0\0\0"] if coded else []  # opt_endofopt
    inner = b"".join((body, *coded, *end))
    length = struct.pack("<I", 12 + len(inner))
    return struct.pack("<I", kind) + length + inner + length


def _padded(data: bytes) -> bytes:
    """Filled up to 32 bits."""
    return data + b"\0" * (-len(data) % 4)
