"""Fields: every byte of a connection under its RFC's name, each byte exactly once.

In: the bytes that one connection received and sent. Out: two tuples of `Field`, one per direction, that
cover every byte of theirs, in order, without overlap. One file a protocol (`http1`, `websocket`), and
`connection` which knows when one ends and the next begins. Offsets count from the connection's first byte in
that direction, whatever the reads were; read boundaries belong to the wire events, not to the fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

WIRE = "wire"


@dataclass(frozen=True)
class Field:
    """A named run of bytes: `buffer[start:stop]` (offsets in bytes, stop exclusive).

    `buffer` is ``"wire"`` or the name of a derived buffer ("unmasked", "inflated", "dechunked"): derived bytes
    never replace the wire's; their offsets count in a buffer of their own, held in `derived`. `bits` is the
    range of bits within the one byte, most significant first (FIN is (0, 1)). `section` names the source
    ("RFC 6455, 5.2"). `value` is the meaning as short text ("1", "text", "GET"), never more than 80 characters.
    Children lie inside their parent, in order; where they are whole bytes they cover it.
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
