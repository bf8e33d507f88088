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
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Protocol

from .events import Headers, RemoteProtocolError, refuse

MAX_HEAD, MAX_LINE, MAX_BODY = 1 << 16, 1 << 13, 1 << 24  # bytes
MAX_FIELDS = 100
END_OF_HEAD = b"\r\n\r\n"
NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
# RFC 9112, section 3.2: a path, or a whole URL, which 3.2.2 wants accepted although only proxies are sent it.
TARGET = re.compile(rb"(?:(?i:https?://)[^/?]+|(?=/))(/[^?]*)?(?:\?(.*))?")
HOST = re.compile(rb"(?:[!$&'()*+;=\-._~%0-9A-Za-z]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")  # RFC 9110, section 7.2
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?")


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
    # RFC 9112, 2.2: a server "SHOULD ignore at least one empty line (CRLF) received prior to the request-line."
    first, *lines = head.removeprefix(b"\r\n").split(b"\r\n")
    headers = [parse_field(line) for line in lines]
    words = first.split(b" ")
    if len(words) != 3 or not NAME.fullmatch(words[0]) or not words[1].isascii() or CONTROL.search(first):
        raise refuse(400, "the first line is not 'METHOD target HTTP/1.1'")
    return words, headers


def parse_field(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not (colon and NAME.fullmatch(name)) or CONTROL.search(value):
        raise refuse(400, f"{line[:40]!r} is no header field")
    return name.lower(), value.strip(b" \t")


def joined(headers: Headers, name: bytes) -> bytes | None:
    """A header's value. RFC 9110, section 5.3: several lines of one name are one list, joined by commas."""
    values = [value for key, value in headers if key == name]
    return b", ".join(values) if values else None


def tokens(value: bytes) -> list[bytes]:
    """The elements of a list, in lower case. RFC 9110, section 5.6.1: commas part them, and nothing else does."""
    return [element.strip(b" \t").lower() for element in value.split(b",")]


def http_response(status: int, headers: Headers, body: bytes | None = b"") -> bytes:
    """A whole response as bytes. None is no body, not even an empty one."""
    lines = [b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode())]
    lines += [b"%s: %s" % header for header in headers]
    lines += [] if body is None else [b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*lines, b"", body or b""])


def read_request(source: ByteSource) -> HTTPRequest:
    """Read one request and not a byte beyond it: after a 101, what follows belongs to the WebSocket."""
    (method, target, version), headers = parse_head(source.until(END_OF_HEAD, MAX_HEAD)[: -len(END_OF_HEAD)])
    try:
        path, query = check_head(target, version, headers)
        return HTTPRequest(method, path, query, version, headers, read_body(source, headers))
    except RemoteProtocolError as error:
        if method == b"HEAD":  # RFC 9110, 9.3.2: "the server MUST NOT send content in the response"
            error.event_hint = replace(error.event_hint, reason="")
        raise


def check_head(target: bytes, version: bytes, headers: Headers) -> tuple[bytes, bytes]:
    """The path and the query, if all is as it should be."""
    host, parts = joined(headers, b"host"), TARGET.fullmatch(target)
    for holds, status, sentence in (
        (re.fullmatch(rb"HTTP/\d\.\d", version), 400, "the first line does not end in an HTTP version"),
        (version in (b"HTTP/1.0", b"HTTP/1.1"), 505, "only HTTP/1.0 and HTTP/1.1 are spoken here"),
        (parts, 400, "the target is no path"),
        (len(target) <= MAX_LINE, 414, "the target is too long"),
        (len(headers) <= MAX_FIELDS, 431, "too many header fields"),
        # RFC 9112, 3.2: "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message
        # that lacks a Host header field and to any request message that contains more than one Host header field line
        # or a Host header field with an invalid field value."
        (version == b"HTTP/1.0" if host is None else HOST.fullmatch(host), 400, "there must be one header Host"),
    ):
        if not holds:
            raise refuse(status, sentence)
    assert parts
    return parts[1] or b"/", parts[2] or b""


def read_body(source: ByteSource, headers: Headers) -> bytes:
    """RFC 9112, section 6.3: how long a body is."""
    coding, length = joined(headers, b"transfer-encoding"), joined(headers, b"content-length")
    if coding is not None and length is not None:
        raise refuse(400, "a body has Transfer-Encoding or Content-Length, not both")
    if coding is not None and coding.lower() != b"chunked":
        raise refuse(501, "the only transfer coding known here is chunked")
    if length is not None and not re.fullmatch(rb"[0-9]{1,18}", length):
        raise refuse(400, "Content-Length is no number")
    if int(length or 0) > MAX_BODY:
        raise refuse(413, f"a body of more than {MAX_BODY} bytes")
    return read_chunks(source) if coding is not None else source.exactly(int(length or 0))


def read_chunks(source: ByteSource) -> bytes:
    """RFC 9112, section 7.1: a size in hexadecimal, CRLF, so many bytes, CRLF; and again, until the size is 0."""
    body = b""
    while True:
        size = CHUNK.fullmatch(line := source.until(b"\r\n", MAX_LINE)[:-2])
        if not size or CONTROL.search(line):
            raise refuse(400, "a chunk does not begin with its size")
        length = int(size[1], 16)
        if len(body) + length > MAX_BODY:
            raise refuse(413, f"a body of more than {MAX_BODY} bytes")
        if not length:
            while line := source.until(b"\r\n", MAX_LINE)[:-2]:
                parse_field(line)  # the trailer, which nobody here needs
            return body
        body += source.exactly(length)
        if source.exactly(2) != b"\r\n":
            raise refuse(400, "a chunk is longer than its size")
