"""What an object, a thread or a call was given, in the order in which it was given: where a new value is looked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from .joins import Pieces
from .nodes import Node

#: How many of the values at hand are compared with a new one, the latest first.
CANDIDATES = 48
#: How many pieces an object, or a thread, is remembered to have been given; of so many the latest are compared.
KEPT = 4096


@dataclass(slots=True)
class Kept:
    """What an object, a thread or a call was given, in order."""

    order: dict[int, None] = field(default_factory=dict)
    _pieces: Pieces | None = None

    def add(self, numbers: Iterable[int], nodes: dict[int, Node]) -> None:
        """Remember nodes; the oldest are forgotten."""
        for number in numbers:
            if number not in self.order:
                self.order[number] = None
                if self._pieces is not None:
                    self._pieces.add(number, nodes[number].octets)
        while len(self.order) > KEPT:
            del self.order[next(iter(self.order))]

    def latest(self, most: int = CANDIDATES) -> Iterator[int]:
        """The latest first."""
        return islice(reversed(self.order), most)

    def since(self, node: Node, nodes: dict[int, Node]) -> list[int]:
        """What was given since an equal text was, the latest first; nothing where none was. Who keeps a text gives back
        the same one: an equal one that is another was made anew, of what came since."""
        found: list[int] = []
        for one in self.latest() if node.value.object and node.value.type == "str" and not node.value.cut else ():
            equal = nodes[one].value
            if equal.object and one != node.id and equal.type == "str" and equal.data == node.value.data:
                return found
            found.append(one)
        return []

    def pieces(self, nodes: dict[int, Node], most: int) -> Pieces:
        """As pieces of something joined; kept up to date from the first time on."""
        if self._pieces is None or self._pieces.count > 2 * KEPT:
            self._pieces = Pieces()
            for number in reversed(list(islice(reversed(self.order), most))):
                if not nodes[number].value.cut:
                    self._pieces.add(number, nodes[number].octets)
        return self._pieces
