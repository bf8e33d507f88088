"""Stage tcp: one connection, one request, one answer."""

from grader.coursework import wire
from grader.coursework.staged import HEADERS, Asked, End, Kind, Wrong, answer, header, same_body, told

ENDS = "the server must end the connection when the answer is out: it serves one request a connection"


def one_request(t: Asked) -> None:
    """A request for a page is answered, whatever its method"""
    path = f"/environ/{t.word()}"
    peer, got = t.http(path, hint="read the request line, call the application, write what it returns")
    told(peer, got, method="GET", path=path, query="", body="")
    header(peer, got, "Content-Type", "application/json", "the application's headers belong into the response")
    peer.expect_end("nothing behind the body, and the end of the connection", ENDS)
    other, got = t.http("/environ", method="FETCH")
    told(other, got, method="FETCH", path="/environ")


def cut_anywhere(t: Asked) -> None:
    """The request arrives in pieces, also byte by byte"""
    hint = "one recv is not one line: read on until the line has ended"
    for _ in range(3):
        path = f"/environ/{t.word()}"
        data = wire.request(path, HEADERS)
        line = data.index(b"\r\n")
        cuts = {*t.random.sample(range(1, line), 2), line + 1, len(data) - 1}
        peer, got = t.raw(data, "a request in pieces", status=200, cuts=sorted(cuts), hint=hint)
        told(peer, got, path=path)
    data = wire.request("/environ/bytewise", (("Host", "a"),))
    peer, got = t.raw(data, "a request, byte by byte", status=200, cuts=range(1, len(data)), hint=hint)
    told(peer, got, path="/environ/bytewise")


def two_at_once(t: Asked) -> None:
    """One client that is slow does not keep the others waiting"""
    data = wire.request(f"/environ/{t.word()}", HEADERS)
    half = t.random.randrange(4, 12)
    with t.peer() as slow:
        slow.send(data[:half], "the beginning of a request, and then nothing")
        t.http(
            "/environ", hint="another client is still sending its request: each connection needs a thread of its own"
        )
        slow.send(data[half:], "the rest of it")
        told(slow, answer(slow, 200), method="GET")


def in_parts(t: Asked) -> None:
    """The application's body comes in parts, without a length"""
    peer, got = t.http("/parts")
    header(peer, got, "X-Parts", "3", "the application's headers belong into the response")
    same_body(
        peer, got, b"one\ntwo\nthree\n", "the application returns an iterable: write each part of it, the head once"
    )
    peer.expect_end("the end of the connection, which ends the body", ENDS)


def no_parts(t: Asked) -> None:
    """The application's body has no parts at all: its head is written all the same"""
    hint = "an application may return an empty list: the head is written even if no part of a body comes"
    peer, got = t.http("/nothing", hint=hint)
    header(peer, got, "X-Nothing", "here", hint)
    same_body(peer, got, b"", "there is no body")


def closes_parts(t: Asked) -> None:
    """What the application returned is closed in the end, also when it fails (PEP 3333)"""
    hint = "if what the application returned has a method close, call it when all is written, and when it fails, too"
    for query, body in (("", b"one\ntwo\n"), ("?fails", b"one\n")):
        peer, got = t.http(f"/closes{query}")
        same_body(peer, got, body, "write each part of what the application returns")
        t.page("/closed", b"closed", hint)


def left_over(t: Asked) -> None:
    """The answer arrives, and then the end, although bytes are left that nobody read"""
    hint = (
        "a socket that is closed with unread bytes in it sends a reset, which may destroy the answer on its way: write "
        "it all, end only the writing (SHUT_WR), and read what is left, until the client ends, too"
    )
    for data, status in (
        (wire.request("/environ", HEADERS) + b"x" * 1000, 200),
        (wire.request("/environ", HEADERS).replace(b" HTTP/1.1", b" now") + b"x" * 1000, 400),
    ):
        peer, _ = t.raw(data, "a request, and 1000 bytes more than it has", status=status)
        peer.read_all()
        if peer.end is not End.FIN:
            del peer.facts["status"]  # the answer was right
            raise Wrong(peer.exchange(Kind.HTTP, "the end of the connection, and no reset", b""), hint)


def wsgi(t: Asked) -> None:
    """The application is told what WSGI owes it (PEP 3333), for HTTP/1.1 and HTTP/1.0"""
    for version in ("HTTP/1.1", "HTTP/1.0"):
        peer, got = t.http("/wsgi", version=version)
        told(peer, got, version=[1, 0], scheme="http", multithread=True, multiprocess=False, run_once=False, script="",
             remote="127.0.0.1", port=True, protocol=version)  # fmt: skip


def target_and_query(t: Asked) -> None:
    """The target is a path, percent-encoded, and a query; or a whole URL with both"""
    word = t.word()
    peer, got = t.http(f"/environ/{word}%20%C3%A9/b?x={word}&y=%20?", hint="path and query are in the request line")
    told(peer, got, path=f"/environ/{word} \xc3\xa9/b", query=f"x={word}&y=%20?")
    peer, got = t.http(
        f"http://example.com:80/environ/{word}?q", hint="the target may be a whole URL (RFC 9112, 3.2.2)"
    )
    told(peer, got, path=f"/environ/{word}", query="q")


def empty_line_before(t: Asked) -> None:
    """One empty line before the request line is passed over"""
    data = b"\r\n" + wire.request(path := f"/environ/{t.word()}", HEADERS)
    hint = "one empty line before the request line is passed over (RFC 9112, 2.2)"
    peer, got = t.raw(data, "an empty line, then a request", status=200, hint=hint)
    told(peer, got, path=path)


def not_http(t: Asked) -> None:
    """What is no request is answered with 400; with 414, if its line has no end"""
    for line in ("HELLO", "GET /environ", "GET  /environ HTTP/1.1", "GET environ HTTP/1.1", "GET /environ HTTP/1.1 now",
                 "G(T /environ HTTP/1.1", "GET /environ HTPP/1.1", "GET /a b HTTP/1.1",
                 "\x01\r\nGET /environ HTTP/1.1"):  # fmt: skip
        data = f"{line}\r\nHost: 127.0.0.1\r\n\r\n".encode()
        with t.peer() as peer:
            peer.facts["refused"] = "this is no request line"
            peer.send(data, "what is no request")
            got = answer(peer, 400, "a request line is METHOD target HTTP/1.1, with single spaces (RFC 9112, 3)")
            header(peer, got, "Connection", "close", "a refusal says that the connection ends: Connection: close")
            if got.one("content-length") != str(len(got.body)):
                header(peer, got, "Content-Length", str(len(got.body)), "a refusal says how long it is")
            peer.expect_end("the end of the connection", ENDS)
    with t.peer() as peer:
        peer.facts["refused"] = "a request line of 70000 bytes is too long"
        peer.send(wire.request("/environ/" + "a" * 70000, HEADERS), "a request line without an end")
        answer(peer, 414, "a target that is too long is answered with 414 (RFC 9110, 15.5.15)")


def application_fails(t: Asked) -> None:
    """An application that raises gives 500, or ends what it has begun; and the server lives on"""
    t.http(
        "/fails", status=500, hint="what the application raises is answered with 500, as long as nothing was written"
    )
    peer, got = t.http("/fails-late")
    same_body(peer, got, b"one\n", "what was written before it failed stays written, and nothing follows it")
    t.http("/environ", hint="one application that fails must not end the server")
