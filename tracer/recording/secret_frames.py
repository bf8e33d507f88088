"""Masks what is inside WebSocket frames (RFC 6455, section 5), which a search of their bytes would not find.

A client's payload is XORed with a key that stands before it (5.3), so anybody can read it, and the journeys and pages
do. So the payload is unmasked here, searched as the text that it is, and put back under the same key: whoever reads the
frame finds a `*` for each masked byte. A compressed message (RFC 7692) is inflated and searched; a secret cannot be
taken out of compressed bytes, so the whole message becomes another one of the same size, which inflates to stars. A
later one that refers back to it does so too. What came in several pieces becomes bytes that no reader can inflate.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .secret_streams import TextMask
    from .secrets import Secrets

_OPCODES = frozenset({0x0, 0x1, 0x2, 0x8, 0x9, 0xA})
#: RFC 7692, section 7.2.2: what is put behind a compressed message before it is inflated.
_TAIL = b"\x00\x00\xff\xff"
#: Bytes that one message is inflated to, at most: a small one could fill the memory.
MOST = 4 << 20


class FrameMask:
    """One direction of a WebSocket."""

    def __init__(self, make: type[TextMask], secrets: Secrets) -> None:
        self._make, self._secrets = make, secrets
        self._head = b""
        self._left = 0
        self._key = 0, b""  # the key, and how far into it we are
        self._offset = 0
        self._message: _Message | None = None  # the data message that is open
        self._open: _Message | None = None  # the frame's: that one, or a control frame's own
        self._inflation: _Inflation | None = None

    def feed(self, data: bytes, cuts: Sequence[int] = ()) -> tuple[bytes, bytes]:
        """The masked form of what is frames, and the rest of `data`, if that is none; it came in pieces, cut there."""
        out: list[bytes] = []
        at = 0
        while at < len(data):
            if self._left:
                piece, begin = data[at : at + self._left], at
                self._left -= len(piece)
                at += len(piece)
                first, last = (bisect_right(cuts, begin), bisect_left(cuts, at)) if cuts else (0, 0)
                out.append(self._payload(piece, [cut - begin for cut in cuts[first:last]]))
            else:
                size = _size_of_head(self._head) - len(self._head)
                head, at = data[at : at + size], at + size
                self._head += head
                if not _sound(self._head):
                    return b"".join(out), head + data[at:]
                out.append(head)
                if len(self._head) == _size_of_head(self._head):
                    self._begin()
        return b"".join(out), b""

    def _begin(self) -> None:
        """The head is whole: what follows is its payload."""
        head, self._head = self._head, b""
        length = head[1] & 0x7F
        start = {126: 4, 127: 10}.get(length, 2)
        self._left = int.from_bytes(head[2:start], "big") if start > 2 else length
        self._key = 0, head[start:]
        opcode, final = head[0] & 0x0F, bool(head[0] & 0x80)
        if opcode >= 8:
            self._open = _Message(self._make(self._secrets), None)
            return
        if opcode or self._message is None:
            compressed = bool(head[0] & 0x40)
            if compressed and self._inflation is None:
                self._inflation = _Inflation()
            self._message = _Message(self._make(self._secrets), self._inflation if compressed else None)
        self._open = self._message
        self._open.final = final
        if not self._left:
            self._end_of_frame()

    def _payload(self, piece: bytes, cuts: Sequence[int]) -> bytes:
        assert self._open is not None
        offset, key = self._key
        plain = _xor(piece, key, offset)
        masked = self._open.feed(plain, cuts, whole=not offset and not self._left and self._open.final)
        if masked == plain and key:  # who has these bytes has others, and those have been looked at
            self._secrets.hinted.remember(piece, cuts)
        self._key = offset + len(piece), key
        out = piece if masked == plain else _xor(masked, key, offset)
        if not self._left:
            self._end_of_frame()
        return out

    def _end_of_frame(self) -> None:
        if self._open is not None and self._open is self._message and self._open.final:
            self._open.end()
            self._message = None


class _Inflation:
    """What a direction's messages are inflated with, one after the other: a message may refer to those before it."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(-zlib.MAX_WBITS)
        #: Whether it cannot be inflated, or too much; and whether one was hidden.
        self.broken = self.hid = False

    def feed(self, data: bytes) -> bytes:
        """What a piece of a message inflates to."""
        if self.broken:
            return b""
        try:
            inflated = self._zlib.decompress(data, MOST)
        except zlib.error:
            self.broken = True
            return b""
        self.broken = bool(self._zlib.unconsumed_tail)
        return inflated


