"""One WebSocket frame: parse it, serialize it, mask it (RFC 6455, section 5).

In: the bytes that a socket delivered, cut anywhere. Out: `Frame`s, each with as much of its payload,
unmasked, as has arrived. The way back: `Frame(Opcode.TEXT, b"Hello").serialize()`.

    >>> parser = FrameParser(from_client=True)
    >>> parser.receive_bytes(bytes.fromhex("818537fa213d7f9f4d5158"))     # RFC 6455, section 5.7
    >>> [frame.payload for frame in parser.frames()]
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

from collections.abc import Generator, Iterator
from enum import IntEnum
from functools import partial
from typing import NamedTuple

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
    if key is None:
        return data
    # 5.3: "Octet i of the transformed data ("transformed-octet-i") is the XOR of octet i of the original data
    # ("original-octet-i") with octet at index i modulo 4 of the masking key". Written so, a Python loop runs once per
    # byte. But the bytes of two integers are XORed all at once by `^`: so read the payload as one long integer, repeat
    # the key to the same length, XOR, and write it back as bytes.
    turn, size = offset % 4, len(data)
    repeated = ((key[turn:] + key[:turn]) * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "little") ^ int.from_bytes(repeated, "little")).to_bytes(size, "little")


class Frame(NamedTuple):
    """One frame, its payload unmasked; or as much of one as has arrived, and later the rest, as continuations of it.
    Mask and length exist on the wire only."""

    opcode: Opcode
    payload: bytes = b""
    fin: bool = True
    rsv1: bool = False
    missing: int = 0  # bytes of the payload that have still to arrive; none of a control frame

    def serialize(self, mask: bytes | None = None) -> bytes:
        """The frame's bytes, masked with the 4 bytes `mask` (a client must, a server must not: 5.1)."""
        length = len(self.payload)
        if self.opcode.iscontrol() and length > MAX_CONTROL_PAYLOAD:
            raise ValueError(f"5.5: a control frame holds at most 125 bytes, not {length}")
        short, size = length, 0
        # 5.2: "the minimal number of bytes MUST be used to encode the length"
        for marker, (bytes_that_follow, smallest) in EXTENDED_LENGTHS.items():
            if length >= smallest:
                short, size = marker, bytes_that_follow
        first = (FIN if self.fin else 0) | (RSV1 if self.rsv1 else 0) | self.opcode
        head = bytes([first, (MASK if mask else 0) | short]) + length.to_bytes(8, "big")[8 - size :]
        return head + (mask or b"") + apply_mask(self.payload, mask)


class FrameParser:
    """Bytes in, frames out. Each generator below reads like the RFC; a `yield None` means "feed me more"."""

    def __init__(self, from_client: bool, compression: bool = False) -> None:
        self.from_client, self.compression = from_client, compression
        self.buffer = bytearray()
        self._running = self._parse()

    def receive_bytes(self, data: bytes) -> None:
        self.buffer += data

    def frames(self) -> Iterator[Frame]:
        """What can be read from the bytes so far. Raises ParseFailed at the first byte that is wrong."""
        return iter(partial(next, self._running, None), None)

    def _parse(self) -> Generator[Frame | None, None, None]:
        while True:
            first, second = yield from self._read(2, 2)
            opcode = self._check(first, second)
            length = yield from self._read_length(second & LENGTH)
            mask = (yield from self._read(4, 4)) if second & MASK else None
            header = Frame(opcode, b"", bool(first & FIN), bool(first & RSV1))
            # A control frame is waited for. A data frame is handed on as it arrives, first of all its header, with
            # whatever is there: who has a limit need not wait for more.
            part = yield from self._read(length if opcode.iscontrol() else 0, length)
            yield header._replace(payload=apply_mask(part, mask), missing=length - len(part))
            done = len(part)
            while done < length:
                part = yield from self._read(1, length - done)
                payload, done = apply_mask(part, mask, done), done + len(part)
                yield header._replace(opcode=Opcode.CONTINUATION, payload=payload, missing=length - done)

    def _read(self, least: int, most: int) -> Generator[None, None, bytes]:
        """Wait for `least` bytes; then take up to `most` of those that are there."""
        while len(self.buffer) < least:
            yield None
        taken = bytes(self.buffer[:most])
        del self.buffer[:most]
        return taken

    def _read_length(self, length: int) -> Generator[None, None, int]:
        if length in EXTENDED_LENGTHS:
            size, smallest = EXTENDED_LENGTHS[length]
            length = int.from_bytes((yield from self._read(size, size)), "big")
            # 5.2: "the most significant bit MUST be 0"
            if length < smallest or length >> 63:
                raise ParseFailed(f"5.2: length {length} must be written in its shortest form, and below 2**63")
        return length

    def _check(self, first: int, second: int) -> Opcode:
        """Everything that the first two bytes can have wrong."""
        opcode = OPCODES.get(first & OPCODE)
        if opcode is None:
            raise ParseFailed(f"5.2: opcode {first & OPCODE:#x} is reserved")
        may_compress = self.compression and opcode in (Opcode.TEXT, Opcode.BINARY)
        for wrong, sentence in (
            (first & RSV2_RSV3, "5.2: RSV2 and RSV3 must be 0, no extension gives them a meaning"),
            (first & RSV1 and not may_compress, "5.2: RSV1 must be 0 here, no extension gives it a meaning"),
            (opcode.iscontrol() and not first & FIN, "5.5: control frames must not be fragmented"),
            (opcode.iscontrol() and second & LENGTH > MAX_CONTROL_PAYLOAD, "5.5: a control frame holds 125 bytes"),
            (self.from_client != bool(second & MASK), "5.1: frames from a client must be masked, from a server not"),
        ):
            if wrong:
                raise ParseFailed(sentence)
        return opcode
