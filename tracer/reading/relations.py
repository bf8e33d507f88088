"""How the content of one value shows that it was made of another: the evidence behind a **slice** and a **made** edge.

`relation(source, made)` compares two pieces of text or bytes and says what one is of the other, or None where nothing
shows it. Nothing here knows a library, a protocol's names or where the values came from: only content counts. Text is
compared as UTF-8. A relation of so little content that chance would give it is none.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

#: Content of fewer bytes than this inside something larger says nothing.
LEAST = 2


@dataclass(frozen=True)
class Relation:
    """What `made` is of `source`.

    `how` is copy, decoded, encoded, slice (of the source), joined (the source lies in it), unmasked, inflated,
    deflated, folded (another case), unquoted. `start` and `stop` are offsets in bytes: of the source for a slice, of
    what was made for joined, else 0 and the size.
    """

    how: str
    start: int
    stop: int


def relation(source: str | bytes, made: str | bytes, keys: tuple[bytes, ...] = ()) -> Relation | None:
    """The closest relation that the contents show. `keys` are the masking keys of 4 bytes that were at hand."""
    a, b = _octets(source), _octets(made)
    if not a or not b:
        return None
    for find in (_same, _slice, _joined, _folded, _unquoted):
        found = find(source, made, a, b)
        if found is not None:
            return found
    return _unmasked(a, b, keys) or _inflated(a, b)


def _octets(value: str | bytes) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value


def _same(source: str | bytes, made: str | bytes, a: bytes, b: bytes) -> Relation | None:
    how = {(True, True): "copy", (False, False): "copy", (False, True): "decoded"}.get(
        (isinstance(source, str), isinstance(made, str)), "encoded"
    )
    latin = isinstance(source, str) != isinstance(made, str) and _latin(source) == _latin(made)
    return Relation(how, 0, len(b)) if a == b or latin else None


def _latin(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _slice(source: str | bytes, made: str | bytes, a: bytes, b: bytes) -> Relation | None:
    start = a.find(b) if len(b) >= LEAST else -1
    return Relation("slice", start, start + len(b)) if start >= 0 else None


def _joined(source: str | bytes, made: str | bytes, a: bytes, b: bytes) -> Relation | None:
    start = b.find(a) if len(a) >= LEAST else -1
    return Relation("joined", start, start + len(a)) if start >= 0 else None


def _folded(source: str | bytes, made: str | bytes, a: bytes, b: bytes) -> Relation | None:
    same = len(a) == len(b) and a.lower().replace(b"-", b"_") == b.lower().replace(b"-", b"_")
    return Relation("folded", 0, len(b)) if same else None


def _unquoted(source: str | bytes, made: str | bytes, a: bytes, b: bytes) -> Relation | None:
    if b"%" not in a and b"+" not in a:
        return None
    whole = unquote_to_bytes(a.replace(b"+", b" "))
    if whole == b:
        return Relation("unquoted", 0, len(b))
    start = whole.find(b) if len(b) > LEAST else -1
    return Relation("unquoted", start, start + len(b)) if start >= 0 else None


def _unmasked(a: bytes, b: bytes, keys: tuple[bytes, ...]) -> Relation | None:
    """RFC 6455, section 5.3: one is the other, XORed with a key of 4 bytes again and again. Without the key at hand it
    has to show for at least two rounds of it."""
    if len(a) != len(b):
        return None
    pattern = (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).to_bytes(len(a), "big")
    key = pattern[:4]
    if (key * (len(a) // 4 + 1))[: len(a)] != pattern or not any(pattern):
        return None
    known = any(len(k) == 4 and k[: len(key)] == key for k in keys)
    return Relation("unmasked", 0, len(b)) if known or len(a) >= 8 else None


def _inflated(a: bytes, b: bytes) -> Relation | None:
    """RFC 7692, section 7.2: a message compressed by itself, either way."""
    if inflate(a) == b:
        return Relation("inflated", 0, len(b))
    return Relation("deflated", 0, len(b)) if inflate(b) == a else None


def inflate(data: bytes, limit: int = 1 << 24) -> bytes | None:
    """What a compressed message of its own inflates to, at most `limit` bytes; None where it is none."""
    if len(data) < LEAST:
        return None
    for tail in (b"\x00\x00\xff\xff", b""):
        decoder = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        try:
            out = decoder.decompress(data + tail, limit)
        except zlib.error:
            continue
        if out and not decoder.unconsumed_tail:
            return out
    return None
