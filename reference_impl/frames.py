"""One WebSocket frame: parse it, serialize it, mask it (RFC 6455, section 5).

In: the bytes that a socket delivered, cut anywhere. Out: `Piece`s, each a frame's `Header` with as much of its
payload, unmasked, as has arrived. The way back: `Frame(Opcode.TEXT, b"Hello").serialize()`.

    >>> parser = FrameParser(from_client=True)
    >>> parser.receive_bytes(bytes.fromhex("818537fa213d7f9f4d5158"))     # RFC 6455, section 5.7
    >>> [piece.payload for piece in parser.pieces()]
    [b'Hello']

Follows https://github.com/python-hyper/wsproto/blob/820701baf101b8c364a879440e1215da2fb0973f/src/wsproto/frame_protocol.py#L333-L508
and, for the way back, https://github.com/python-hyper/wsproto/blob/820701baf101b8c364a879440e1215da2fb0973f/src/wsproto/frame_protocol.py#L638-L698
Leaves out: messages (connection.py), what RSV1 means (deflate.py), and RSV2 and RSV3, which no extension uses.

What the first bytes say, bit by bit (section 5.2):

    byte 0   F R R R o o o o    FIN, RSV1, RSV2, RSV3, opcode
    byte 1   M l l l l l l l    MASK, length 0-125; 126: the next 2 bytes are the length; 127: the next 8 bytes are
    then     k k k k            masking key, 4 bytes, only if MASK
    then     payload
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from .closing import CloseReason as CloseReason
from .closing import ParseFailed

FIN = 0b1000_0000
RSV1 = 0b0100_0000
RSV2_RSV3 = 0b0011_0000
OPCODE = 0b0000_1111
MASK = 0b1000_0000
LENGTH = 0b0111_1111

#: What the 7 bits of length mean when they are not the length: (bytes that follow, smallest length allowed in them).
EXTENDED_LENGTHS = {126: (2, 126), 127: (8, 1 << 16)}
MAX_CONTROL_PAYLOAD = 125


class Opcode(IntEnum):
    """RFC 6455, section 5.2, and 11.8: what a frame is."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA

    def iscontrol(self) -> bool:
        # 5.5: "Control frames are identified by opcodes where the most significant bit of the opcode is 1."
        return bool(self & 0b1000)


OPCODES = {int(opcode): opcode for opcode in Opcode}


def apply_mask(data: bytes, key: bytes | None, offset: int = 0) -> bytes:
    """XOR `data` with the 4 bytes of `key`, starting at byte `offset` of the payload; twice gives `data` again.

    >>> apply_mask(b"Hello", bytes.fromhex("37fa213d")).hex()
    '7f9f4d5158'
    """
    if key is None or not data:
        return data
    # 5.3: "Octet i of the transformed data ("transformed-octet-i") is the XOR of octet i of the original data
    # ("original-octet-i") with octet at index i modulo 4 of the masking key". Written so, a Python loop runs once per
    # byte. But the bytes of two integers are XORed all at once by `^`: so read the payload as one long integer, repeat
    # the key to the same length, XOR, and write it back as bytes.
    turn, size = offset % 4, len(data)
    repeated = ((key[turn:] + key[:turn]) * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "little") ^ int.from_bytes(repeated, "little")).to_bytes(size, "little")


class Header(NamedTuple):
    """All of a frame but its payload. `length` counts the bytes of the payload; `mask` is the 4-byte key or None."""

    opcode: Opcode
    length: int
    fin: bool = True
    rsv1: bool = False
    mask: bytes | None = None


@dataclass(frozen=True)
class Frame:
    """One whole frame, its payload unmasked. Mask and length exist on the wire only."""

    opcode: Opcode
    payload: bytes = b""
    fin: bool = True
    rsv1: bool = False

    def serialize(self, mask: bytes | None = None) -> bytes:
        """The frame's bytes, masked with the 4 bytes `mask` (a client must, a server must not: 5.1)."""
        if self.opcode.iscontrol() and len(self.payload) > MAX_CONTROL_PAYLOAD:
            raise ValueError(f"5.5: a control frame holds at most 125 bytes, not {len(self.payload)}")
        first = (FIN if self.fin else 0) | (RSV1 if self.rsv1 else 0) | self.opcode
        masked, length = 0 if mask is None else MASK, len(self.payload)
        # 5.2: "the minimal number of bytes MUST be used to encode the length"
        if length <= 125:
            head = bytes([first, masked | length])
        elif length < 1 << 16:
            head = bytes([first, masked | 126]) + length.to_bytes(2, "big")
        else:
            head = bytes([first, masked | 127]) + length.to_bytes(8, "big")
        return head + (mask or b"") + apply_mask(self.payload, mask)

    def __str__(self) -> str:
        shown = repr(self.payload[:40]) + ("..." if len(self.payload) > 40 else "")
        flags = ("" if self.fin else ", continued") + (", compressed" if self.rsv1 else "")
        return f"{self.opcode.name} {shown} [{len(self.payload)} bytes{flags}]"


