"""How the content of one value shows that it was made of another: the evidence behind a **slice** and a **made** edge.

`relation(source, made)` compares two pieces of text or bytes and says what one is of the other, or None where nothing
shows it. Nothing here knows a library, a protocol's names or where the values came from: only content counts. Text is
compared as UTF-8. A relation of so little content that chance would give it is none. A masked secret is stars: it is
only where a run of as many stars is, and no second one.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

#: Content of fewer bytes than this inside something larger says nothing.
LEAST = 2
#: Of what is kept only in part, as many bytes have to agree at least.
ENOUGH = 64
#: Relations whose offsets lie in the source: what was made is these bytes of it, as they are or in another form.
OF_SOURCE = frozenset({"slice", "unquoted", "unescaped"})
#: Relations whose offsets lie in what was made: the source is these bytes of it, as it is or in another form.
OF_MADE = frozenset({"joined", "quoted", "escaped"})


@dataclass(frozen=True)
class Relation:
    """What `made` is of `source`.

    `how` is copy, decoded, encoded, slice (of the source), joined (the source lies in it), unmasked, inflated,
    deflated, folded (another case), unquoted and quoted (percent-encoding), unescaped and escaped (a string in JSON),
    unarmoured and armoured (base64). `start` and `stop` are offsets in bytes: of the source where `how` is in
    `OF_SOURCE`, of what was made where it is in `OF_MADE`, else 0 and the size of what was made. Of a source that was
    joined only in part, `at` is the first byte that was.
    """

    how: str
    start: int
    stop: int
    at: int = 0


def relation(source: str | bytes, made: str | bytes, keys: tuple[bytes, ...] = ()) -> Relation | None:
    """The closest relation that the contents show. `keys` are the masking keys of 4 bytes that were at hand."""
    a, b = _octets(source), _octets(made)
    if not a or not b:
        return None
    for find in (_same, _recoded, _slice, _joined, _folded, _unquoted, _unescaped, _armoured):
        found = find(source, made, a, b)
        if found is not None:
            return found
    octets = isinstance(source, bytes) and isinstance(made, bytes)
    return _unmasked(a, b, keys) if octets else None


def _octets(value: str | bytes) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value


def _same(source: str | bytes, made: str | bytes, a: bytes, b: bytes) -> Relation | None:
    how = {(True, True): "copy", (False, False): "copy", (False, True): "decoded"}.get(
        (isinstance(source, str), isinstance(made, str)), "encoded"
    )
    mixed = isinstance(source, str) != isinstance(made, str) and not (a.isascii() and b.isascii())
    latin = mixed and _latin(source) == _latin(made)
    return Relation(how, 0, len(b)) if a == b or latin else None


def _recoded(source: str | bytes, made: str | bytes, a: bytes, b: bytes) -> Relation | None:
    """Text whose characters stand for the bytes of other text, as WSGI has it (PEP 3333, unicode issues)."""
    if not isinstance(source, str) or not isinstance(made, str) or (a.isascii() and b.isascii()):
        return None
    how = "decoded" if _bytes_of(source) == b else "encoded" if _bytes_of(made) == a else None
    return Relation(how, 0, len(b)) if how else None


def _bytes_of(text: str) -> bytes | None:
    """The bytes that its characters stand for, one each; None where one stands for none."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return None


