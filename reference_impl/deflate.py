"""permessage-deflate, the one extension that browsers really negotiate (RFC 7692).

In: what the client offers, `permessage-deflate; client_max_window_bits`; then payloads as they arrive.
Out: what the server agrees to, or None; then payloads inflated, never beyond a limit. The way back: `deflate`.

    >>> deflate = PerMessageDeflate()
    >>> deflate.inflate(bytes.fromhex("f248cdc9c90700"), last=True)       # RFC 7692, section 7.2.3.1
    b'Hello'

Follows https://github.com/python-hyper/wsproto/blob/820701baf101b8c364a879440e1215da2fb0973f/src/wsproto/extensions.py#L62-L320
Leaves out: the general `Extension` interface (there is one extension), and the client's side.
"""

from __future__ import annotations

import re
import zlib

from .closing import CloseReason, ParseFailed

TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # RFC 9110, section 5.6.2
# RFC 6455, section 9.1: extension-param = token [ "=" (token | quoted-string) ]
PARAMETER = re.compile(rf'[ \t]*;[ \t]*({TOKEN})(?:[ \t]*=[ \t]*(?:({TOKEN})|"({TOKEN})"))?')
NAME = re.compile(rf"[ \t]*({TOKEN})")

#: RFC 7692, section 7.1: the parameters of an offer, and which values each may have ("" stands for no value).
#: zlib cannot compress with a window of 2**8 bytes, so `server_max_window_bits=8` is declined.
OFFERED_VALUES = {
    "server_no_context_takeover": re.compile(""),
    "client_no_context_takeover": re.compile(""),
    "server_max_window_bits": re.compile("9|1[0-5]"),
    "client_max_window_bits": re.compile("|[89]|1[0-5]"),
}
#: 7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end"; 7.2.2: append them again.
TAIL = b"\x00\x00\xff\xff"
LAST_BLOCK = b"\x01\x00\x00\xff\xff"  # an empty one: it ends a stream, if it is understood as a block


def parse_extension(offer: str) -> tuple[str, list[tuple[str, str]]] | None:
    """One offer as (name, [(parameter, value)]); None if it breaks the grammar.

    >>> parse_extension('permessage-deflate; server_max_window_bits="10"')
    ('permessage-deflate', [('server_max_window_bits', '10')])
    """
    name = NAME.match(offer)
    if not name:
        return None
    position, parameters = name.end(), []
    while parameter := PARAMETER.match(offer, position):
        position = parameter.end()
        parameters.append((parameter[1], parameter[2] or parameter[3] or ""))
    return None if offer[position:].strip(" \t") else (name[1], parameters)


class PerMessageDeflate:
    """The server's end of one agreement, with two zlib streams: one for each direction."""

    name = "permessage-deflate"

    def __init__(
        self,
        client_no_context_takeover: bool = False,
        server_no_context_takeover: bool = False,
        server_max_window_bits: int = zlib.MAX_WBITS,
    ) -> None:
        self.client_no_context_takeover = client_no_context_takeover
        self.server_no_context_takeover = server_no_context_takeover
        self.server_max_window_bits = server_max_window_bits
        self._compressor: zlib._Compress | None = None
        self._decompressor: zlib._Decompress | None = None

    def accept(self, offer: str) -> str | None:
        """What to answer to the client's `offer`; None declines it, and changes nothing."""
        parsed = parse_extension(offer)
        if parsed is None or parsed[0] != self.name:
            return None
        asked = dict(parsed[1])
        # 7.1: decline an offer with "an extension parameter not defined for use in an offer", "an extension parameter
        # with an invalid value", or "multiple extension parameters with the same name".
        valid = all(name in OFFERED_VALUES and OFFERED_VALUES[name].fullmatch(asked[name]) for name in asked)
        if not valid or len(asked) != len(parsed[1]):
            return None
        self.client_no_context_takeover |= "client_no_context_takeover" in asked
        self.server_no_context_takeover |= "server_no_context_takeover" in asked
        self.server_max_window_bits = int(asked.get("server_max_window_bits", self.server_max_window_bits))
        answer = [self.name]
        answer += ["client_no_context_takeover"] if self.client_no_context_takeover else []
        answer += ["server_no_context_takeover"] if self.server_no_context_takeover else []
        for side in ("client", "server"):  # the client's window may be any: the largest reads what a smaller one wrote
            if (bits := asked.get(f"{side}_max_window_bits")) is not None:
                answer.append(f"{side}_max_window_bits={bits or zlib.MAX_WBITS}")
        return "; ".join(answer)

    def deflate(self, data: bytes, last: bool) -> bytes:
        """Compress a part of a message; `last` ends the message."""
        if self._compressor is None:
            self._compressor = zlib.compressobj(wbits=-self.server_max_window_bits)
        compressed = self._compressor.compress(data)
        if last:
            compressed = (compressed + self._compressor.flush(zlib.Z_SYNC_FLUSH))[: -len(TAIL)]
            if self.server_no_context_takeover:  # 7.1.1.1: each message is compressed on its own
                self._compressor = None
        return compressed

    def inflate(self, data: bytes, last: bool, limit: int | None = None) -> bytes:
        """Inflate a part of a message; raises ParseFailed if it is broken, or gives more than `limit` bytes."""
        try:
            inflated = self._inflate(data + TAIL if last else data, limit)
            if limit is not None and len(inflated) > limit:
                raise ParseFailed("the message is too big once inflated", CloseReason.MESSAGE_TOO_BIG)
            if last:
                self._end_message()
        except zlib.error as error:
            raise ParseFailed(f"RFC 7692: {error}", CloseReason.INVALID_FRAME_PAYLOAD_DATA) from None
        return inflated

    def _end_message(self) -> None:
        if self._decompressor is not None:
            # A message that was cut off has left the stream within a block. A copy is asked, for the stream goes on.
            copy = self._decompressor.copy()
            copy.decompress(LAST_BLOCK)
            if not copy.eof:
                raise zlib.error("the message is cut off")
            if self.client_no_context_takeover:
                self._decompressor = None

    def _inflate(self, data: bytes, limit: int | None) -> bytes:
        inflated = b""
        while data and (limit is None or len(inflated) <= limit):
            stream = self._decompressor = self._decompressor or zlib.decompressobj(-zlib.MAX_WBITS)
            # One byte more than allowed proves that it is too much; zlib stops there, so a bomb never goes off.
            inflated += stream.decompress(data, 0 if limit is None else limit + 1 - len(inflated))
            data = stream.unused_data
            if stream.eof:  # 7.2.3.4: a block with BFINAL set ends the stream, and the next block begins another
                self._decompressor = None
        return inflated
