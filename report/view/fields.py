"""The bytes of a message as buffers and fields, each field with the step that took or made it.

A field's consumer is asked of the trace by the bytes' place in a read; where the message's steps show that call, the
field points to it. Bytes that another run would not have (a date) are blank where two runs should give the same page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tracer.reading.consumers import Consumers, Taker
from tracer.reading.fields import WIRE, Field

from ..anatomy import UNORDERED
from ..text import Scrub
from .messages import Part
from .model import Buffer, ByteField

#: Bytes of one buffer that a page carries.
KEPT = 2048
AS_SENT = "as sent"


class Anatomy:
    """Makes the buffers and fields of one message. `steps` gives the place of a call's step by the call's number."""

    def __init__(self, part: Part, consumers: Consumers, scrub: Scrub, steps: Mapping[int, int]) -> None:
        self._part, self._consumers, self._scrub, self._steps = part, consumers, scrub, steps
        self.buffers: list[Buffer] = [self._buffer(AS_SENT, part.data)]
        self.fields: list[ByteField] = []
        base = 0
        for field, (start, stop) in zip(part.fields, part.spans, strict=True):
            self._moved = base - start
            self.fields += self._walk(field, 0, 0)
            base += stop - start

    def _buffer(self, name: str, data: bytes) -> Buffer:
        kept = bytearray(data[:KEPT])
        blank = [(a, min(b, len(kept))) for a, b in self._scrub.spans(kept.decode("latin-1")) if a < len(kept)]
        for start, stop in blank:
            kept[start:stop] = bytes(stop - start)
        return Buffer(name, bytes(kept), len(data), tuple(blank))

    def _walk(self, field: Field, buffer: int, level: int) -> Iterator[ByteField]:
        """A field and all below it. A derived buffer becomes a buffer of its own."""
        moved = self._moved if field.buffer == WIRE else 0
        if field.derived is not None:
            self.buffers.append(self._buffer(field.buffer, field.derived))
            buffer = len(self.buffers) - 1
        start, stop = field.start + moved, field.stop + moved
        taker, first = self._taker(start, stop) if buffer == 0 else (None, 0)
        value, section = UNORDERED.get(field.name, (field.value, field.section))
        made = ByteField(
            buffer, start, stop, field.bits, field.name, self._scrub(value), section, level,
            self._step(taker), _who(taker), taker is not None and taker.exact and first >= 0,
        )  # fmt: skip
        yield made
        moved_here = self._moved
        for child in field.children:
            self._moved = moved_here
            yield from self._walk(child, buffer if child.buffer == field.buffer else 0, level + 1)

    def _taker(self, start: int, stop: int) -> tuple[Taker | None, int]:
        """Who took bytes of the message; asked of the read or write that has all of them."""
        for piece in self._part.pieces:
            if piece.start <= start and stop <= piece.stop:
                at = start - piece.start + piece.at
                return self._consumers.of(piece.wire, at, at + stop - start), at
        return None, 0

    def _step(self, taker: Taker | None) -> int:
        if taker is None:
            return -1
        calls = [taker.through.id] if taker.through is not None else []
        return next((self._steps[call] for call in (*calls, taker.call.id) if call in self._steps), -1)


def _who(taker: Taker | None) -> str:
    """``FrameDecoder.parse_header, frame_protocol.py:403``: the function, and its line."""
    if taker is None:
        return ""
    code = taker.code
    name = code.qualname.replace(".<locals>", "")
    return f"{name}, {code.file.facts.relative.rpartition('/')[2]}:{taker.line}"


def inherited(fields: list[ByteField]) -> tuple[ByteField, ...]:
    """Bytes that were made of others (unmasked, inflated) belong to the step of the field they were made from."""
    found: list[ByteField] = []
    above: list[ByteField] = []
    for field in fields:
        del above[field.level :]
        if field.buffer and field.step < 0 and above:
            field = replace(field, step=above[-1].step, who=above[-1].who)
        above.append(field)
        found.append(field)
    return tuple(found)
