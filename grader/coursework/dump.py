"""Bytes for people: lines of text, rows of hexadecimal, the first difference marked; nothing a terminal would obey.

No row is longer than `WIDTH`, so that whoever shows them can indent them.
"""

from __future__ import annotations

import textwrap

ROW = 16  # bytes in a row of hexadecimal
MOST_ROWS = 12  # of hexadecimal, or lines of a text
LONG = 300  # characters of one line
WIDTH = 88  # columns


def shown(text: str, most: int) -> str:
    """Text in which everything that does not print is escaped, cut to a length.

    >>> shown("a" + chr(27) + "[2J", 80)
    'a\\\\x1b[2J'
    """
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return safe if len(safe) <= most else safe[: most - 1] + "…"


def wrapped(text: str, width: int = WIDTH) -> list[str]:
    """One line as rows; there is at least one."""
    return textwrap.wrap(text, width, break_on_hyphens=False) or [""]


def counted(number: int, word: str) -> str:
    """
    >>> counted(1, "more line"), counted(2, "more line")
    ('1 more line', '2 more lines')
    """
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def lines(data: bytes) -> list[str]:
    """What was sent or came: lines of text with their ends made visible, and rows of hexadecimal of all that is none.
    Of HTTP the head is always text."""
    head, end, body = data.partition(b"\r\n\r\n")
    if end and b"HTTP/1." in head:
        return _text(head + end) + (lines(body) if body else [])
    return _text(data) if _is_text(data) else _binary(data)


def _is_text(data: bytes) -> bool:
    try:
        return all(char.isprintable() or char in "\r\n\t" for char in data.decode())
    except UnicodeDecodeError:
        return False


def _text(data: bytes) -> list[str]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # as HTTP takes what its heads have beyond ASCII
    *whole, last = text.split("\n")
    parts = [f"{part}\n" for part in whole] + ([last] if last else [])
    rows = [row for part in parts[:MOST_ROWS] for row in wrapped(shown(part, LONG))]
    return rows if len(parts) <= MOST_ROWS else [*rows, f"… {counted(len(parts) - MOST_ROWS, 'more line')}"]


def _binary(data: bytes) -> list[str]:
    most = MOST_ROWS * ROW
    rows = [f"{at:>6}  {_hex_row(data[at : at + ROW])}" for at in range(0, min(len(data), most), ROW)]
    return rows if len(data) <= most else [*rows, f"… {counted(len(data) - most, 'more byte')}"]


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
        return f"is missing: {len(came)} of {counted(len(expected), 'byte')} came"
    if at >= len(expected):
        return f"is too much: {counted(len(expected), 'byte')} {'was' if len(expected) == 1 else 'were'} expected"
    return "is the first that differs"
