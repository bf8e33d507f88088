"""Fields of any bytes whatever: all are covered, and they tell what the oracles read.

wsproto, h11 and http.client are the oracles.
"""

from __future__ import annotations

import http.client
import io
import zlib
from itertools import pairwise
from typing import Any

import h11
from helpers_fields import (
    ANSWER,
    ASK,
    CLIENT_CLOSE,
    CLIENT_HELLO,
    DEFLATED,
    GET,
    MASK,
    SERVER_CLOSE,
    SERVER_HELLO,
    WERKZEUG_200,
    agreed,
    content,
    conversation,
    frame,
    named,
    read,
    values,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto.extensions import PerMessageDeflate
from wsproto.frame_protocol import FrameProtocol, Opcode

from tracer.reading.fields import Field, dissect, uncovered

PIECES = [
    *(ASK, ANSWER, agreed(), GET, WERKZEUG_200, CLIENT_HELLO, SERVER_HELLO, CLIENT_CLOSE, SERVER_CLOSE),
    *(b"\r\n", b"\n", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nHello\r\n", b"0\r\n\r\n"),
    *(frame(1, DEFLATED, rsv=4), frame(1, b"a", fin=False), frame(0, b"b"), b"HTTP/1.1 200 OK\r\n\r\n"),
    *(b"CONNECT a HTTP/1.1\r\n\r\n", b"HEAD / HTTP/1.0\n\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"A: b\r\n", b" c\r\n"),
]
STREAM = st.one_of(
    st.binary(max_size=300),
    st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=12)), max_size=8).map(b"".join),
)


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Two byte strings: anything, or what almost is a conversation, cut and changed somewhere."""
    asked, answered = draw(STREAM), draw(STREAM)
    if draw(st.booleans()):
        asked, answered = ASK + asked, draw(st.sampled_from([ANSWER, agreed(), agreed("x-other")])) + answered
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, max(0, len(answered) - 1)))
        answered = answered[:at] + draw(st.binary(max_size=2)) + answered[at + draw(st.integers(0, 2)) :]
    return asked[: draw(st.integers(0, 2000))], answered


@given(streams(), st.sampled_from(["server", "client"]))
@settings(max_examples=400, deadline=None)
def test_any_bytes_are_covered_and_nothing_is_raised(pair: tuple[bytes, bytes], role: str) -> None:
    read(*(pair if role == "server" else pair[::-1]), role)


MASKS = st.one_of(st.just(MASK), st.binary(min_size=4, max_size=4))
SIZES = st.sampled_from([0, 1, 2, 5, 124, 125, 126, 127, 300, 65535, 65536])
CONTENT = st.one_of(st.binary(max_size=40), SIZES.map(lambda n: (b"unmagic " * 8193)[:n]))


@st.composite
def talks(draw: st.DrawFn, *, client: bool, controls: bool) -> tuple[bytes, list[tuple[int, bytes]], bytes]:
    """Valid frames of one direction, the conversation that they are, and the handshake's answer."""
    takeover = draw(st.booleans())
    side = "client" if client else "server"
    deflate = draw(st.booleans())
    answer = agreed("permessage-deflate" + f"; {side}_no_context_takeover" * (not takeover)) if deflate else ANSWER
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    wire, told = b"", []
    for _ in range(draw(st.integers(0, 5))):
        opcode = draw(st.sampled_from([1, 2]))
        plain = draw(st.text(max_size=30)).encode() if opcode == 1 else draw(CONTENT)
        packed, body = deflate and draw(st.booleans()), plain
        if packed:
            body = (packer.compress(plain) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
            packer = packer if takeover else zlib.compressobj(9, zlib.DEFLATED, -15)
        cuts = sorted(draw(st.lists(st.integers(0, len(body)), max_size=3)))
        edges = [0, *cuts, len(body)]
        for n, (a, b) in enumerate(pairwise(edges)):
            last = n == len(cuts)
            mask = draw(MASKS) if client else b""
            wire += frame(0 if n else opcode, body[a:b], mask, fin=last, rsv=4 if packed and not n else 0)
            if controls and not last and draw(st.booleans()):
                beat = draw(st.sampled_from([9, 10])), draw(st.binary(max_size=125))
                wire += frame(*beat, draw(MASKS) if client else b"")
                told.append(beat)
        told.append((opcode, plain))
    if draw(st.booleans()):
        end = (8, draw(st.sampled_from([b"", b"\x03\xe8", "\u0fa0".encode("utf-16-be") + "adieu é".encode()])))
        wire += frame(*end, draw(MASKS) if client else b"")
        told.append(end)
    return wire, told, answer


@given(st.data(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_fields_rebuild_the_conversation(data: st.DataObject, client: bool) -> None:
    wire, told, answer = data.draw(talks(client=client, controls=True))
    received, sent = (ASK + wire, answer) if client else (ASK, answer + wire)
    found = dissect(received, sent)
    fields, stream = (found.received, received) if client else (found.sent, sent)
    assert uncovered(fields, len(stream)) == []
    assert conversation(stream, fields[1:]) == told
    for top in fields[1:]:  # the text of a message in one frame is a field's value, not only its bytes
        text = content(stream, top).decode("utf-8", "replace")
        if top.value.startswith("text") and "final" in top.value and text and text.isprintable():
            assert text in values([top], [*top.walk()][-1].name)


@given(st.data(), st.booleans())
@settings(max_examples=100, deadline=None)
def test_wsproto_reads_the_same(data: st.DataObject, client: bool) -> None:
    """Without control frames between fragments: wsproto fails on those in compressed messages."""
    wire, _, answer = data.draw(talks(client=client, controls=False))
    extension = PerMessageDeflate()
    if b"deflate" in answer:
        extension.finalize(answer.partition(b"Extensions: ")[2].strip().decode())
    oracle = FrameProtocol(client=not client, extensions=[extension] if b"deflate" in answer else [])
    oracle.receive_bytes(wire)
    expected: list[tuple[int, bytes]] = []
    parts: list[bytes] = []
    for event in oracle.received_frames():
        payload: Any = event.payload
        if event.opcode is Opcode.CLOSE:
            code, reason = payload
            body = b"" if code == 1005 else int(code).to_bytes(2, "big") + (reason or "").encode()
            expected.append((8, body))
            break
        parts.append(payload.encode() if isinstance(payload, str) else bytes(payload))
        if event.message_finished:
            expected.append((int(event.opcode), b"".join(parts)))
            parts = []
    found = dissect(ASK + wire, answer) if client else dissect(ASK, answer + wire)
    stream, fields = (ASK + wire, found.received) if client else (answer + wire, found.sent)
    assert conversation(stream, fields[1:]) == expected


NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,9}", fullmatch=True).map(lambda name: "X-" + name)
VALUES = st.from_regex(r"([!-~]([ -~]{0,20}[!-~])?)?", fullmatch=True)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=5)


@st.composite
def messages(draw: st.DrawFn, first: str) -> tuple[bytes, bytes]:
    """A message that begins with the line `first`, and its content."""
    lines = [first, "Host: a", *(f"{k}:{draw(st.sampled_from(['', ' ', '  ']))}{v}" for k, v in draw(HEADERS))]
    parts = draw(st.lists(st.binary(min_size=1, max_size=30), max_size=3))
    plain = b"".join(parts)
    if draw(st.booleans()):
        lines.append("Transfer-Encoding: chunked")
        sizes = draw(st.sampled_from(["%x", "%X", "%03x;q=1"]))
        body = b"".join((sizes % len(p)).encode() + b"\r\n" + p + b"\r\n" for p in parts) + b"0\r\n\r\n"
    else:
        lines.append(f"Content-Length: {len(plain)}")
        body = plain
    return "\r\n".join([*lines, "", ""]).encode() + body, plain


def body_of(data: bytes, top: Field) -> bytes:
    for f in named([top], "decoded content"):
        return f.derived or b""
    return b"".join(data[f.start : f.stop] for f in named([top], "message-body"))


@given(st.lists(messages("POST /a?b HTTP/1.1"), min_size=1, max_size=3))
@settings(max_examples=100, deadline=None)
def test_h11_reads_the_same_requests(sent: list[tuple[bytes, bytes]]) -> None:
    stream = b"".join(raw for raw, _ in sent)
    oracle = h11.Connection(h11.SERVER)
    oracle.receive_data(stream)
    found = read(stream).received
    assert len(found) == len(sent)
    for top in found:
        request, content = oracle.next_event(), b""
        assert isinstance(request, h11.Request)
        while isinstance(event := oracle.next_event(), h11.Data):
            content += bytes(event.data)
        assert isinstance(event, h11.EndOfMessage)
        assert values([top], "method") == [request.method.decode()]
        assert values([top], "request-target") == [request.target.decode()]
        lines = [[stream[f.start : f.stop] for f in line.children] for line in named([top], "field-line")]
        assert [(p[0], p[-2].strip() if len(p) > 3 else b"") for p in lines] == [*request.headers.raw_items()]
        assert body_of(stream, top) == content
        oracle.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
        oracle.send(h11.EndOfMessage())
        oracle.start_next_cycle()


class _Socket:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self.data)


@given(messages("HTTP/1.1 200 Fine"), st.sampled_from(["GET", "HEAD"]))
@settings(max_examples=100, deadline=None)
def test_http_client_reads_the_same_responses(sent: tuple[bytes, bytes], method: str) -> None:
    raw, _ = sent
    oracle = http.client.HTTPResponse(_Socket(raw), method=method)  # type: ignore[arg-type]
    oracle.begin()
    raw = raw if method == "GET" else raw[: raw.index(b"\r\n\r\n") + 4]
    (top,) = read(GET.replace(b"GET", method.encode()), raw).sent
    assert body_of(raw, top) == oracle.read()
    assert values([top], "status-code") == [str(oracle.status)] and values([top], "reason-phrase") == [oracle.reason]
