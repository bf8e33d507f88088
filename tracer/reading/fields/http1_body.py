"""Bodies of HTTP/1.1: how long one is (RFC 9112, section 6.3) and what it is made of (section 7.1 for chunks).

In: the bytes, the offset behind the empty line, and what the message said of its framing. Out: the `message-body`
field, or `data` with the reason where the framing cannot be believed (then nothing behind it can be either).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from .field import DECHUNKED, Field
from .http1_lines import Line, Section, field_section, line_at
from .http1_names import Http
from .part import count, in_order, incomplete, shown

# RFC 9112, 7.1: "chunk-size = 1*HEXDIG"; 16 of them count every byte there is, more are an attack on somebody's int.
# RFC 9112, 7.1.1: chunk-ext begins with ";", and whitespace in front of it is "bad", so it is read.
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})([ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?)")
_LENGTH = re.compile(r"[0-9]{1,18}")


class Framing(Enum):
    """How the end of a body is known."""

    NONE = "no body"
    LENGTH = "Content-Length"
    CHUNKED = "chunked"
    UNTIL_CLOSE = "until the connection closes"
    FAULTY = "faulty"


@dataclass(frozen=True)
class Length:
    """How a message's body ends: after `size` bytes by `LENGTH`; `fault` says why it is `FAULTY`."""

    framing: Framing
    size: int = 0
    fault: str = ""


NO_BODY = Length(Framing.NONE)


def body_length(section: Section, *, response: bool) -> Length:
    """RFC 9112, 6.3, rules 3 to 8. The first two, on methods and status codes, are the caller's."""
    codings = [coding.lower() for coding in section.values("transfer-encoding") if coding]
    lengths = set(section.values("content-length"))
    if codings:
        if codings[-1] == "chunked":
            return Length(Framing.CHUNKED)
        if response:
            return Length(Framing.UNTIL_CLOSE)
        return Length(Framing.FAULTY, fault="a request whose last transfer coding is not chunked (RFC 9112, 6.3)")
    if not lengths:
        return Length(Framing.UNTIL_CLOSE) if response else NO_BODY
    if len(lengths) > 1:
        return Length(Framing.FAULTY, fault="Content-Length has differing values (RFC 9112, 6.3)")
    (text,) = lengths
    if not _LENGTH.fullmatch(text):
        return Length(Framing.FAULTY, fault="Content-Length is not a number of bytes (RFC 9112, 6.3)")
    return Length(Framing.LENGTH, int(text))


def body(data: bytes, start: int, length: Length) -> tuple[tuple[Field, ...], int, bool]:
    """The body at `start` as no or one field, where it stops, and whether it is all there."""
    rest = len(data) - start
    if length.framing is Framing.FAULTY:
        fields = (Http.DATA.at(start, len(data), f"malformed: {length.fault}"),) if rest else ()
        return fields, len(data), False
    if length.framing is Framing.CHUNKED:
        return _chunked(data, start)
    if length.framing is Framing.UNTIL_CLOSE:
        value = f"{count(rest)}, until the connection closes"
        return ((Http.BODY.at(start, len(data), value),) if rest else ()), len(data), True
    size, have = length.size, min(length.size, rest)
    value = f"{count(size)} by Content-Length" if have == size else incomplete(have, size)
    return ((Http.BODY.at(start, start + have, value),) if have else ()), start + have, have == size


def _chunked(data: bytes, start: int) -> tuple[tuple[Field, ...], int, bool]:
    """RFC 9112, 7.1: "chunked-body = *chunk last-chunk trailer-section CRLF"."""
    fields: list[Field] = []
    content: list[bytes] = []
    at, last, trouble = start, False, ""
    while not (last or trouble) and at < len(data):
        line = line_at(data, at)
        match = _CHUNK_LINE.fullmatch(data, line.start, line.text)
        if line.cut or match is None:
            trouble = "incomplete: within a chunk-size" if line.cut else "malformed: not a chunk-size (RFC 9112, 7.1)"
        elif last := not int(match[1], 16):
            fields.append(Http.LAST_CHUNK.at(at, line.stop, "0", _size_line(line, match)))
            at = line.stop
        else:
            field, trouble = _chunk(data, line, match)
            fields.append(field)
            content.append(data[line.stop : min(line.stop + int(match[1], 16), field.stop)])
            at = field.stop
    complete = False
    if last:
        trailer = field_section(data, at)
        fields += _trailer(trailer, at)
        at, complete = trailer.stop, trailer.complete
    elif trouble and at < len(data):  # nothing behind a broken chunk can be told from its content
        fields.append(Http.DATA.at(at, len(data), trouble))
        at = len(data)
    if at == start:
        return (), start, False
    whole = b"".join(content)
    fields.append(Http.DECHUNKED.derived(DECHUNKED, whole, shown(whole)))
    value = f"chunked, {count(len(whole))} of content" + ("" if complete else f"; {trouble or 'incomplete'}")
    return (Http.BODY.at(start, at, value, tuple(fields)),), at, complete


def next_chunk(data: bytes, start: int) -> tuple[int, bool] | None:
    """Where the chunk at `start` ends (behind what is there, where it is not all there), and whether it is the last
    one: then its trailer is not counted. None within a chunk-size; (`start`, True) where no chunk begins."""
    line = line_at(data, start)
    if line.cut:
        return None
    match = _CHUNK_LINE.fullmatch(data, line.start, line.text)
    if match is None:
        return start, True
    size = int(match[1], 16)
    if not size:
        return line.stop, True
    at = line.stop + size
    close = line_at(data, at) if at < len(data) else None
    return (at + 2 if close is None or close.cut else close.stop), False


def _size_line(line: Line, match: re.Match[bytes]) -> tuple[Field, ...]:
    size, extension = shown(match[1]), shown(match[2])
    return in_order(
        line.start, (Http.CHUNK_SIZE, match.end(1), size), (Http.CHUNK_EXT, match.end(2), extension), line.end
    )


def _chunk(data: bytes, line: Line, match: re.Match[bytes]) -> tuple[Field, str]:
    """RFC 9112, 7.1: "chunk = chunk-size [ chunk-ext ] CRLF chunk-data CRLF", and what is wrong with it."""
    size = int(match[1], 16)
    have = min(size, len(data) - line.stop)
    end = line.stop + have
    close = line_at(data, end)
    whole = have == size and close.start == close.text and not close.cut
    stop = close.stop if whole else end
    value = count(size) if have == size else incomplete(have, size)
    children = _size_line(line, match) + in_order(
        line.stop, (Http.CHUNK_DATA, end, value), (Http.CRLF, stop, close.end[2])
    )
    trouble = "" if whole else "malformed: chunk-data without its CRLF (RFC 9112, 7.1)"
    if not whole and data[end : end + 2] in (b"", b"\r"):
        trouble = "incomplete: within a chunk"
    return Http.CHUNK.at(line.start, stop, value, children), trouble


def _trailer(trailer: Section, start: int) -> list[Field]:
    """The trailer section as one field, and the CRLF behind it."""
    lines = trailer.fields[:-1] if trailer.complete else trailer.fields
    fields = (
        [Http.TRAILER.at(start, lines[-1].stop, f"{len(lines)} line{'s' * (len(lines) > 1)}", lines)] if lines else []
    )
    return fields + list(trailer.fields[len(lines) :])
