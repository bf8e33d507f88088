"""The lines of HTTP/1.1: request-line, status-line, field lines and the empty line (RFC 9112, sections 2 to 5).

In: the bytes and an offset. Out: fields, what they say, and where they stop. A line that the grammar refuses is one
`data` field whose value says why; a line that the stream cuts says so. Nothing is raised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .field import Field
from .http1_names import FIELD_SECTIONS, Http
from .part import in_order, shown

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # RFC 9110, 5.6.2

# RFC 9112, 3: "request-line = method SP request-target SP HTTP-version". The target is any text without a space:
# which of its forms it takes is a server's question. Other versions (HTTP/2's preface looks like a line) are not ours.
_REQUEST_LINE = re.compile(rb"(%s) ([^\x00-\x20\x7f]+) (HTTP/1\.[0-9])" % TOKEN)

# RFC 9112, 4: "status-line = HTTP-version SP status-code SP [ reason-phrase ]". The second SP is often forgotten.
_STATUS_LINE = re.compile(rb"(HTTP/1\.[0-9]) ([0-9]{3})(?:( )([\t\x20-\x7e\x80-\xff]*))?")

_NAME = re.compile(TOKEN)
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")  # RFC 9110, 5.5: "CR, LF, or NUL ... invalid and dangerous"


@dataclass(frozen=True)
class Line:
    """`data[start:text]` is the line, `data[text:stop]` its end; `text == stop` where the stream cuts it."""

    start: int
    text: int
    stop: int

    @property
    def cut(self) -> bool:
        return self.text == self.stop

    @property
    def end(self) -> tuple[Http, int, str]:
        # RFC 9112, 2.2: "a recipient MAY recognize a single LF as a line terminator".
        return Http.CRLF, self.stop, "a lone LF" if self.stop - self.text == 1 else ""


@dataclass(frozen=True)
class Section:
    """Field lines up to and with the empty line. Names are in lower case, values without outer whitespace."""

    fields: tuple[Field, ...]
    headers: tuple[tuple[str, str], ...]
    stop: int
    complete: bool

    def values(self, name: str) -> tuple[str, ...]:
        """The members of a list-valued header (RFC 9110, 5.6.1), over all its lines."""
        lines = (value for key, value in self.headers if key == name)
        return tuple(part.strip() for value in lines for part in value.split(","))


def line_at(data: bytes, start: int) -> Line:
    """The line that begins at `start`."""
    newline = data.find(b"\n", start)
    if newline < 0:
        return Line(start, len(data), len(data))
    text = newline - 1 if newline > start and data[newline - 1] == 0x0D else newline
    return Line(start, text, newline + 1)


def request_line(data: bytes, line: Line) -> tuple[Field, str] | None:
    """The request-line and its method, or None where it is none."""
    match = _REQUEST_LINE.fullmatch(data, line.start, line.text)
    if match is None or line.cut:
        return None
    method, target, version = (shown(group) for group in match.groups())
    children = in_order(
        line.start,
        (Http.METHOD, match.end(1), method),
        (Http.SP, match.start(2), ""),
        (Http.TARGET, match.end(2), target),
        (Http.SP, match.start(3), ""),
        (Http.VERSION, match.end(3), version),
        line.end,
    )
    return Http.REQUEST_LINE.at(line.start, line.stop, f"{method} {target}", children), method


def status_line(data: bytes, line: Line) -> tuple[Field, int] | None:
    """The status-line and its code, or None where it is none."""
    match = _STATUS_LINE.fullmatch(data, line.start, line.text)
    if match is None or line.cut:
        return None
    version, code, space, reason = (shown(group or b"") for group in match.groups())
    children = in_order(
        line.start,
        (Http.VERSION, match.end(1), version),
        (Http.SP, match.start(2), ""),
        (Http.STATUS_CODE, match.end(2), code),
        (Http.SP, match.end(2) + len(space), ""),
        (Http.REASON, line.text, reason),
        line.end,
    )
    return Http.STATUS_LINE.at(line.start, line.stop, f"{code} {reason}".strip(), children), int(code)


def field_section(data: bytes, start: int) -> Section:
    """The header or trailer section at `start`, with the empty line that ends it."""
    fields: list[Field] = []
    headers: list[tuple[str, list[str]]] = []
    while start < len(data):
        line = line_at(data, start)
        start = line.stop
        if line.cut:
            fields.append(Http.DATA.at(line.start, line.stop, "incomplete: the stream ends within this line"))
        elif line.start == line.text:
            fields.append(Http.EMPTY_LINE.at(line.start, line.stop, "the section ends", in_order(line.start, line.end)))
            return _section(fields, headers, start, complete=True)
        else:
            fields.append(_field_line(data, line, headers))
    return _section(fields, headers, start, complete=False)


def _section(fields: list[Field], headers: list[tuple[str, list[str]]], stop: int, complete: bool) -> Section:
    return Section(tuple(fields), tuple((name, " ".join(parts)) for name, parts in headers), stop, complete)


def _field_line(data: bytes, line: Line, headers: list[tuple[str, list[str]]]) -> Field:
    """One line of a section; what it says is added to `headers`.

    RFC 9112, 5: "field-line = field-name ":" OWS field-value OWS".
    """
    whole = data[line.start : line.text]
    bare = whole.strip(b" \t")
    if _FORBIDDEN.search(whole):
        return Http.DATA.at(line.start, line.stop, "malformed: a control character (RFC 9110, 5.5)")
    if whole[0] in b" \t":  # a folded line belongs to the one above
        if headers:
            headers[-1][1].append(bare.decode("latin-1"))
        return Http.OBS_FOLD.at(line.start, line.stop, shown(bare))
    name, colon, value = whole.partition(b":")
    if not colon:
        return Http.DATA.at(line.start, line.stop, "malformed: a field line without a colon (RFC 9112, 5)")
    if name.rstrip(b" \t") != name:
        return Http.DATA.at(line.start, line.stop, "malformed: whitespace before the colon (RFC 9112, 5.1)")
    if not _NAME.fullmatch(name):
        return Http.DATA.at(line.start, line.stop, "malformed: the field name is no token (RFC 9110, 5.1)")
    key, content = name.decode("ascii").lower(), value.strip(b" \t")
    headers.append((key, [content.decode("latin-1")]))
    colon_at = line.start + len(name)
    value_at = line.text - len(value.lstrip(b" \t"))
    pieces = in_order(
        line.start,
        (Http.FIELD_NAME, colon_at, shown(name)),
        (Http.COLON, colon_at + 1, ""),
        (Http.OWS, value_at, ""),
    )
    if content:
        end = value_at + len(content)
        section = FIELD_SECTIONS.get(key, "")
        pieces += (Http.FIELD_VALUE.at(value_at, end, shown(content), section=section),)
    pieces += in_order(pieces[-1].stop, (Http.OWS, line.text, ""), line.end)
    return Http.FIELD_LINE.at(line.start, line.stop, shown(whole), pieces)
