"""What a value was joined of: pieces that lie in it, one after the other.

Pieces are found by their last bytes, so that many of them cost no more than few. From the end backwards, because of
equal pieces the latest are the likeliest, and a piece before another came before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

#: Longer pieces are found by as many of their last bytes.
KEY = 8
#: In something longer, pieces shorter than a key are looked for only where they touch another piece.
SHORT_IN = 1024
#: Of pieces that end in the same bytes, as many are remembered.
ALIKE = 256
#: Pieces of fewer bytes count only where pieces make up the whole.
LEAST = 2


@dataclass(frozen=True)
class Placed:
    """A piece, and where it lies in what was joined. `others`: pieces as good as it were left over."""

    piece: int
    start: int
    stop: int
    others: bool = False


class Pieces:
    """Pieces in the order in which they came, by their last bytes."""

    def __init__(self) -> None:
        self._ends: dict[bytes, list[tuple[int, int, bytes]]] = {}
        self.count = 0
        self._lengths: set[int] = set()

    def add(self, piece: int, data: bytes) -> None:
        """Remember one more."""
        self.count += 1
        key = data[-KEY:]
        self._lengths.add(len(key))
        alike = self._ends.setdefault(key, [])
        alike.append((self.count, piece, data))
        del alike[:-ALIKE]

    def at(self, made: bytes, stop: int, short: bool) -> Iterable[tuple[int, int, bytes]]:
        """(when, piece, its bytes) of those that end at `stop` of `made`, the latest first."""
        lengths = sorted(self._lengths, reverse=True) if short else [KEY] if KEY in self._lengths else []
        for length in lengths:
            if length > stop:
                continue
            for came, piece, data in reversed(self._ends.get(made[stop - length : stop], ())):
                if len(data) <= stop and made.startswith(data, stop - len(data)):
                    yield came, piece, data


def tile(made: bytes, pieces: Pieces, usable: Callable[[int], bool]) -> list[Placed]:
    """The pieces that `made` was joined of, in their places; empty where they make up less than half of it."""
    found = [_place(made, pieces, usable, longest) for longest in (False, True)]
    best = max(found, key=lambda placed: (_size(placed), -len(placed)))
    if _size(best) < len(made):
        best = [placed for placed in best if placed.stop - placed.start >= LEAST]
    if 2 * _size(best) < len(made):
        return []
    return sorted(best, key=lambda placed: placed.start)


def _size(placed: list[Placed]) -> int:
    return sum(one.stop - one.start for one in placed)


def _place(made: bytes, pieces: Pieces, usable: Callable[[int], bool], longest: bool) -> list[Placed]:
    placed: list[tuple[int, int, int, set[int]]] = []
    used: set[int] = set()
    stop, came, touching = len(made), 1 << 62, True
    while stop > 0:
        found = [one for one in pieces.at(made, stop, touching or len(made) <= SHORT_IN) if usable(one[1])]
        if not found:
            stop, touching = stop - 1, False
            continue
        came, piece, data = _choose(found, used, came, longest)
        placed.append((piece, stop - len(data), stop, {one[1] for one in found if one[2] == data}))
        used.add(piece)
        stop, touching = stop - len(data), True
    return [Placed(piece, start, stop, bool(alike - used)) for piece, start, stop, alike in placed]


def _choose(found: list[tuple[int, int, bytes]], used: set[int], before: int, longest: bool) -> tuple[int, int, bytes]:
    """The latest that came before the piece that follows it; none twice if there is another."""
    fresh = [one for one in found if one[1] not in used] or found
    earlier = [one for one in fresh if one[0] < before] or fresh
    return max(earlier, key=lambda one: (len(one[2]) if longest else 0, one[0]))
