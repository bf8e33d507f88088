"""One HTTP/1.1 request from bytes (RFC 9112): first line, header fields, body. And one response to bytes.

In: something with `until(end, limit)` and `exactly(size)` that gives bytes, such as the `Reader` in http.py.
Out: an `HTTPRequest`, or a `RemoteProtocolError` whose hint is the 4xx or 5xx to answer.

    >>> parse_head(b"GET /echo HTTP/1.1\\r\\nHost: example.com")
    ([b'GET', b'/echo', b'HTTP/1.1'], [(b'host', b'example.com')])

Follows https://github.com/pallets/werkzeug/blob/c1a26b45fb06d5e086b4d6be820c3302f588d815/src/werkzeug/serving.py#L97-L156
for the chunks; all else the original inherits from the standard library's `http.server`.
Leaves out: what only a proxy or an old server needs (continued header lines, HTTP/0.9), and `Expect: 100-continue`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from .events import Headers, refuse

MAX_HEAD, MAX_LINE, MAX_BODY = 1 << 16, 1 << 13, 1 << 24  # bytes
MAX_FIELDS = 100
END_OF_HEAD = b"\r\n\r\n"
NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
TARGET = re.compile(rb"(?:https?://[^/?]+)?((?:/[^?]*)?|\*)(?:\?(.*))?")  # RFC 9112, section 3.2


class ByteSource(Protocol):
    def until(self, end: bytes, limit: int) -> bytes: ...
    def exactly(self, size: int) -> bytes: ...


@dataclass(frozen=True)
class HTTPRequest:
    """A request, read whole. Names of headers are in lower case; the path is still quoted."""

    method: bytes
    path: bytes
    query: bytes
    version: bytes
    headers: Headers
    body: bytes = b""


def parse_head(head: bytes) -> tuple[list[bytes], Headers]:
    """An HTTP head without its empty line, as (words of the first line, header fields)."""
    first, *lines = head.split(b"\r\n")
    headers: Headers = []
    for number, line in enumerate(lines, start=2):
        name, colon, value = line.partition(b":")
        if not (colon and NAME.fullmatch(name)) or CONTROL.search(value):
            raise refuse(400, f"line {number} of the request is no header field")
        headers.append((name.lower(), value.strip(b" \t")))
    words = first.split(b" ")
    if len(words) != 3 or not NAME.fullmatch(words[0]) or not words[1].isascii() or CONTROL.search(first):
        raise refuse(400, "the first line is not 'METHOD target HTTP/1.1'")
    return words, headers


def joined(headers: Headers, name: bytes) -> bytes | None:
    """A header's value. RFC 9110, section 5.3: several lines of one name are one list, joined by commas."""
    values = [value for key, value in headers if key == name]
    return b", ".join(values) if values else None


def http_response(status: int, headers: Headers, body: bytes | None = b"") -> bytes:
    """A whole response as bytes. None is no body, not even an empty one."""
    lines = [b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode())]
    lines += [b"%s: %s" % header for header in headers]
    lines += [] if body is None else [b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*lines, b"", body or b""])


def read_request(source: ByteSource) -> HTTPRequest:
    """Read one request and not a byte beyond it: after a 101, what follows belongs to the WebSocket."""
    words, headers = parse_head(source.until(END_OF_HEAD, MAX_HEAD)[: -len(END_OF_HEAD)])
    method, target, version = words
    hosts = sum(name == b"host" for name, _ in headers)
    parts = TARGET.fullmatch(target)
    for holds, status, sentence in (
        (re.fullmatch(rb"HTTP/\d\.\d", version), 400, "the first line does not end in an HTTP version"),
        (version in (b"HTTP/1.0", b"HTTP/1.1"), 505, "only HTTP/1.0 and HTTP/1.1 are spoken here"),
        (parts, 400, "the target is no path"),
        (len(target) <= MAX_LINE, 414, "the target is too long"),
        (len(headers) <= MAX_FIELDS, 431, "too many header fields"),
        # RFC 9112, 3.2: "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message
        # that lacks a Host header field and to any request message that contains more than one"
        (hosts == 1 or (version == b"HTTP/1.0" and not hosts), 400, "there must be one header Host"),
    ):
        if not holds:
            raise refuse(status, sentence)
    assert parts
    return HTTPRequest(method, parts[1] or b"/", parts[2] or b"", version, headers, read_body(source, headers))


def read_body(source: ByteSource, headers: Headers) -> bytes:
    """RFC 9112, section 6.3: how long a body is."""
    coding, length = joined(headers, b"transfer-encoding"), joined(headers, b"content-length") or b"0"
    for holds, status, sentence in (
        (coding is None or coding.lower() == b"chunked", 501, "the only transfer coding known here is chunked"),
        (coding is None or length == b"0", 400, "a body has Transfer-Encoding or Content-Length, not both"),
        (re.fullmatch(rb"\d{1,18}", length), 400, "Content-Length is no number"),
        (coding or not length.isdigit() or int(length) <= MAX_BODY, 413, f"a body of more than {MAX_BODY} bytes"),
    ):
        if not holds:
            raise refuse(status, sentence)
    return read_chunks(source) if coding else source.exactly(int(length))


def read_chunks(source: ByteSource) -> bytes:
    """RFC 9112, section 7.1: a size in hexadecimal, CRLF, so many bytes, CRLF; and again, until the size is 0."""
    body = b""
    while True:
        size = re.match(rb"([0-9A-Fa-f]{1,8})[ \t]*[;\r]", source.until(b"\r\n", MAX_LINE))
        if not size:
            raise refuse(400, "a chunk does not begin with its size")
        length = int(size[1], 16)
        if len(body) + length > MAX_BODY:
            raise refuse(413, f"a body of more than {MAX_BODY} bytes")
        if not length:
            while source.until(b"\r\n", MAX_LINE) != b"\r\n":
                pass  # trailer fields
            return body
        body += source.exactly(length)
        if source.exactly(2) != b"\r\n":
            raise refuse(400, "a chunk is longer than its size")
