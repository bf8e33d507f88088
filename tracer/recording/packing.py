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


def shared(texts: list[bytes], behind: Sequence[bytes] = ()) -> tuple[list[bytes], list[int]]:
    """What has to be written, one after the other, so that each text lies somewhere in it, or in what lies `behind` it
    anyhow; and where each begins: not said (`[]`) where each follows the one before."""
    if not texts:
        return texts, []
    if max(map(len, texts)) < SHARED:
        different = [*dict.fromkeys(texts)]
        if len(different) == len(texts):
            return texts, []
        lies = dict(zip(different, accumulate(map(len, different), initial=0), strict=False))
        return different, [*map(lies.__getitem__, texts)]
    found = _within(texts, behind)
    if not found:
        return texts, []
    written = [b"" if index in found else text for index, text in enumerate(texts)]
    begins = [*accumulate(map(len, (*written, *behind)), initial=0)]
    starts = begins[: len(texts)]
    for index in found:
        holder, offset = index, 0
        while holder in found:
            holder, further = found[holder]
            offset += further
        starts[index] = begins[holder] + offset
    return written, starts


def beginnings(lengths: Sequence[int], starts: Sequence[int]) -> Sequence[int]:
    """Where each of the texts begins that `shared` has put together."""
    return starts or [*accumulate(lengths, initial=0)][:-1]


def places(size: int, lengths: Sequence[int], starts: Sequence[int]) -> list[tuple[int, int]]:
    """From where to where each of the texts lies that `shared` has put into `size` bytes, those behind them included.
    Raises ValueError where they cannot lie there."""
    if not starts and (min(lengths, default=0) < 0 or sum(lengths) != size):
        raise ValueError("they do not fill it")
    found = [(start, start + length) for start, length in zip(beginnings(lengths, starts), lengths, strict=True)]
    if any(not 0 <= start <= stop <= size for start, stop in found):
        raise ValueError("one lies outside")
    return found


def _within(texts: list[bytes], behind: Sequence[bytes]) -> dict[int, tuple[int, int]]:
    """Of the texts that lie in a longer one, or are equal to another: in which, and from which of its bytes on. What is
    behind the texts is counted on after them. Looked for at its two ends, and where a text that begins it ends: what is
    put to a buffer that grows is found there, and so are equally long pieces of what was joined, once the first is."""
    found: dict[int, tuple[int, int]] = {}
    begins: dict[bytes, list[tuple[int, int]]] = {}
    ends: dict[bytes, list[int]] = {}
    every = [*texts, *behind]

    def holds(index: int) -> None:
        begins.setdefault(every[index][:_END], []).append((index, 0))
        ends.setdefault(every[index][-_END:], []).append(index)

    def place(index: int, least: int) -> bool:
        """Find one in another of at least so many bytes."""
        text = every[index]
        alike = begins.setdefault(text[:_END], [])
        for other, at in alike[-_MOST:]:
            if len(every[other]) >= least and every[other].startswith(text, at):
                break
        else:
            for other in ends.get(text[-_END:], [])[-_MOST:]:
                if len(every[other]) >= least and every[other].endswith(text):
                    at = len(every[other]) - len(text)
                    break
            else:
                return False
        found[index] = other, at
        if at:
            alike.append((other, at))
        seam = at + len(text)
        begins.setdefault(every[other][seam : seam + _END], []).append((other, seam))
        return True

    for index in range(len(texts), len(every)):
        if len(every[index]) >= SHARED:
            holds(index)
    long = [index for index, text in enumerate(texts) if len(text) >= SHARED]
    for index in sorted(long, key=lambda one: len(texts[one]), reverse=True):
        if not place(index, len(texts[index])):
            holds(index)
    for index in long:  # in a longer one now: no two lie in one another
        if index not in found:
            place(index, len(texts[index]) + 1)
    return found
