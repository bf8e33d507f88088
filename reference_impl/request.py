"""One HTTP/1.1 request from bytes (RFC 9112): first line, header fields, body. And one response to bytes.

In: the methods `readline(limit)` and `read(size)` of a binary file, or of the `Reader` in http.py.
Out: an `HTTPRequest`, or a `RemoteProtocolError` whose hint is the 4xx to answer.

    >>> import io
    >>> read_head(io.BytesIO(b"GET /echo?a=b HTTP/1.1\\r\\nHost: example.com\\r\\n\\r\\n").readline)
    HTTPRequest(method=b'GET', target=b'/echo?a=b', version=b'HTTP/1.1', headers={b'host': b'example.com'})

Follows https://github.com/pallets/werkzeug/blob/c1a26b45fb06d5e086b4d6be820c3302f588d815/src/werkzeug/serving.py#L159-L245
which inherits the reading of heads from the standard library's `http.server`.
Leaves out: what only a proxy or an old server needs (continued header lines, HTTP/0.9), and `Expect: 100-continue`.
"""

import re
from collections.abc import Callable
from http.client import responses
from typing import NamedTuple

from .events import Headers, RemoteProtocolError

MAX_HEAD, MAX_BODY = 1 << 14, 1 << 24  # bytes
CLOSE = (b"Connection", b"close")
TOKEN = rb"[!#$%&'*+\-.^_`|~\w]+"
# RFC 9112, section 3: a method, a path, a version. In front of the path there may be the rest of a whole URL, which
# 3.2.2 wants accepted although only proxies are sent it.
REQUEST_LINE = re.compile(rb"(%b) (?:\w+://[\w.~%%:\[\]\-]+|(?=/))([!-~]*) (HTTP/1\.[01])\r\n" % TOKEN)
FIELD = re.compile(rb"(%b):([\t -~\x80-\xff]*)\r\n" % TOKEN)  # no control characters
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[\t -~\x80-\xff]*)?\r\n")
HOST = re.compile(rb"(?:[!$&'()*+;=\-._~%\w]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")  # RFC 9110, section 7.2
LIST_ELEMENT = re.compile(r'(?:"[^"]*"|[^,])+')  # commas part elements, but not within quotes


class HTTPRequest(NamedTuple):
    """The head of a request. Names of headers are in lower case; the target is still quoted."""

    method: bytes
    target: bytes
    version: bytes
    headers: dict[bytes, bytes]


def split_list(value: str) -> list[str]:
    """The elements of a header that is a list (RFC 9110, section 5.6.1).

    >>> split_list('keep-alive, Upgrade, a; b="c, d"')
    ['keep-alive', 'Upgrade', 'a; b="c, d"']
    """
    return [element.strip() for element in LIST_ELEMENT.findall(value) if element.strip()]


def status_line(status: int) -> str:
    """404 → "404 Not Found"."""
    return f"{status:d} {responses.get(status, 'Unknown')}"


def http_response(status: str, headers: Headers, body: bytes = b"") -> bytes:
    """A response as bytes."""
    lines = [b"HTTP/1.1 %s" % status.encode("latin-1"), *(b"%s: %s" % header for header in headers)]
    return b"\r\n".join([*lines, b"", body])


def read_fields(readline: Callable[[int], bytes]) -> dict[bytes, bytes]:
    """Header fields, or those behind a chunked body, up to the empty line."""
    headers: dict[bytes, bytes] = {}
    room = MAX_HEAD
    while (line := readline(room)) != b"\r\n":
        room -= len(line)
        field = FIELD.fullmatch(line)
        if not field:
            raise RemoteProtocolError(400 if room else 431, f"{line[:40]!r} is no header field, or one too many")
        name, value = field[1].lower(), field[2].strip(b"\t ")
        # RFC 9110, section 5.3: several lines of one name are one list, joined by commas
        headers[name] = headers[name] + b", " + value if name in headers else value
    return headers


def read_head(readline: Callable[[int], bytes]) -> HTTPRequest:
    """Read one request's head and not a byte beyond it: after a 101, what follows belongs to the WebSocket."""
    first = readline(MAX_HEAD)
    # RFC 9112, 2.2: a server "SHOULD ignore at least one empty line (CRLF) received prior to the request-line."
    words = REQUEST_LINE.fullmatch(readline(MAX_HEAD) if first == b"\r\n" else first)
    if not words:
        raise RemoteProtocolError(414 if len(first) == MAX_HEAD else 400, "this is no 'METHOD target HTTP/1.1'")
    method, target, version = words.groups()
    headers = read_fields(readline)
    # RFC 9112, 3.2: "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that
    # lacks a Host header field and to any request message that contains more than one Host header field line or a Host
    # header field with an invalid field value."
    host = headers.get(b"host", b"" if version == b"HTTP/1.0" else None)
    if host is None or not HOST.fullmatch(host):
        raise RemoteProtocolError(400, "there must be one header Host")
    return HTTPRequest(method, target, version, headers)


def read_body(readline: Callable[[int], bytes], read: Callable[[int], bytes], headers: dict[bytes, bytes]) -> bytes:
    """RFC 9112, section 6.3: how long a body is."""
    coding, length = headers.get(b"transfer-encoding"), headers.get(b"content-length", b"0")
    # 6.3: both "might indicate an attempt to perform request smuggling (Section 11.2) or response splitting (Section
    # 11.1) and ought to be handled as an error."
    if not re.fullmatch(rb"[0-9]{1,18}", length) or (coding is not None and b"content-length" in headers):
        raise RemoteProtocolError(400, "Content-Length is no number, or not the only one to say how long the body is")
    if coding is None:
        return read_part(read, int(length), 0)
    if coding.lower() != b"chunked":
        raise RemoteProtocolError(501, "the only transfer coding known here is chunked")
    return read_chunks(readline, read)


def read_part(read: Callable[[int], bytes], size: int, before: int) -> bytes:
    if before + size > MAX_BODY:
        raise RemoteProtocolError(413, f"a body of more than {MAX_BODY} bytes")
    return read(size)


def read_chunks(readline: Callable[[int], bytes], read: Callable[[int], bytes]) -> bytes:
    """RFC 9112, section 7.1: a size in hexadecimal, so many bytes, CRLF; and again, until the size is 0."""
    body = b""
    while size := CHUNK.fullmatch(readline(MAX_HEAD)):
        if not int(size[1], 16):
            read_fields(readline)  # the trailer, which nobody here needs
            return body
        body += read_part(read, int(size[1], 16), len(body))
        if read(2) != b"\r\n":
            raise RemoteProtocolError(400, "a chunk is longer than its size")
    raise RemoteProtocolError(400, "a chunk does not begin with its size")
