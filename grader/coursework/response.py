"""An HTTP response as it came, read strictly enough to judge it (RFC 9112, sections 4 to 6)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ?([\t -~\x80-\xff]*)")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*")


class NotHTTP(Exception):
    """These bytes are no head of a response; the message says why."""


@dataclass(frozen=True)
class Response:
    """One response. Names of headers are in lower case; one that came twice is there twice."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    raw: bytes

    def all(self, name: str) -> list[str]:
        """The values of the header."""
        return [value for key, value in self.headers if key == name.lower()]

    def one(self, name: str) -> str:
        """The value of the header if it came once, else an empty string."""
        values = self.all(name)
        return values[0] if len(values) == 1 else ""


def head(data: bytes) -> Response:
    """The response whose head, with its empty line, is `data`. Raises `NotHTTP`."""
    first, *lines = data.removesuffix(b"\r\n\r\n").split(b"\r\n")
    status = _STATUS.fullmatch(first)
    if not status:
        raise NotHTTP("the first line is no status line such as HTTP/1.1 200 OK")
    headers = []
    for line in lines:
        field = _FIELD.fullmatch(line)
        if not field:
            raise NotHTTP(f"this line is no header field: {line[:60]!r}")
        headers.append((field[1].decode().lower(), field[2].decode("latin-1")))
    return Response(int(status[1]), tuple(headers), b"", data)