class Piece(NamedTuple):
    """A frame, or as much of one as has arrived. A control frame is always whole."""

    header: Header
    payload: bytes
    starts: bool = True  # the payload's first byte is in this piece (or there is no payload)
    ends: bool = True  # its last byte is


class FrameParser:
    """Bytes in, pieces out. Each generator below reads like the RFC; a `yield None` means "feed me more"."""

    def __init__(self, from_client: bool, compression: bool = False) -> None:
        self.from_client = from_client
        self.compression = compression
        self.buffer = bytearray()
        self._running = self._parse()

    def receive_bytes(self, data: bytes) -> None:
        self.buffer += data

    def pieces(self) -> Iterator[Piece]:
        """What can be read from the bytes so far. Raises ParseFailed at the first byte that is wrong."""
        for piece in self._running:
            if piece is None:
                return
            yield piece

    def _parse(self) -> Generator[Piece | None, None, None]:
        while True:
            header = yield from self._read_header()
            if header.opcode.iscontrol():
                payload = yield from self._read(header.length)
                yield Piece(header, apply_mask(payload, header.mask))
            else:
                yield from self._read_payload(header)

    def _read(self, size: int) -> Generator[None, None, bytes]:
        while len(self.buffer) < size:
            yield None
        taken = bytes(self.buffer[:size])
        del self.buffer[:size]
        return taken

    def _read_header(self) -> Generator[None, None, Header]:
        first, second = yield from self._read(2)
        opcode = self._check(first, second)
        length = second & LENGTH
        if length in EXTENDED_LENGTHS:
            size, smallest = EXTENDED_LENGTHS[length]
            length = int.from_bytes((yield from self._read(size)), "big")
            if length < smallest:
                raise ParseFailed(f"5.2: length {length} must be written in its shortest form")
            if length >> 63:
                raise ParseFailed("5.2: the most significant bit of a 64-bit length must be 0")
        mask = (yield from self._read(4)) if second & MASK else None
        return Header(opcode, length, bool(first & FIN), bool(first & RSV1), mask)

    def _check(self, first: int, second: int) -> Opcode:
        """Everything that the first two bytes can have wrong."""
        opcode = OPCODES.get(first & OPCODE)
        if opcode is None:
            raise ParseFailed(f"5.2: opcode {first & OPCODE:#x} is reserved")
        control, may_compress = opcode.iscontrol(), self.compression and opcode in (Opcode.TEXT, Opcode.BINARY)
        for wrong, sentence in (
            (first & RSV2_RSV3, "5.2: RSV2 and RSV3 must be 0, no extension gives them a meaning"),
            (first & RSV1 and not may_compress, "5.2: RSV1 must be 0 here, no extension gives it a meaning"),
            (control and not first & FIN, "5.5: control frames must not be fragmented"),
            (control and second & LENGTH > MAX_CONTROL_PAYLOAD, "5.5: a control frame holds 125 bytes"),
            (self.from_client and not second & MASK, "5.1: frames from a client must be masked"),
            (not self.from_client and second & MASK, "5.1: frames from a server must not be masked"),
        ):
            if wrong:
                raise ParseFailed(sentence)
        return opcode

    def _read_payload(self, header: Header) -> Generator[Piece | None, None, None]:
        """A data frame is handed on as it arrives, first of all its header: who has a limit need not wait for more."""
        taken = -1  # nothing yet, not even the header
        while taken < header.length:
            start = max(taken, 0)
            part = bytes(self.buffer[: header.length - start])
            del self.buffer[: len(part)]
            if part or taken < 0:
                starts, taken = taken < 0, start + len(part)
                yield Piece(header, apply_mask(part, header.mask, start), starts, ends=taken == header.length)
            else:
                yield None
