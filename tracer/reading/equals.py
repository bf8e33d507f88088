"""What was read and is the same somewhere else: the last resort for what the program got by a way that nobody saw.

A header lies in a list of pairs inside a dictionary, deeper than values are described; a task finds what a callback put
into an attribute meanwhile. Then nothing at hand shows where a value is from. If it is no ordinary content, and the
whole of something that came from a socket before, or a part of one of the latest reads that chance would hardly put
there, that is most likely it. The edge is always marked as ambiguous.
Asked only for what the program got from a library: of what a library makes for an answer, an equal one says nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

from .nodes import Node, Origin
from .ordinary import Ordinary
from .origins import EQUAL, UNLIKELY
from .relations import OF_SOURCE, relation

#: What stands for a masked secret; of as many bytes as this it says nothing.
MASK = b"***"
#: Of the reads before a value, as many of the latest are looked into.
READS = 32


class Equals:
    """Whole values that lead back to a socket, by their content; `nodes` are a finished flow's own."""

    def __init__(self, nodes: dict[int, Node], ordinary: Ordinary, was_read: Callable[[int], bool]) -> None:
        self._nodes, self._ordinary = nodes, ordinary
        self._found: dict[bytes, list[tuple[int, int]]] = {}
        for node in nodes.values():
            if node.sightings and not ordinary(node.octets) and was_read(node.id):
                self._found.setdefault(node.octets, []).append((node.sightings[0].order, node.id))
        for mine in self._found.values():
            mine.sort()
        self._reads = sorted((node.wire.ended, node.id) for node in nodes.values() if node.wire is not None)

    def of(self, node: Node) -> Origin | None:
        """The latest that was read before it and says the same; bytes in Latin-1 too, as HTTP's headers are."""
        if self._ordinary(node.octets) or MASK in node.octets or node.value.cut or node.value.data is None:
            return None
        for octets in (node.octets, _one_byte_each(node.value.data)):
            mine = self._found.get(octets, [])
            place = bisect_left(mine, (node.sightings[0].order, 0)) - 1
            source = self._nodes[mine[place][1]] if place >= 0 else node
            if source is not node and source.value.data is not None:
                found = relation(source.value.data, node.value.data)
                if found is not None and found.how in EQUAL:
                    return Origin(source.id, found, 0, True)
        return self._of_reads(node, node.value.data)

    def _of_reads(self, node: Node, data: str | bytes) -> Origin | None:
        place = bisect_left(self._reads, (node.sightings[0].order, 0))
        for _, number in reversed(self._reads[max(0, place - READS) : place]):
            source = self._nodes[number]
            chance = source.size * UNLIKELY >= 1 << 8 * min(node.size, 8)
            if chance or source.value.data is None or source.value.cut:
                continue
            found = relation(source.value.data, data)
            if found is not None and found.how in OF_SOURCE:
                return Origin(number, found, 0, True)
        return None


def _one_byte_each(data: str | bytes) -> bytes:
    try:
        return data.encode("latin-1") if isinstance(data, str) else b""
    except UnicodeEncodeError:
        return b""
