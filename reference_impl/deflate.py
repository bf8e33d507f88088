"""permessage-deflate, the one extension that browsers really negotiate (RFC 7692).

In: what the client offers, `permessage-deflate; client_max_window_bits`; then payloads as they arrive.
Out: what the server agrees to, or None; then payloads inflated, never beyond a limit. The way back: `deflate`.

    >>> deflate = PerMessageDeflate()
    >>> deflate.inflate(bytes.fromhex("f248cdc9c90700"), last=True)       # RFC 7692, section 7.2.3.1
    b'Hello'

Follows https://github.com/python-hyper/wsproto/blob/820701baf101b8c364a879440e1215da2fb0973f/src/wsproto/extensions.py#L62-L320
Leaves out: the general `Extension` interface (there is one extension), and the client's side.
"""

import re
import zlib

from .closing import CloseReason, ParseFailed

NAME = "permessage-deflate"
# RFC 6455, section 9.1: extension-param = token [ "=" (token | quoted-string) ]
PARAMETER = re.compile(r'([a-z_]+)(?:[ \t]*=[ \t]*("?)(\w+)\2)?')
#: RFC 7692, section 7.1: the parameters of an offer, and which values each may have ("" stands for no value).
#: zlib cannot compress with a window of 2**8 bytes, so `server_max_window_bits=8` is declined.
OFFERED_VALUES = {
    "client_no_context_takeover": "",
    "server_no_context_takeover": "",
    "client_max_window_bits": "|[89]|1[0-5]",
    "server_max_window_bits": "9|1[0-5]",
}
#: 7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end"; 7.2.2: append them again.
TAIL = b"\x00\x00\xff\xff"
LAST_BLOCK = b"\x01\x00\x00\xff\xff"  # an empty one: it ends a stream, if it is understood as a block
NO_LIMIT = 1 << 62  # more bytes than there are


class PerMessageDeflate:
    """The server's end of one agreement, with two zlib streams: one for each direction."""

    client_no_context_takeover = server_no_context_takeover = False
    server_max_window_bits = zlib.MAX_WBITS
    _compressor: "zlib._Compress | None" = None
    _decompressor: "zlib._Decompress | None" = None

    def accept(self, offer: str) -> str | None:
        """What to answer to the client's `offer`; None declines it, and changes nothing."""
        name, *parameters = (part.strip(" \t") for part in offer.split(";"))
        found = [PARAMETER.fullmatch(parameter) for parameter in parameters]
        asked = {parameter[1]: parameter[3] or "" for parameter in found if parameter}
        # 7.1: decline an offer with "an extension parameter not defined for use in an offer", "an extension parameter
        # with an invalid value", or "multiple extension parameters with the same name".
        valid = all(key in OFFERED_VALUES and re.fullmatch(OFFERED_VALUES[key], asked[key]) for key in asked)
        if name != NAME or len(asked) != len(parameters) or not valid:
            return None
        if asked.get("client_max_window_bits") == "":
            # The client can do with any window, and so can we: the largest reads what a smaller one wrote.
            asked["client_max_window_bits"] = str(zlib.MAX_WBITS)
        self.client_no_context_takeover = "client_no_context_takeover" in asked
        self.server_no_context_takeover = "server_no_context_takeover" in asked
        self.server_max_window_bits = int(asked.get("server_max_window_bits", zlib.MAX_WBITS))
        agreed = [key + (asked[key] and f"={asked[key]}") for key in OFFERED_VALUES if key in asked]
        return "; ".join([NAME, *agreed])

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

    def inflate(self, data: bytes, last: bool, limit: int = NO_LIMIT) -> bytes:
        """Inflate a part of a message; raises ParseFailed if it is broken, or gives more than `limit` bytes."""
        data += TAIL if last else b""
        inflated = b""
        try:
            while data and len(inflated) <= limit:
                stream = self._decompressor = self._decompressor or zlib.decompressobj(-zlib.MAX_WBITS)
                # One byte more than allowed proves that it is too much; zlib stops there, so a bomb never goes off.
                inflated += stream.decompress(data, limit + 1 - len(inflated))
                data = stream.unused_data
                if stream.eof:  # 7.2.3.4: a block with BFINAL set ends the stream, and the next block begins another
                    self._decompressor = None
            if len(inflated) > limit:
                raise ParseFailed("the message is too big once inflated", CloseReason.MESSAGE_TOO_BIG)
            if last and self._decompressor:
                # A message that was cut off has left the stream within a block. Ask a copy, for the stream goes on.
                copy = self._decompressor.copy()
                copy.decompress(LAST_BLOCK)
                if not copy.eof:
                    raise zlib.error("the message is cut off")
        except zlib.error as error:
            raise ParseFailed(f"RFC 7692: {error}", CloseReason.INVALID_FRAME_PAYLOAD_DATA) from None
        if last and self.client_no_context_takeover:
            self._decompressor = None
        return inflated
