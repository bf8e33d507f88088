"""Stage headers: header fields, and the body that they announce."""

from grader.coursework import wire
from grader.coursework.staged import HEADERS, Asked, Wrong, answer, told

HOST = ("Host", "127.0.0.1")


def _bad(t: Asked, data: bytes, why: str, status: int = 400) -> None:
    with t.peer() as peer:
        peer.facts["refused"] = why
        peer.send(data, "a request with that in it")
        answer(peer, status, f"{why}: answer {status}")
        peer.expect_end("the end of the connection", "after a refusal the connection ends")


def _expect(t: Asked, lines: list[str], wanted: dict[str, str]) -> None:
    data = "\r\n".join(["GET /environ HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]).encode("latin-1")
    peer, got = t.raw(data, "a request with these header fields", status=200, cuts=t.cuts(len(data)))
    told(peer, got, headers={"host": "127.0.0.1", **wanted})


def names_and_values(t: Asked) -> None:
    """Names have any case, values any spaces around them; a name with _ is left out"""
    one, two, three = t.word(), t.word(), t.word()
    _expect(t, [f"X-{one.upper()}: {two}"], {f"x-{one}": two})
    _expect(
        t,
        [f"x-{one}:{two}", f"X-{two.title()}: \t {three}  inside\t "],
        {f"x-{one}": two, f"x-{two}": f"{three}  inside"},
    )
    _expect(
        t, [f"X-{one}: a:b: c", "Empty:", "Latin: caf\xe9"], {f"x-{one}": "a:b: c", "empty": "", "latin": "caf\xe9"}
    )
    _expect(t, ["X_Under: 1", f"X-{one}: 2"], {f"x-{one}": "2"})


def twice(t: Asked) -> None:
    """A name that comes twice is one list"""
    one, two, three = t.word(), t.word(), t.word()
    _expect(t, [f"X-List: {one}", "Other: 1", f"x-list: {two}", f"X-LIST: {three}"],
            {"x-list": f"{one}, {two}, {three}", "other": "1"})  # fmt: skip


def lists(t: Asked) -> None:
    """The elements of a list: spaces, empty ones, and commas within quotes"""
    one, two, three = t.word(), t.word(), t.word()
    hint = "elements are parted by commas, without the spaces around them (RFC 9110, 5.6.1)"
    for value, elements in (
        (f"{one}, {two},{three}", [one, two, three]),
        (one, [one]),
        ("", []),
        (f" , {one} ,, {two}, ", [one, two]),
        (f'{one}; a="x, y", {two}', [f'{one}; a="x, y"', two]),
    ):
        t.ask("split_list", elements, f"the elements of the list {value!r}", hint, value=value)


def host(t: Asked) -> None:
    """There is one Host, and it is a host; only HTTP/1.0 needs none"""
    _bad(t, wire.request("/environ", ()), "a request of HTTP/1.1 without a Host (RFC 9112, 3.2)")
    _bad(t, wire.request("/environ", (HOST, HOST)), "a request with two Hosts (RFC 9112, 3.2)")
    _bad(t, wire.request("/environ", (("Host", "a b"),)), "a Host with a space in it (RFC 9112, 3.2)")
    _bad(t, wire.request("/environ", (("Host", "a/b"),)), "a Host with a slash in it (RFC 9112, 3.2)")
    for right in ("example.com:8080", "[::1]:80", "", "a_b.c-d"):
        t.http("/environ", headers=(("Host", right),), hint=f"the Host {right!r} is right (RFC 9110, 7.2)")
    t.http("/environ", headers=(), version="HTTP/1.0", hint="HTTP/1.0 needs no Host")


def no_field(t: Asked) -> None:
    """A line that is no header field is refused"""
    for line in (
        "no colon here",
        "X Y: 1",
        "X : 1",
        " folded: 1",
        ": no name",
        "X: a\x01b",
        "X: a\x00b",
        "(X): 1",
        "X: a\x7fb",
    ):
        data = f"GET /environ HTTP/1.1\r\nHost: 127.0.0.1\r\n{line}\r\nLast: 1\r\n\r\n".encode()
        _bad(t, data, f"the line {line!r} is no header field (RFC 9112, 5)")


def too_many(t: Asked) -> None:
    """200 header fields are read, 90000 bytes of them refused with 431"""
    some = [(f"X-{number}", t.word(20)) for number in range(200)]
    peer, got = t.http("/environ", headers=(HOST, *some))
    told(peer, got, headers={"host": "127.0.0.1", **{name.lower(): value for name, value in some}})
    data = wire.request("/environ", (HOST, *((f"X-{number}", "a" * 90) for number in range(900))))
    _bad(t, data, "90000 bytes of header fields are too many", 431)


def body(t: Asked) -> None:
    """A body is as long as Content-Length says: one number, with 413 if it is far too large"""
    data = t.binary(t.random.randrange(50, 200))
    peer, got = _post(t, data, (("Content-Length", str(len(data))),))
    told(peer, got, method="POST", body=data.hex())
    peer, got = _post(t, b"", (("Content-Length", "0"),))
    told(peer, got, body="")
    for wrong in ("abc", "-1", "1 2", "0x10", "+5", ""):
        _bad(t, wire.request("/environ", (HOST, ("Content-Length", wrong)), body=b"0123456789"),
             f"Content-Length is {wrong!r}, no number (RFC 9112, 6.3)")  # fmt: skip
    both = (HOST, ("Content-Length", "4"), ("Transfer-Encoding", "chunked"))
    _bad(
        t,
        wire.request("/environ", both, body=b"0\r\n\r\n"),
        "two lengths for one body, a smuggler's trick (RFC 9112, 6.3)",
    )
    _bad(t, wire.request("/environ", (HOST, ("Content-Length", "999999999"))), "a body of a gigabyte is too large", 413)


def content(t: Asked) -> None:
    """Content-Type and Content-Length have names of their own in the environ, without HTTP_ (PEP 3333)"""
    hint = "PEP 3333 calls them CONTENT_TYPE and CONTENT_LENGTH, without the HTTP_ that the other headers have"
    data, kind = t.binary(t.random.randrange(5, 50)), f"text/{t.word()}"
    headers = (*HEADERS, ("content-type", kind), ("content-length", str(len(data))))
    with_body = t.http("/wsgi", headers=headers, method="POST", body=data, hint=hint)
    for (peer, got), fields in ((with_body, {"type": kind, "length": str(len(data))}),
                                (t.http("/wsgi"), {"type": None, "length": None})):  # fmt: skip
        try:
            told(peer, got, **fields)
        except Wrong as wrong:
            raise Wrong(wrong.exchange, hint) from None


def body_split(t: Asked) -> None:
    """A body arrives in pieces, or not to its end"""
    data = t.binary(t.random.randrange(3000, 9000))
    whole = wire.request("/environ", (HOST, ("Content-Length", str(len(data)))), method="PUT", body=data)
    start = len(whole) - len(data)
    cuts = [start, *(start + cut for cut in t.cuts(len(data), 4))]
    peer, got = t.raw(whole, "a request whose body is cut", status=200, cuts=cuts)
    told(peer, got, method="PUT", body=data.hex())
    with t.peer() as peer:
        peer.facts["refused"] = "the connection ended before the body did"
        peer.send(whole[:-5], "a request that lacks 5 bytes of its body")
        peer.no_more()
        answer(peer, 400, "a body that is not whole is no request (RFC 9112, 8)")


def chunks(t: Asked) -> None:
    """A body comes in chunks: sizes in either case, with zeros, with extensions; a trailer"""
    hint = "a size in hexadecimal, so many bytes, CRLF; again, until the size is 0 (RFC 9112, 7.1)"
    for form in ("%x", "%X", "00%x", "%x;name=value"):
        parts = [
            t.binary(size)
            for size in (t.random.randrange(1, 9), t.random.randrange(10, 16), t.random.randrange(26, 300))
        ]
        coded = b"".join((form % len(part)).encode() + b"\r\n" + part + b"\r\n" for part in parts)
        coded += b"0\r\nTrailer: 1\r\n\r\n" if "X" in form else b"0\r\n\r\n"
        data = wire.request("/environ", (HOST, ("Transfer-Encoding", "Chunked")), method="POST", body=coded)
        peer, got = t.raw(data, "a request with a body in chunks", status=200, cuts=t.cuts(len(data), 4), hint=hint)
        told(peer, got, body=b"".join(parts).hex())
    coded = b"3\r\none\r\n5;a=b\r\n, two\r\n0\r\nTrailer: 1\r\n\r\n"
    data = wire.request("/environ", (HOST, ("Transfer-Encoding", "chunked")), method="POST", body=coded)
    cuts = range(len(data) - len(coded), len(data))
    peer, got = t.raw(data, "a request with a body in chunks, byte by byte", status=200, cuts=cuts, hint=hint)
    told(peer, got, body=b"one, two".hex())


def chunks_wrong(t: Asked) -> None:
    """Chunks that are none are refused; 413 if far too large, 501 for another coding than chunked"""
    for coded, why in (
        (b"xyz\r\nabc\r\n0\r\n\r\n", "a chunk's size is no hexadecimal number"),
        (b"-1\r\na\r\n0\r\n\r\n", "a chunk's size is negative"),
        (b"2\r\nabc\r\n0\r\n\r\n", "a chunk is longer than its size"),
        (b"3\r\nabc\n\n0\r\n\r\n", "a chunk does not end with CRLF"),
        (b"3\r\nabcXY0\r\n\r\n", "a chunk does not end with CRLF"),
        (b"\r\n\r\n", "a chunk has no size"),
        (b"3\nabc\r\n0\r\n\r\n", "the line of a chunk's size ends with LF alone"),
    ):
        data = wire.request("/environ", (HOST, ("Transfer-Encoding", "chunked")), method="POST", body=coded)
        _bad(t, data, f"{why} (RFC 9112, 7.1)")
    big = wire.request("/environ", (HOST, ("Transfer-Encoding", "chunked")), method="POST", body=b"ffffff0\r\n")
    _bad(t, big, "a chunk of 268 million bytes is too large", 413)
    other = wire.request("/environ", (HOST, ("Transfer-Encoding", "gzip")), method="POST", body=b"0\r\n\r\n")
    _bad(t, other, "no other transfer coding than chunked is known here (RFC 9112, 6.1)", 501)


def _post(t: Asked, data: bytes, headers):
    return t.http("/environ", headers=(*HEADERS, *headers), method="POST", body=data)
