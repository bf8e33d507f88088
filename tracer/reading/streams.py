"""Compressed messages, which may lean on those before them (RFC 7692, section 7.2: context takeover).

An object that inflates, or deflates, goes on where it stopped. So the stream of each is followed as far as its content
has shown: what it gave before is what the next bytes may refer to.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection
from typing import Any

#: What ends a message and is not sent (RFC 7692, section 7.2.1).
TAIL = b"\x00\x00\xff\xff"
#: Fewer bytes are no compressed message.
LEAST = 2


class Streams:
    """The streams of one trace, by direction and by the object that kept them."""

    def __init__(self) -> None:
        self._after: dict[tuple[str, int], Any] = {}

    def compressed(self, source: bytes, made: bytes, holders: Collection[int]) -> str | None:
        """inflated or deflated where one is the other's, for a stream that begins or one that an object kept."""
        for how, packed, plain in (("inflated", source, made), ("deflated", made, source)):
            if len(packed) >= LEAST and (after := self._goes_on(how, packed, plain, holders)) is not None:
                self._after.update({(how, holder): after for holder in holders})
                return how
        return None

    def _goes_on(self, how: str, packed: bytes, plain: bytes, holders: Collection[int]) -> Any:
        kept = [self._after[how, holder] for holder in holders if (how, holder) in self._after]
        for before in [None, *kept]:
            for first, data in ((b"", packed), (b"", packed + TAIL), (TAIL, packed), (TAIL, packed + TAIL)):
                if before is None and first:
                    continue
                after = _inflates(before, first, data, plain)
                if after is not None:
                    return after
        return None


def _inflates(before: Any, first: bytes, data: bytes, plain: bytes) -> Any:
    """The stream after `data`, where that gives exactly `plain`."""
    decoder = before.copy() if before is not None else zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    try:
        if first and decoder.decompress(first, 1):
            return None
        given = decoder.decompress(data, len(plain) + 1)
    except zlib.error:
        return None
    return decoder if given == plain and not decoder.unconsumed_tail.strip(TAIL) else None
