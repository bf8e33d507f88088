"""Fields: every byte of a connection under its RFC's name, each byte exactly once.

In: the bytes that one connection received and sent. Out: two tuples of `Field`, one per direction, that
cover every byte of theirs, in order, without overlap. A protocol is a few files under its name (`http1`, `websocket`),
and `connection` knows when one ends and the next begins. Offsets count from the connection's first byte in
that direction, whatever the reads were; read boundaries belong to the wire events, not to the fields.
"""

from __future__ import annotations

from .connection import Dissection, Protocol, dissect
from .cover import uncovered
from .field import DECHUNKED, INFLATED, UNMASKED, WIRE, Field
from .growing import Growing, Unit

__all__ = [
    "DECHUNKED",
    "INFLATED",
    "UNMASKED",
    "WIRE",
    "Dissection",
    "Field",
    "Growing",
    "Protocol",
    "Unit",
    "dissect",
    "uncovered",
]
