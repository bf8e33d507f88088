"""The bytes of a WebSocket message, field by field, with the call that took or made each."""

from __future__ import annotations

from ..anatomy import Sheet
from ..hands import Hands
from ..model import ByteRow, Hand
from ..view.messages import Part, bytes_of
from .model import Frame, Octets, Place
from .run import Run
from .safe import clean

#: Rows that a reader reads.
MOST = 24


def frame(run: Run, part: Part, title: str) -> Frame:
    """The first frame of a message, as it crossed the socket."""
    wire = part.pieces[0].wire
    mine = [w for w in run.trace.wires if w.connection == wire.connection and w.direction == wire.direction]
    stream = b"".join(bytes_of(run.trace, w) for w in mine)
    start = sum(w.size for w in mine if w.ended < wire.ended)
    shown = frozenset(run.trace.calls)
    sheet = Sheet(wire, stream, start, run.scrub, Hands(run.flow, run.linker), shown, {}, False)
    rows = sheet.rows([field for field in part.fields[:1] if field.start < start + wire.size])
    return Frame(title, tuple(_octets(row) for row in rows if row.level)[:MOST])


def _octets(row: ByteRow) -> Octets:
    hand = _places(row.hand) if row.hand is not None else ()
    by = row.by if row.hand is None else row.hand.verb
    data, name, value = clean(row.data), clean(row.name), clean(row.value)
    return Octets(clean(row.offset), data, name, value, row.level - 1, hand, clean(by))


def _places(hand: Hand) -> tuple[Place, ...]:
    """The call, and the line at which it took or passed the bytes."""
    found = [Place(clean(hand.name), hand.definition)] if hand.definition is not None else []
    if hand.site_link is not None:
        found.append(Place(clean(hand.site), hand.site_link))
    return tuple(found)