class _Message:
    """A message's payload as it comes; `inflation` where it is compressed."""

    def __init__(self, text: TextMask, inflation: _Inflation | None) -> None:
        self.final = True
        self._text = text
        self._inflation = inflation
        self._begun = self._open = False
        self._hidden = False

    def feed(self, plain: bytes, cuts: Sequence[int] = (), *, whole: bool) -> bytes:
        """The masked form of some of it; `whole`: of all of it."""
        if self._inflation is None:
            return self._text.feed(plain, cuts)
        whole = whole and not self._begun
        self._begun, self._open = True, not whole
        inflated = self._inflation.feed(plain + _TAIL if whole else plain)
        clean = not self._inflation.broken and self._text.feed(inflated) == inflated
        self._hidden = self._hidden or not clean or (self._inflation.hid and not (whole and _alone(plain, inflated)))
        if not self._hidden:
            return plain
        self._inflation.hid = True
        return _stars(len(plain)) if whole else _NOT_DEFLATE * len(plain)

    def end(self) -> None:
        """It is over."""
        if self._inflation is not None and self._open:
            self._inflation.feed(_TAIL)


#: A block of the type that RFC 1951 (section 3.2.3) calls an error.
_NOT_DEFLATE = b"~"


def _alone(payload: bytes, inflated: bytes) -> bool:
    """Whether a message says the same without those before it."""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(payload + _TAIL, MOST) == inflated
    except zlib.error:
        return False


def _stars(size: int) -> bytes:
    """A message of `size` bytes that inflates to nothing but stars: a stored block (RFC 1951, section 3.2.4), and the
    beginning of the empty one whose end RFC 7692 (section 7.2.1) has taken off. A shorter one is compressed."""
    count = size - 6
    if 0 <= count < 1 << 16:
        return b"\0" + count.to_bytes(2, "little") + (count ^ 0xFFFF).to_bytes(2, "little") + b"*" * count + b"\0"
    for count in range(40) if size < 6 else ():
        made = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        short = (made.compress(b"*" * count) + made.flush(zlib.Z_SYNC_FLUSH)).removesuffix(_TAIL)
        if len(short) == size:
            return short
    return _NOT_DEFLATE * size


def _size_of_head(head: bytes) -> int:
    """How long a frame's head is, as far as its first bytes tell."""
    if len(head) < 2:
        return 2
    return 2 + {126: 2, 127: 8}.get(head[1] & 0x7F, 0) + (4 if head[1] & 0x80 else 0)


def _sound(head: bytes) -> bool:
    """Whether what has come of a head can be one: an opcode that there is, RSV2 and RSV3 not set, RSV1 only where a
    message begins (RFC 7692, section 6), a control frame not cut into fragments."""
    opcode = head[0] & 0x0F
    if opcode not in _OPCODES or head[0] & 0x30 or (head[0] & 0x40 and opcode not in (1, 2)):
        return False
    return opcode < 8 or bool(head[0] & 0x80)


def _xor(data: bytes, key: bytes, offset: int) -> bytes:
    """RFC 6455, section 5.3; data of a frame without a key stays as it is."""
    if not key:
        return data
    turned = key[offset % 4 :] + key[: offset % 4]
    mask = (turned * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(mask, "big")).to_bytes(len(data), "big")
