"""Values and bytes as short text, the same on every run: what changes from run to run is named, not shown."""

from __future__ import annotations

import re

from tracer.reading.trace import Trace, Value

_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT|\d\d/\w{3}/\d{4} \d\d:\d\d:\d\d"
)
_PYTHON = re.compile(r"Python/\d+\.\d+\.\d+\S*")
#: What stands in a page for what differs from run to run.
DATE, PORT, PYTHON = "‹date›", "‹port›", "Python/‹version›"


class Scrub:
    """Replaces this run's ports, its clock and its Python's version. One for each trace."""

    def __init__(self, trace: Trace) -> None:
        ends = {end for c in trace.connections.values() for end in (c.local, c.peer)}
        ports = sorted({end.rpartition(":")[2] for end in ends if ":" in end} - {"", "0"})
        self._ports = re.compile(rf"(?<!\d)(?:{'|'.join(ports)})(?!\d)") if ports else None

    def __call__(self, text: str) -> str:
        text = _PYTHON.sub(PYTHON, _DATE.sub(DATE, text))
        return self._ports.sub(PORT, text) if self._ports else text

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where in `text` stands what is replaced: (start, stop), in order."""
        patterns = [_DATE, _PYTHON, *([self._ports] if self._ports else [])]
        return sorted(match.span() for pattern in patterns for match in pattern.finditer(text))


class AsIs(Scrub):
    """Replaces nothing: for the report of one run, where its ports and its clock are what a reader looks for."""

    def __init__(self) -> None:
        self._ports = None

    def __call__(self, text: str) -> str:
        return text

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Nothing."""
        return []


def hexadecimal(data: bytes, limit: int = 16) -> str:
    """``81 85 37 …``: at most `limit` bytes."""
    shown = data[:limit].hex(" ")
    return shown if len(data) <= limit else f"{shown} … ({len(data):,} bytes)"


def printable(data: bytes) -> bool:
    """Whether bytes read better as text."""
    return bool(data) and all(32 <= byte < 127 or byte in (9, 10, 13) for byte in data)


def told(value: Value | None, scrub: Scrub, limit: int = 60) -> str:
    """One value in a few words, never empty."""
    if value is None:
        return "—"
    data = value.data
    if isinstance(data, bytes) and value.type in ("bytes", "bytearray", "memoryview"):
        if not printable(data):
            return hexadecimal(data) if data else "no bytes"
        text = scrub(data.decode("ascii"))  # before it is cut: a cut date is no date any more
        if value.size <= 16:
            return f"{data.hex(' ')} = b{text!r}" if text == data.decode("ascii") else f"b{text!r}"
        return f"b{text[:limit]!r}" + (f" … ({value.size:,} bytes)" if len(text) > limit else "")
    if isinstance(data, str) and value.type == "str":
        text = scrub(data)
        return repr(text[:limit]) + (f" … ({value.size:,} characters)" if len(text) > limit else "")
    if isinstance(data, str) and value.kind in ("atom", "code"):
        return scrub(data.rpartition(".")[2] if value.kind == "code" else data)
    name = value.type.rpartition(".")[2]
    if value.type in ("list", "dict", "tuple", "set", "frozenset"):
        return f"{name} of {value.size:,}"
    return f"a {name}" if name[:1] not in "AEIOUaeiou" else f"an {name}"
