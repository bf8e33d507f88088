"""What was gathered of pieces that are left: the end of one, all of the next, the beginning of the last.

So a buffer gives what lies over two reads, and a decoder the character that a read's end had cut. Of what was read
into a buffer, pieces may be left out between runs, as a chunk's size is (RFC 9112, section 7.1).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

#: A run that something was left out before, or behind, has as many bytes at least.
RUN = 4
#: As many bytes may be left out between two runs.
GAP = 32
#: Of so many bytes what is left is looked through.
MOST = 1 << 20


@dataclass(frozen=True)
class Rest:
    """What is left of a piece: its bytes from `done` on."""

    piece: int
    data: bytes
    done: int = 0


@dataclass(frozen=True)
class Gathered:
    """Bytes `start` to `stop` of what was made are those of the piece from `at` on."""

    piece: int
    at: int
    start: int
    stop: int


def following(made: bytes, rests: Iterable[Rest]) -> list[Gathered]:
    """The parts of pieces, in their order, of which the very next bytes are `made`; empty where they are others."""
    found: list[Gathered] = []
    start = 0
    for rest in rests:
        size = min(len(rest.data) - rest.done, len(made) - start)
        if not rest.data.startswith(made[start : start + size], rest.done):
            return []
        found.append(Gathered(rest.piece, rest.done, start, start + size))
        start += size
        if start == len(made):
            return found
    return []


def gathered(made: bytes, rests: Iterable[Rest], gaps: bool) -> list[Gathered]:
    """The parts of pieces, in their order, that make up all of `made`; empty where they do not."""
    pieces = [rest for rest in rests if len(rest.data) > rest.done]
    whole = b"".join(rest.data[rest.done :] for rest in pieces)
    if not made or len(whole) > MOST:
        return []
    runs = _runs(made, whole) if gaps else _one_run(made, whole)
    return _by_piece(runs, pieces)


def _one_run(made: bytes, whole: bytes) -> list[tuple[int, int, int]]:
    at = whole.find(made)
    return [(at, 0, len(made))] if at >= 0 else []


def _runs(made: bytes, whole: bytes) -> list[tuple[int, int, int]]:
    """(where in the whole, start, stop): each as long as can be."""
    found: list[tuple[int, int, int]] = []
    start, after = 0, 0
    while start < len(made):
        reach = len(whole) if not found else after + GAP
        size, at = _longest(made, start, whole, after, reach)
        if size < min(RUN, len(made)):
            return []
        found.append((at, start, start + size))
        start, after = start + size, at + size
    return found


def _longest(made: bytes, start: int, whole: bytes, after: int, reach: int) -> tuple[int, int]:
    """The longest beginning of what is left of `made` that begins in `whole` between `after` and `reach`."""
    size, at = 0, -1
    low, high = 1, len(made) - start
    while low <= high:
        middle = (low + high) // 2
        found = whole.find(made[start : start + middle], after, reach + middle)
        if found >= 0:
            size, at, low = middle, found, middle + 1
        else:
            high = middle - 1
    return size, at


def _by_piece(runs: list[tuple[int, int, int]], pieces: list[Rest]) -> list[Gathered]:
    """Runs cut where one piece ends and the next begins."""
    begins = [0]
    for rest in pieces:
        begins.append(begins[-1] + len(rest.data) - rest.done)
    found: list[Gathered] = []
    for at, start, stop in runs:
        while start < stop:
            index = bisect_right(begins, at) - 1
            size = min(stop - start, begins[index + 1] - at)
            rest = pieces[index]
            found.append(Gathered(rest.piece, rest.done + at - begins[index], start, start + size))
            at, start = at + size, start + size
    return found
