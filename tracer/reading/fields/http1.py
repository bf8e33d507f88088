"""HTTP/1.1 and 1.0: one request or one response, every byte of it under its name (RFC 9112, RFC 9110).

In: the bytes of one direction and an offset. Out: a `Message`: its fields, where it stops, and what the next one
depends on. What is not HTTP is one `data` field up to the end, since nothing behind it can be found again.
A response's length depends on the request's method, so pass it.
"""

from __future__ import annotations

from dataclasses import dataclass

from .field import Field
from .http1_body import NO_BODY, Framing, Length, body, body_length
from .http1_lines import Section, field_section, line_at, request_line, status_line
from .http1_names import Http

_EMPTY = Section((), (), 0, False)


@dataclass(frozen=True)
class Message:
    """One message. `fields` also holds the empty lines before it; it is one `data` field where `understood` is not."""

    fields: tuple[Field, ...]
    stop: int
    understood: bool = False
    method: str = ""
    status: int = 0
    headers: Section = _EMPTY
    content: int = 0  # where the body begins, or would
    length: Length = NO_BODY
    complete: bool = False  # all of it is there; of a body that ends with its connection, all that came

    @property
    def framing(self) -> Framing:
        return self.length.framing

    @property
    def interim(self) -> bool:
        """RFC 9110, 15.2: a 1xx response comes before the final one; 101 is the last that HTTP says."""
        return self.understood and 100 <= self.status < 200 and self.status != 101


def request(data: bytes, start: int) -> Message:
    """The request at `start`, with the empty lines in front of it."""
    before, at = _leading_lines(data, start)
    line = line_at(data, at)
    found = request_line(data, line)
    if found is None:
        why = "the stream ends within the request-line" if line.cut else "not a request-line (RFC 9112, 3)"
        return _unknown(data, before, at, why, line.cut)
    first, method = found
    section = field_section(data, line.stop)
    length = body_length(section, response=False)
    return _message(data, before, first, section, length, body(data, section.stop, length), method=method)


def response(data: bytes, start: int, method: str | None) -> Message:
    """The response at `start` to a request of `method` (None: not known, taken for GET)."""
    line = line_at(data, start)
    found = status_line(data, line)
    if found is None:
        why = "the stream ends within the status-line" if line.cut else "not a status-line (RFC 9112, 4)"
        return _unknown(data, (), start, why, line.cut)
    first, status = found
    section = field_section(data, line.stop)
    # RFC 9112, 6.3: "Any response to a HEAD request and any response with a 1xx (Informational), 204 (No Content),
    # or 304 (Not Modified) status code is always terminated by the first empty line"; so is a 2xx to CONNECT.
    bodiless = method == "HEAD" or status // 100 == 1 or status in (204, 304) or is_tunnel(method, status)
    length = NO_BODY if bodiless else body_length(section, response=True)
    return _message(data, (), first, section, length, body(data, section.stop, length), status=status)


def is_tunnel(method: str | None, status: int) -> bool:
    """RFC 9110, 9.3.6: after a 2xx to CONNECT the connection is a tunnel."""
    return method == "CONNECT" and status // 100 == 2


def _message(
    data: bytes,
    before: tuple[Field, ...],
    first: Field,
    section: Section,
    length: Length,
    content: tuple[tuple[Field, ...], int, bool],
    *,
    method: str = "",
    status: int = 0,
) -> Message:
    fields, stop, complete = content if section.complete else ((), section.stop, True)
    value = first.value
    if not section.complete:
        value = f"incomplete header section: {value}"
    elif length.framing is Framing.FAULTY:
        value = f"malformed: {value}"
    elif not complete:
        value = f"incomplete body: {value}"
    part = Http.REQUEST if method else Http.RESPONSE
    whole = part.at(first.start, stop, value, (first, *section.fields, *fields))
    return Message(
        (*before, whole), stop, True, method, status, section, section.stop, length, section.complete and complete
    )


def _leading_lines(data: bytes, start: int) -> tuple[tuple[Field, ...], int]:
    """RFC 9112, 2.2: a server "SHOULD ignore at least one empty line (CRLF) received prior to the request-line"."""
    fields: list[Field] = []
    while True:
        line = line_at(data, start)
        if line.cut or line.start != line.text:
            return tuple(fields), start
        fields.append(Http.LEADING_LINE.at(start, line.stop, "ignored"))
        start = line.stop


def _unknown(data: bytes, before: tuple[Field, ...], start: int, why: str, cut: bool) -> Message:
    """Everything from `start` on as `data`."""
    value = f"{'incomplete' if cut else 'not HTTP/1.1'}: {why}"
    rest = (Http.DATA.at(start, len(data), value),) if start < len(data) else ()
    return Message((*before, *rest), len(data))
