"""permessage-deflate (RFC 7692): what a handshake agreed on, and a message's bytes inflated as they come.

Output is bounded, so that a small stream cannot fill the memory: see `MESSAGE_LIMIT` and `TOTAL_LIMIT`.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

MESSAGE_LIMIT = 16 * 1024 * 1024  # bytes inflated from one message
TOTAL_LIMIT = 4 * MESSAGE_LIMIT  # and from one direction of a connection

# RFC 7692, 7.2.2: "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload of the message."
TAIL = b"\x00\x00\xff\xff"

_PIECE = 4096  # fed at a time: zlib copies what it leaves, so large pieces full of ends would take quadratic time


@dataclass(frozen=True)
class Extensions:
    """What `Sec-WebSocket-Extensions` of a 101 response agreed on. Window sizes do not matter to who only reads."""

    deflate: bool = False
    client_takeover: bool = True  # a message of the client may refer to those before it (7.1.1)
    server_takeover: bool = True
    foreign: bool = False  # an extension that we do not know


def negotiated(values: tuple[str, ...]) -> Extensions:
    """The agreed extensions, from the header's list: ("permessage-deflate; server_no_context_takeover",)."""
    offers = [[part.strip().lower() for part in value.split(";")] for value in values if value]
    deflate = next((offer for offer in offers if offer[0] == "permessage-deflate"), None)
    return Extensions(
        deflate is not None,
        "client_no_context_takeover" not in (deflate or ()),
        "server_no_context_takeover" not in (deflate or ()),
        any(offer[0] != "permessage-deflate" for offer in offers),
    )


@dataclass
class Inflater:
    """One direction's decompressor. It never raises: a fault is said once and the message's rest is not inflated."""

    takeover: bool
    message: int = 0  # bytes inflated from the open message
    total: int = 0
    fault: str = ""
    zlib: zlib._Decompress = field(default_factory=lambda: zlib.decompressobj(-zlib.MAX_WBITS))

    def feed(self, payload: bytes, *, final: bool) -> tuple[bytes, str]:
        """The bytes that the next piece of a message inflates to, and what is wrong with it or was before it."""
        output: list[bytes] = []
        pieces = [payload[at : at + _PIECE] for at in range(0, len(payload), _PIECE)]
        for piece in pieces + [TAIL] * final:
            while piece and not self.fault:
                piece = self._feed(piece, output)
        fault = self.fault
        if final:
            self.message = 0
            if not self.takeover:
                self.zlib, self.fault = zlib.decompressobj(-zlib.MAX_WBITS), ""
        return b"".join(output), fault

    def _feed(self, piece: bytes, output: list[bytes]) -> bytes:
        """Inflate `piece` and return what is left of it behind the end of a DEFLATE stream."""
        allowance = min(MESSAGE_LIMIT - self.message, TOTAL_LIMIT - self.total)
        if allowance <= 0:
            self.fault = f"not inflated beyond {MESSAGE_LIMIT} bytes a message or {TOTAL_LIMIT} in all"
            return b""
        try:
            content = self.zlib.decompress(piece, allowance)
        except zlib.error:
            self.fault = "not DEFLATE data (RFC 7692, 7.2.2)"
            return b""
        output.append(content)
        self.message += len(content)
        self.total += len(content)
        if self.zlib.unconsumed_tail:
            return self.zlib.unconsumed_tail  # only where the allowance ran out: the next turn says so
        if not self.zlib.eof:
            return b""
        # RFC 7692, 7.2.3.4: a block may have BFINAL set to 1; what follows it is DEFLATE again.
        left = self.zlib.unused_data
        self.zlib = zlib.decompressobj(-zlib.MAX_WBITS)
        return left
