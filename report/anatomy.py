"""The bytes of a wire event as rows of a table: offset, bytes, field, meaning, source."""

from __future__ import annotations

from collections.abc import Sequence

from tracer.reading.fields import Field

from .model import ByteRow, Bytes
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


def byte_rows(field: Field, stream: bytes, start: int, scrub: Scrub, level: int = 0) -> list[ByteRow]:
    data = (field.derived if field.derived is not None else stream)[field.start : field.stop]
    shown = hexadecimal(data) if field.bits is None else ""
    if field.bits is not None:
        bits = f"{data[0]:08b}"[field.bits[0] : field.bits[1]]
        offset, shown = (
            f"{field.start - start}",
            f"bits {field.bits[0]}–{field.bits[1] - 1}: {bits}"
            if field.bits[1] - field.bits[0] > 1
            else f"bit {field.bits[0]}: {bits}",
        )
    elif field.derived is not None:
        offset = field.buffer
    else:
        offset = (
            f"{field.start - start}"
            if field.stop - field.start == 1
            else f"{field.start - start}–{field.stop - start - 1}"
        )
    whole = field.name in WHOLE
    value = data.decode("latin-1").rstrip("\r\n") if whole else field.value
    value, section = UNORDERED.get(field.name, (value, field.section))
    rows = [ByteRow(offset, _steady(shown, value, scrub), field.name, scrub(value), section, level)]
    if not whole:
        for child in field.children:
            rows += byte_rows(child, stream, start, scrub, level + 1)
    return rows


def _steady(shown: str, value: str, scrub: Scrub) -> str:
    """Hex of bytes whose text changes from run to run is not shown."""
    return shown if scrub(value) == value else "…"
