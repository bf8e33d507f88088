"""Many numbers, or many texts, as one blob each.

A buffer that grows or shrinks is told whole at each change, and what is cut from it or made of it often says the same.
What says the same as another of the same blob is not written again, but told by where it lies there; so is a long text
that begins or ends another.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from itertools import accumulate
from struct import error, pack

#: Bytes; shorter texts are written as they are.
SHARED = 1 << 10
#: So many bytes at an end of a text have to agree before two are compared; and with so many others one is compared.
_END, _MOST = 64, 8


#: What stands behind integers of 64 bits.
WIDE = b"\0"


def packed(numbers: Sequence[int]) -> bytes:
    """Little-endian integers: of 32 bits each, or, where one does not fit, of 64 bits each, and a byte behind them."""
    try:
        return pack(f"<{len(numbers)}i", *numbers)
    except error:
        return pack(f"<{len(numbers)}q", *numbers) + WIDE


def unpacked(data: bytes) -> array[int]:
    """What `packed` has made of them. Raises ValueError where it has not."""
    wide = len(data) > 1 and len(data) % 4 == 1 and data.endswith(WIDE)
    numbers = array("q" if wide else "i")
    numbers.frombytes(data[:-1] if wide else data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def shared(texts: list[bytes]) -> tuple[list[bytes], list[int]]:
    """What has to be written, one after the other, so that each text lies somewhere in it; and where each begins: not
    said (`[]`) where each follows the one before."""
    if not texts:
        return texts, []
    if max(map(len, texts)) < SHARED:
        different = [*dict.fromkeys(texts)]
        if len(different) == len(texts):
            return texts, []
        lies = dict(zip(different, accumulate(map(len, different), initial=0), strict=False))
        return different, [*map(lies.__getitem__, texts)]
    found = _within(texts)
    if not found:
        return texts, []
    written = [b"" if index in found else text for index, text in enumerate(texts)]
    starts = [0, *accumulate(map(len, written))]
    for index in sorted(found, key=lambda one: len(texts[one]), reverse=True):  # the longer ones lie somewhere by then
        other, offset = found[index]
        starts[index] = starts[other] + offset
    return written, starts[: len(texts)]


def places(size: int, lengths: Sequence[int], starts: Sequence[int]) -> list[tuple[int, int]]:
    """From where to where each of the texts lies that `shared` has put into `size` bytes. Raises ValueError where they
    cannot lie there."""
    if not starts:
        if min(lengths, default=0) < 0 or sum(lengths) != size:
            raise ValueError("they do not fill it")
        starts = [*accumulate(lengths, initial=0)][:-1]
    found = [(start, start + length) for start, length in zip(starts, lengths, strict=True)]
    if any(not 0 <= start <= stop <= size for start, stop in found):
        raise ValueError("one lies outside")
    return found


def _within(texts: list[bytes]) -> dict[int, tuple[int, int]]:
    """Of the texts that lie in a longer one, or are equal to another: in which, and from which of its bytes on. Looked
    for at its two ends, and where a text that begins it ends: what is put to a buffer that grows is found there."""
    found: dict[int, tuple[int, int]] = {}
    begins: dict[bytes, list[tuple[int, int]]] = {}
    ends: dict[bytes, list[int]] = {}
    long = [index for index, text in enumerate(texts) if len(text) >= SHARED]
    for index in sorted(long, key=lambda one: len(texts[one]), reverse=True):
        text = texts[index]
        alike = begins.setdefault(text[:_END], [])
        place = next((one for one in alike[-_MOST:] if texts[one[0]].startswith(text, one[1])), None)
        if place is None:
            behind = ends.setdefault(text[-_END:], [])
            whole = next((one for one in behind[-_MOST:] if texts[one].endswith(text)), None)
            if whole is None:
                alike.append((index, 0))
                behind.append(index)
                continue
            place = whole, len(texts[whole]) - len(text)
        found[index] = place
        if place[1]:
            alike.append(place)
        other, seam = place[0], place[1] + len(text)
        begins.setdefault(texts[other][seam : seam + _END], []).append((other, seam))
    return found
