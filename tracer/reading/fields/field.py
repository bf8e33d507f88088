"""Field: one named run of bytes, and what it holds. The only shape that leaves this room."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

WIRE = "wire"
UNMASKED = "unmasked"
INFLATED = "inflated"
DECHUNKED = "dechunked"


@dataclass(frozen=True)
class Field:
    """A named run of bytes: `buffer[start:stop]` (offsets in bytes, stop exclusive).

    `buffer` is ``"wire"`` or the name of a derived buffer ("unmasked", "inflated", "dechunked"): derived bytes
    never replace the wire's; their offsets count in a buffer of their own. The field that opens such a buffer
    holds all of it in `derived`, starts at 0, and is a child of the bytes it was made from; the fields below it with
    the same `buffer` count in it. `bits` is the range of bits within the one byte, most significant first (FIN
    is (0, 1)). `section` names the source ("RFC 6455, 5.2"). `value` is the meaning as short text ("1", "text",
    "GET"), never more than 80 characters, all printable.
    Children lie inside their parent, in order; those of the parent's own buffer cover it.
    """

    name: str
    start: int
    stop: int
    section: str
    value: str = ""
    bits: tuple[int, int] | None = None
    buffer: str = WIRE
    derived: bytes | None = None
    children: tuple[Field, ...] = field(default=())

    def walk(self) -> Iterator[Field]:
        """This field and everything below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()
