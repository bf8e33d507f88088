"""Bytes for people: fields by the RFC's names, rows of hexadecimal, the first difference marked, lines of a head."""

from __future__ import annotations

from collections.abc import Iterator

from tracer.reading.fields import Field
from tracer.reading.fields.websocket import frames
from tracer.reading.fields.websocket_deflate import Extensions

ROW = 16  # bytes in a row of hexadecimal
MOST_ROWS = 12  # of fields, or of lines
BYTES = 10  # of one field


def shown(text: str, most: int) -> str:
    """Text in which everything that does not print is escaped, cut to a length.

    >>> shown("a" + chr(27) + "[2J", 80)
    'a\\\\x1b[2J'
    """
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return safe if len(safe) <= most else safe[: most - 1] + "…"


def hexed(data: bytes, most: int = BYTES) -> str:
    """
    >>> hexed(bytes.fromhex("8105"))
    '81 05'
    """
    return data[:most].hex(" ") + (" …" if len(data) > most else "")


def lines(data: bytes) -> list[str]:
    """A head, or any text, with its line ends made visible."""
    parts = data.split(b"\n")
    rows = [shown((part + b"\n").decode("latin-1"), 110) for part in parts[:-1]]
    rows += [shown(parts[-1].decode("latin-1"), 110)] if parts[-1] else []
    return rows if len(rows) <= MOST_ROWS else [*rows[:MOST_ROWS], f"… {len(rows) - MOST_ROWS} more lines"]


def fields(data: bytes, *, client: bool, deflate: bool = False) -> list[str]:
    """Frames, each byte under its name (RFC 6455, section 5.2)."""
    rows = [
        row for field in frames(data, 0, client=client, extensions=Extensions(deflate)) for row in _field(data, field)
    ]
    return rows if len(rows) <= MOST_ROWS else [*rows[:MOST_ROWS], f"… {len(rows) - MOST_ROWS} more"]


def _field(data: bytes, field: Field) -> Iterator[str]:
    if not field.children:
        yield _row(data, field, _said(data, field))
    for child in field.children:
        if child.bits is None and any(inner.bits for inner in child.children):
            yield from _bits(data, child)
        else:
            inner = child.children[-1] if child.children and child.children[-1].derived is not None else None
            yield _row(data, child, f"{child.name}, unmasked: {inner.value}" if inner else _said(data, child))


def _bits(data: bytes, header: Field) -> Iterator[str]:
    """The bytes whose bits have names, each with all of its bits."""
    for at in range(header.start, header.stop):
        bits = [bit for bit in header.children if bit.start == at and bit.bits]
        reserved = "".join(bit.value[:1] for bit in bits if bit.name.startswith("RSV"))
        said = [f"{bit.name} {bit.value}" for bit in bits if not bit.name.startswith("RSV") or bit.value != "0"]
        if bits:
            said += [f"RSV {reserved}"] if reserved.strip("0") else []
            yield f"{data[at : at + 1].hex():<{BYTES * 3}} {shown(', '.join(said), 64)}"
    for rest in (child for child in header.children if not child.bits):
        yield _row(data, rest, _said(data, rest))


def _said(data: bytes, field: Field) -> str:
    """Its name, and its meaning unless that is only its bytes again."""
    again = field.value.startswith(data[field.start : field.stop][:BYTES].hex(" "))
    return field.name if again or not field.value else f"{field.name} {field.value}"


def _row(data: bytes, field: Field, said: str) -> str:
    return f"{hexed(data[field.start : field.stop]):<{BYTES * 3}} {shown(said, 64)}"


def compared(expected: bytes, came: bytes, at: int) -> list[str]:
    """Both around the first byte that differs, one under the other."""
    start = max(at // ROW * ROW - (ROW if at % ROW < 4 else 0), 0)
    stop = start + ROW + (ROW if start < at // ROW * ROW else 0)
    rows = []
    for row in range(start, stop, ROW):
        one, other = expected[row : row + ROW], came[row : row + ROW]
        if one or other or row == at // ROW * ROW:
            rows += [f"{row:>6}  expected  {_hex_row(one)}", f"        came      {_hex_row(other)}"]
        if row <= at < row + ROW:
            rows.append(" " * (18 + 3 * (at - row)) + f"^^ byte {at} {_difference(expected, came, at)}")
    return rows


def _hex_row(data: bytes) -> str:
    text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)
    return f"{data.hex(' '):<{ROW * 3}} {text}".rstrip()


def _difference(expected: bytes, came: bytes, at: int) -> str:
    if at >= len(came):
        return f"is missing: {len(came)} of {len(expected)} bytes came"
    if at >= len(expected):
        return f"is too much: {len(expected)} bytes were expected"
    return "is the first that differs"
