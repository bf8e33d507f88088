"""Compressed content: messages, which may lean on those before them (RFC 7692, section 7.2: context takeover), and what
has a head of its own, as bodies of HTTP have (RFC 9110, section 8.4.1: gzip, and deflate, which is zlib's).

An object that inflates, or deflates, goes on where it stopped. So the stream of each is followed as far as its content
has shown: what it gave before is what the next bytes may refer to.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable
from typing import Any

#: What ends a message and is not sent (RFC 7692, section 7.2.1).
TAIL = b"\x00\x00\xff\xff"
#: Fewer bytes are no compressed message.
LEAST = 2
#: How gzip begins (RFC 1952, section 2.3.1: ID1, ID2, and deflate as the method).
GZIP = b"\x1f\x8b\x08"
#: Of zlib's first byte, the lower half: deflate; what divides the first two as one number (RFC 1950, section 2.2).
ZLIB, CHECK = 8, 31


class Streams:
    """The streams of one trace, by direction and by the object that kept them."""

    def __init__(self) -> None:
        self._after: dict[tuple[str, int], Any] = {}

    def compressed(
        self, source: bytes, made: bytes, holders: Collection[int], earlier: Iterable[bytes] = ()
    ) -> str | None:
        """inflated or deflated where one is the other's, for a stream that begins or one that an object kept; or began
        with what the object was given `earlier`, the latest first: a head alone is nothing inflated."""
        for how, packed, plain in (("inflated", source, made), ("deflated", made, source)):
            if len(packed) >= LEAST and (after := self._goes_on(how, packed, plain, holders)) is not None:
                self._after.update({(how, holder): after for holder in holders})
                return how
        begun = source
        for piece in earlier:
            begun = piece + begun
            if len(piece) >= LEAST and _window(piece) > 0 and (after := _inflates(None, b"", begun, made)) is not None:
                self._after.update({("inflated", holder): after for holder in holders})
                return "inflated"
        return None

    def _goes_on(self, how: str, packed: bytes, plain: bytes, holders: Collection[int]) -> Any:
        kept = [self._after[how, holder] for holder in holders if (how, holder) in self._after]
        for before in [*kept, None]:  # what says nothing of those before it goes on all the same: the next may
            for first, data in ((b"", packed), (b"", packed + TAIL), (TAIL, packed), (TAIL, packed + TAIL)):
                if before is None and first:
                    continue
                after = _inflates(before, first, data, plain)
                if after is not None:
                    return after
        return None


def _inflates(before: Any, first: bytes, data: bytes, plain: bytes) -> Any:
    """The stream after `data`, where that gives exactly `plain`."""
    decoder = before.copy() if before is not None else zlib.decompressobj(wbits=_window(data))
    try:
        if first and decoder.decompress(first, 1):
            return None
        given = decoder.decompress(data, len(plain) + 1)
    except zlib.error:
        return None
    return decoder if given == plain and not decoder.unconsumed_tail.strip(TAIL) else None


def _window(packed: bytes) -> int:
    """What zlib is to expect, by the head; without one, deflate alone (RFC 1951), which begins with none of these: as
    bits of its own the one would be a reserved type of block, the other padding that is not zero."""
    if packed.startswith(GZIP):
        return zlib.MAX_WBITS + 16
    headed = packed[0] & 15 == ZLIB and int.from_bytes(packed[:2], "big") % CHECK == 0
    return zlib.MAX_WBITS if headed else -zlib.MAX_WBITS
