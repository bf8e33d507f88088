"""What a flow is made of: pieces of text and bytes, where each was seen, and the edges between them."""

from __future__ import annotations

from dataclasses import dataclass, field

from .relations import OF_MADE, OF_SOURCE, Relation
from .trace import Value, Wire

#: What is left of a character that was cut begins with one of these bytes (RFC 3629, section 3).
CONTINUES = range(0x80, 0xC0)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A node was in a call's hands: `role` is argument, result, read or written; `name` says which argument, or where
    inside it (``event.data``)."""

    order: int
    thread: int
    call: int
    role: str
    name: str


@dataclass(frozen=True, slots=True)
class Edge:
    """`target` was made of `source`. `kind` is slice or made; `via` is the object that held the source meanwhile (0:
    none); `call` and `order` say where the new value was first seen. `ambiguous`: something else was as close."""

    kind: str
    source: int
    target: int
    relation: Relation
    order: int
    thread: int
    call: int
    via: int = 0
    ambiguous: bool = False


@dataclass(frozen=True)
class Origin:
    """What a new value was made of: the source's number, how, the object that had kept it (0: none)."""

    source: int
    relation: Relation
    via: int = 0
    ambiguous: bool = False


@dataclass(slots=True)
class Node:
    """One object of text or bytes, or one state of a bytearray. `value` is the row that describes it, `wire` the read
    whose bytes it is; `begun` are the moments at which a program's literal was passed, which is made of nothing."""

    id: int
    value: Value
    wire: Wire | None = None
    sightings: list[Sighting] = field(default_factory=list)
    begun: list[int] = field(default_factory=list)
    #: What is kept of it, text as UTF-8.
    octets: bytes = field(init=False)
    #: How many bytes; of text, in UTF-8. Of what was cut: all of it, as far as that is known.
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.octets = octets(self.value)
        self.size = max(len(self.octets), self.value.size) if self.value.cut else len(self.octets)

    def rest(self, done: int) -> str | bytes:
        """What is kept of it behind its first bytes: text, unless they end inside a character."""
        data = self.value.data or b""
        if isinstance(data, bytes) or not done:
            return data[done:]
        left = self.octets[done:]
        return left if left[:1] and left[0] in CONTINUES else left.decode("utf-8", "surrogatepass")


def octets(value: Value) -> bytes:
    """What is kept of a value, text as UTF-8."""
    data = value.data or b""
    return data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data


def is_data(value: Value) -> bool:
    """Whether a value is text or bytes of which something is kept."""
    return value.type in ("str", "bytes", "bytearray", "memoryview") and value.data is not None and value.size > 0


def tells_more(node: Node, told: list[Origin], found: list[Origin]) -> bool:
    """Whether what an object was given tells the same as what was found at hand, and the rest of it."""
    return {o.source for o in found} <= {o.source for o in told} and not (found and makeshift(node, told))


def makeshift(node: Node, found: list[Origin]) -> bool:
    """Whether pieces leave something out, or one has to be there twice: what an object was given may tell more."""
    sizes = [origin.relation.stop - origin.relation.start for origin in found]
    pieces = {origin.source for origin in found}
    return found[0].relation.how == "joined" and (sum(sizes) < node.size or len(pieces) < len(found))


def is_form(found: Relation, source: Node, made: Node) -> bool:
    """Whether it is the whole in another form, for all that it has offsets."""
    whole = source.size if found.how in OF_SOURCE else made.size
    return found.how not in ("slice", "joined") and (found.how in OF_MADE or found.stop - found.start == whole)