def _latin(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _slice(source: str | bytes, made: str | bytes, a: bytes, b: bytes) -> Relation | None:
    return _inside("slice", a, b)


def _joined(source: str | bytes, made: str | bytes, a: bytes, b: bytes) -> Relation | None:
    return _inside("joined", b, a)


def _inside(how: str, whole: bytes, part: bytes) -> Relation | None:
    """Where the part first lies in the whole. Of stars it has to be the one run of that length."""
    if len(part) < LEAST:
        return None
    start = whole.find(part)
    if start >= 0 and not part.strip(b"*"):
        runs = [run.start() for run in re.finditer(rb"\*+", whole) if len(run[0]) == len(part)]
        start = runs[0] if len(runs) == 1 else -1
    return Relation(how, start, start + len(part)) if start >= 0 else None


def _folded(source: str | bytes, made: str | bytes, a: bytes, b: bytes) -> Relation | None:
    same = len(a) == len(b) and a.lower().replace(b"-", b"_") == b.lower().replace(b"-", b"_")
    return Relation("folded", 0, len(b)) if same else None


#: Of percent-encoded text (RFC 3986, section 2.1; forms write a space as +), what stands for one byte.
_QUOTED = re.compile(rb"%[0-9A-Fa-f]{2}|.", re.DOTALL)


def _unquoted(source: str | bytes, made: str | bytes, a: bytes, b: bytes) -> Relation | None:
    told = _of_quoted("unquoted", a, b) or _of_quoted("quoted", b, a)
    if told is None and isinstance(made, str) and not made.isascii():  # its characters may stand for the bytes
        return _of_quoted("unquoted", a, _bytes_of(made) or b"")
    return told


def _of_quoted(how: str, quoted: bytes, plain: bytes) -> Relation | None:
    """Where in `quoted` it is that stands for `plain`; a part of it has to show three bytes."""
    if not plain or (b"%" not in quoted and b"+" not in quoted):
        return None
    whole = unquote_to_bytes(quoted.replace(b"+", b" "))
    start = whole.find(plain)
    if start < 0 or (whole != plain and len(plain) <= LEAST):
        return None
    units = list(_QUOTED.finditer(quoted))
    return _enough(how, units[start].start(), units[start + len(plain) - 1].end(), quoted)


def _enough(how: str, start: int, stop: int, whole: bytes) -> Relation | None:
    """What was put into something is told if it is the half of it at least: else that is not made of this alone."""
    return Relation(how, start, stop) if how in OF_SOURCE or 2 * (stop - start) >= len(whole) else None


#: A string in JSON (RFC 8259, section 7) in which a character is escaped; and the characters that may be.
_ESCAPED = re.compile(rb'"([^"\\]*(?:\\.[^"\\]*)+)"', re.DOTALL)
_ESCAPES = re.compile(rb'["/\\\x00-\x1f\x7f-\xff]')


def _unescaped(source: str | bytes, made: str | bytes, a: bytes, b: bytes) -> Relation | None:
    return _of_escaped("unescaped", a, b) or _of_escaped("escaped", b, a)


def _of_escaped(how: str, escaped: bytes, plain: bytes) -> Relation | None:
    """Where in `escaped` it is that is a string in JSON and means `plain`."""
    if b"\\" not in escaped or len(plain) < LEAST or not _ESCAPES.search(plain):
        return None
    for literal in _ESCAPED.finditer(escaped):
        try:
            means = json.loads(literal[0]).encode("utf-8", "surrogatepass")
        except ValueError:
            continue
        if means == plain:
            return _enough(how, literal.start(1), literal.end(1), escaped)
    return None


def _armoured(source: str | bytes, made: str | bytes, a: bytes, b: bytes) -> Relation | None:
    """RFC 4648, section 4: one is the other in base64, whole."""
    for how, armoured, plain in (("unarmoured", a, b), ("armoured", b, a)):
        if len(plain) > LEAST and len(armoured) == (len(plain) + 2) // 3 * 4:
            try:
                if b64decode(armoured, validate=True) == plain:
                    return Relation(how, 0, len(b))
            except ValueError:
                continue
    return None


def _unmasked(a: bytes, b: bytes, keys: tuple[bytes, ...]) -> Relation | None:
    """RFC 6455, section 5.3: one is the other, XORed with a key of 4 bytes again and again. Without the key at hand it
    has to show for at least two rounds of it, in bytes that do not go round by themselves; and be more than one byte
    again and again: the rows of a table that a masker looks up differ by that, and are made of nothing."""
    if len(a) != len(b):
        return None
    pattern = (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).to_bytes(len(a), "big")
    key = pattern[:4]
    if (key * (len(a) // 4 + 1))[: len(a)] != pattern or not any(pattern):
        return None
    known = any(len(k) == 4 and k[: len(key)] == key for k in keys)
    shown = len(a) >= 8 and a[4:] != a[:-4] and len(set(key)) > 1
    return Relation("unmasked", 0, len(b)) if known or shown else None


def in_part(a: bytes, size: int, b: bytes, made: int) -> Relation | None:
    """The relation where only the beginning of one, or of both, is kept: `a` and `b`, of `size` and `made` bytes.

    What is kept of one has to lie in the other, as far as that is kept, and the sizes have to allow it.
    """
    known = min(len(a), len(b))
    if known < ENOUGH:
        return None
    if size == made:
        return Relation("copy", 0, made) if a[:known] == b[:known] else None
    if made < size:
        how, part, whole, length = "slice", b, a, made
    else:
        how, part, whole, length = "joined", a, b, size
    room = abs(size - made)
    at = whole.find(part[:ENOUGH])
    while 0 <= at <= room:
        if whole[at : at + len(part)] == part[: len(whole) - at]:
            return Relation(how, at, at + length)
        at = whole.find(part[:ENOUGH], at + 1)
    return None
