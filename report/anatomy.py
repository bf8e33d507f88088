"""The bytes of a wire event as rows of a table: offset, bytes, field, meaning, source, and who had them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from tracer.reading.fields import Field
from tracer.reading.trace import Wire

from .hands import Hands, Taken
from .model import ByteRow, Bytes
from .notes import ReportError
from .text import Scrub, hexadecimal


def unmasking(data: Sequence[Bytes]) -> str:
    """``7f ^ 37 = 48`` for each byte of the first masked payload."""
    rows = {row.name: row.data.split() for part in reversed(data) for row in reversed(part.rows)}
    key, sent, plain = (rows.get(name, []) for name in ("masking-key", "payload data", "unmasked payload data"))
    return ", ".join(f"`{s} ^ {key[i % 4]} = {p}`" for i, (s, p) in enumerate(zip(sent, plain, strict=True)))


#: Fields shown in one row although they have children: a reader knows what a header line is.
WHOLE = frozenset({"field-line", "status-line", "request-line"})
#: What two threads write without an order between them must not be told by the order that one run had.
UNORDERED = {
    "HTTP response on a WebSocket": (
        "no frame; before or after the close frame, nothing fixes which",
        "RFC 6455, 5.5.1",
    )
}
#: A word that no column holds; of it the beginning is shown.
LONG = re.compile(r"(\S{40})\S{8,}")
#: Of a run that nobody took as a whole.
IN_PARTS = "in parts, as below"


@dataclass
class Sheet:
    """One wire event to be told: `stream` is all of its connection's direction, `start` where the event begins there.
    `shown` are the calls of the chain; `nobody` says for a field's name why nobody took it, `excused` which of these
    were needed. In `strict` mode a field without a taker fails."""

    wire: Wire
    stream: bytes
    start: int
    scrub: Scrub
    hands: Hands
    shown: Set[int]
    nobody: Mapping[str, str]
    strict: bool
    excused: set[str] = field(default_factory=set)

    def rows(self, fields: Sequence[Field]) -> tuple[ByteRow, ...]:
        """A row for each field. Raises `ReportError` (without its place) for bytes that nobody was seen to have."""
        return tuple(row for one in fields for row in self._rows(one, 0, self.stream, (), ""))

    def _rows(
        self, one: Field, level: int, buffer: bytes, around: tuple[tuple[Taken, str], ...], source: str
    ) -> list[ByteRow]:
        """`around` are the runs that hold this field, and `source` the section that the row above it names."""
        buffer = one.derived if one.derived is not None else buffer
        data = buffer[one.start : one.stop]
        whole = one.name in WHOLE
        value = data.decode("latin-1").rstrip("\r\n") if whole else one.value
        value, section = UNORDERED.get(one.name, (value, one.section))
        said = LONG.sub(r"\1…", self.scrub(value))
        taken, by = self._by(one, around)
        offset, shown = self._offset(one, data)
        hand = taken.hand if taken is not None and not by else None
        own = section if section != source else ""
        row = ByteRow(
            offset, _steady(shown, value, self.scrub), one.name, said, own, level, hand, by
        )  # fmt: skip
        inner = around if taken is None or by else ((taken, one.name), *around)
        children = () if whole else one.children
        return [row, *(r for child in children for r in self._rows(child, level + 1, buffer, inner, section))]

    def _offset(self, one: Field, data: bytes) -> tuple[str, str]:
        """Where a field is, and its bytes or bits. What is no run of the wire's has no offset there."""
        first = one.start - (self.start if one.buffer == "wire" else 0)
        last = first + one.stop - one.start - 1
        if one.bits is not None:
            low, high = one.bits
            bits = f"{data[0]:08b}"[low:high]
            return f"{first}", f"bits {low}–{high - 1}: {bits}" if high - low > 1 else f"bit {low}: {bits}"
        if one.derived is not None:
            return one.buffer, hexadecimal(data)
        return f"{first}" if first == last else f"{first}–{last}", hexadecimal(data)

    # -- who had them ------------------------------------------------------------------------------------------------

    def _by(self, one: Field, around: tuple[tuple[Taken, str], ...]) -> tuple[Taken | None, str]:
        """Who had a field; and in words, where that is told by another row."""
        taken = self._taken(one)
        if taken is None and one.derived is not None and self.wire.direction == "in":
            return None, self._excuse(one)
        for outer, name in around:
            if taken is None or (taken.call, taken.start, taken.stop) == (outer.call, outer.start, outer.stop):
                return outer, f"with the {name}"
        if taken is not None or one.start >= one.stop:
            return taken, ""
        if one.name not in WHOLE and any(child.buffer == one.buffer for child in one.children):
            return None, IN_PARTS
        first, last = self._within(one)
        taken = self.hands.reader(self.wire, first, last) if one.buffer == "wire" else None
        return taken, "" if taken is not None else self._excuse(one)

    def _taken(self, one: Field) -> Taken | None:
        if one.derived is not None:
            received = self.wire.direction == "in"
            return self.hands.maker(self.wire, one.derived[one.start : one.stop]) if received else None
        if one.buffer != "wire":
            return None
        return self.hands.of(self.wire, *self._within(one), self.shown)

    def _within(self, one: Field) -> tuple[int, int]:
        """Where a field is in the event; it may have begun before it, and go on after it."""
        return max(one.start - self.start, 0), min(one.stop - self.start, self.wire.size)

    def _excuse(self, one: Field) -> str:
        """Why nobody had a field, which only the page's own words can say. Raises `ReportError` if they do not."""
        if one.name in self.nobody:
            self.excused.add(one.name)
        elif self.strict:
            did = "took" if self.wire.direction == "in" else "made"
            where = (
                f"bytes {one.start - self.start} to {one.stop - self.start - 1} of {self.wire.size} by {self.wire.op}"
            )
            if one.buffer != "wire":
                where = f"the {one.buffer} bytes of {self.wire.size} by {self.wire.op}"
            raise ReportError(
                f"no call was seen that {did} the {one.name} ({where}); if none does, say why in `nobody`"
            )
        return self.nobody.get(one.name, "nobody was seen")


def _steady(shown: str, value: str, scrub: Scrub) -> str:
    """Hex of bytes whose text changes from run to run is not shown."""
    return shown if scrub(value) == value else "…"
