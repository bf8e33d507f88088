"""Fields: every byte of a connection has one name, and the names tell the conversation.

Grouped by RFC section. Raw bytes are the RFC's own examples or what a real server wrote; wsproto, h11 and http.client
are the oracles. `painted` counts every bit by itself, so that the check `uncovered` is checked too.
"""

from __future__ import annotations

import http.client
import io
import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto.extensions import PerMessageDeflate
from wsproto.frame_protocol import FrameProtocol, Opcode

from tracer.reading.fields import Dissection, Field, dissect, uncovered, websocket_deflate
from tracer.reading.fields.http1_names import FIELD_SECTIONS

MASK = bytes.fromhex("37fa213d")
CLIENT_HELLO = bytes.fromhex("818537fa213d7f9f4d5158")  # RFC 6455, 5.7: a masked "Hello"
SERVER_HELLO = bytes.fromhex("810548656c6c6f")
CLIENT_CLOSE, SERVER_CLOSE = bytes.fromhex("888237fa213d3412"), bytes.fromhex("880203e8")

# RFC 6455, 1.3
ASK = (
    b"GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\n"
    b"Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
ANSWER = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
)
WERKZEUG_200 = (  # as captured behind a Flask-Sock handler
    b"HTTP/1.1 200 OK\r\nServer: Werkzeug/3.1.8 Python/3.11.7\r\nDate: Mon, 23 Nov 2026 23:52:45 GMT\r\n"
    b"Content-Type: text/html; charset=utf-8\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


# Tools -----------------------------------------------------------------------------------------------------


def frame(opcode: int, payload: bytes, mask: bytes = b"", *, fin: bool = True, rsv: int = 0, form: int = 0) -> bytes:
    """A frame; `form` is 0 for the shortest length, or 126 or 127."""
    size = len(payload)
    form = form or (size if size < 126 else 126 if size < 65536 else 127)
    head = bytes([fin << 7 | rsv << 4 | opcode, (bool(mask) << 7) | form])
    head += size.to_bytes({126: 2, 127: 8}[form], "big") if form > 125 else b""
    return head + mask + (bytes(b ^ mask[i % 4] for i, b in enumerate(payload)) if mask else payload)


def agreed(extension: str = "permessage-deflate") -> bytes:
    return ANSWER[:-2] + b"Sec-WebSocket-Extensions: " + extension.encode() + b"\r\n\r\n"


def named(fields: Iterable[Field], name: str) -> list[Field]:
    return [f for top in fields for f in top.walk() if f.name == name]


def values(fields: Iterable[Field], name: str) -> list[str]:
    return [f.value for f in named(fields, name)]


def tree(fields: Iterable[Field], depth: int = 0) -> list[str]:
    lines = []
    for f in fields:
        where = f"{f.start}-{f.stop}" + (f" bits {f.bits[0]}-{f.bits[1]}" if f.bits else "")
        where += f" {f.buffer}" if f.buffer != "wire" else ""
        lines.append("  " * depth + f"{f.name} {where}" + (f" = {f.value}" if f.value else ""))
        lines += tree(f.children, depth + 1)
    return lines


def painted(fields: Iterable[Field], size: int) -> list[int]:
    """How often each bit of the wire is named by a field without parts on the wire."""
    bits = [0] * (size * 8)
    for top in fields:
        for f in top.walk():
            if f.buffer == "wire" and all(child.buffer != "wire" for child in f.children):
                first, last = f.bits or (0, 8 * (f.stop - f.start))
                for n in range(f.start * 8 + first, f.start * 8 + last):
                    bits[n] += 1
    return bits


def read(received: bytes, sent: bytes = b"", role: Any = "server") -> Dissection:
    """`dissect`, with everything checked that must hold for any bytes."""
    found = dissect(received, sent, role)
    for fields, data in ((found.received, received), (found.sent, sent)):
        assert uncovered(fields, len(data)) == []
        assert set(painted(fields, len(data))) <= {1}
        for f in (f for top in fields for f in top.walk()):
            assert f.name and f.section.startswith("RFC ") and len(f.value) <= 80 and f.value.isprintable()
    return found


def received_frames(data: bytes, answer: bytes = ANSWER) -> tuple[Field, ...]:
    return read(ASK + data, answer).received[1:]


def sent_frames(data: bytes, answer: bytes = ANSWER) -> tuple[Field, ...]:
    return read(ASK, answer + data).sent[1:]


def one(fields: tuple[Field, ...], name: str) -> Field:
    (found,) = named(fields, name)
    return found


def content(data: bytes, top: Field) -> bytes:
    """What a frame carries, from its fields alone: inflated if it is, unmasked if it was masked."""
    for name in ("inflated payload data", "unmasked payload data"):
        for f in named([top], name):
            return f.derived or b""
    return b"".join(data[f.start : f.stop] for f in named([top], "payload data"))


def conversation(data: bytes, fields: Iterable[Field]) -> list[tuple[int, bytes]]:
    """Messages and control frames as (opcode, content), rebuilt from field values and field bytes."""
    found: list[tuple[int, bytes]] = []
    opened: tuple[int, bytes] | None = None
    for top in fields:
        assert top.name == "frame" and "fault" not in top.value, top.value
        opcode, fin = int(values([top], "opcode")[0].split(":")[0]), values([top], "FIN") == ["1"]
        if opcode >= 8:
            found.append((opcode, content(data, top)))
            continue
        opened = (opened[0], opened[1] + content(data, top)) if opened else (opcode, content(data, top))
        if fin:
            found.append(opened)
            opened = None
    assert opened is None
    return found


# The check itself ------------------------------------------------------------------------------------------


def test_uncovered_finds_gaps_overlaps_and_what_lies_outside() -> None:
    def run(start: int, stop: int, *children: Field, **other: Any) -> Field:
        return replace(Field("x", start, stop, "RFC 0", children=children), **other)

    assert uncovered([], 0) == [] and uncovered([], 3) == [(0, 3)]
    assert uncovered([run(0, 2), run(2, 5)], 5) == []
    assert uncovered([run(0, 2), run(3, 5)], 5) == [(2, 3)]
    assert uncovered([run(0, 3), run(2, 5)], 5) == [(2, 3)]
    assert uncovered([run(0, 2)], 5) == [(2, 5)]
    assert uncovered([run(0, 7)], 5) == [(5, 7)]
    assert uncovered([run(2, 5), run(0, 2)], 5)
    assert uncovered([run(0, 5), run(5, 5)], 5) == [(5, 5)]
    assert uncovered([run(0, 5, run(0, 2), run(3, 5))], 5) == [(2, 3)]
    assert uncovered([run(0, 5, run(0, 6))], 5) == [(5, 6)]
    high, low = run(0, 1, bits=(0, 4)), run(0, 1, bits=(4, 8))
    assert uncovered([run(0, 1, high, low)], 1) == []
    assert uncovered([run(0, 1, high)], 1) == [(0, 1)]
    assert uncovered([run(0, 1, high, high, low)], 1) == [(0, 1)]
    assert uncovered([run(0, 2, bits=(0, 8))], 2)
    derived = run(0, 3, buffer="unmasked", derived=b"abc")
    assert uncovered([run(0, 5, derived)], 5) == []
    assert uncovered([run(0, 5, replace(derived, stop=2))], 5) == [(0, 2)]
    assert uncovered([run(0, 5, replace(derived, children=(run(0, 2, buffer="unmasked"),)))], 5) == [(2, 3)]
    assert uncovered([run(0, 5, replace(derived, children=(run(0, 3),)))], 5)
    assert uncovered([run(0, 5, replace(derived, buffer="wire"))], 5) == [(0, 3)]
    nested = replace(derived, children=(run(0, 4, buffer="inflated", derived=b"abc"),))
    assert uncovered([run(0, 5, nested)], 5) == [(0, 4)]


# RFC 9112 --------------------------------------------------------------------------------------------------


def test_a_request_is_named_to_the_last_byte() -> None:
    assert tree(read(b"GET /a?b=c HTTP/1.1\r\nHost:  x \r\n\r\n").received) == [
        "request 0-34 = GET /a?b=c",
        "  request-line 0-21 = GET /a?b=c",
        "    method 0-3 = GET",
        "    SP 3-4",
        "    request-target 4-10 = /a?b=c",
        "    SP 10-11",
        "    HTTP-version 11-19 = HTTP/1.1",
        "    CRLF 19-21",
        "  field-line 21-32 = Host:  x ",
        "    field-name 21-25 = Host",
        "    colon 25-26",
        "    OWS 26-28",
        "    field-value 28-29 = x",
        "    OWS 29-30",
        "    CRLF 30-32",
        "  empty line 32-34 = the section ends",
        "    CRLF 32-34",
    ]


def test_a_response_is_named_to_the_last_byte() -> None:
    assert tree(read(GET, b"HTTP/1.0 404 Not Found\nContent-Length: 2\n\nno").sent) == [
        "response 0-44 = 404 Not Found",
        "  status-line 0-23 = 404 Not Found",
        "    HTTP-version 0-8 = HTTP/1.0",
        "    SP 8-9",
        "    status-code 9-12 = 404",
        "    SP 12-13",
        "    reason-phrase 13-22 = Not Found",
        "    CRLF 22-23 = a lone LF",
        "  field-line 23-41 = Content-Length: 2",
        "    field-name 23-37 = Content-Length",
        "    colon 37-38",
        "    OWS 38-39",
        "    field-value 39-40 = 2",
        "    CRLF 40-41 = a lone LF",
        "  empty line 41-42 = the section ends",
        "    CRLF 41-42 = a lone LF",
        "  message-body 42-44 = 2 bytes by Content-Length",
    ]


def test_a_known_header_says_where_it_is_defined() -> None:
    found = read(ASK).received
    sections = dict(zip(values(found, "field-name"), [f.section for f in named(found, "field-value")], strict=True))
    assert sections["Sec-WebSocket-Key"] == "RFC 6455, 11.3.1" and sections["Host"] == "RFC 9110, 7.2"
    assert all(name == name.lower() for name in FIELD_SECTIONS)


class TestFieldLines5:
    @pytest.mark.parametrize(
        ("line", "why"),
        [
            (b"no colon here", "without a colon"),
            (b"Name : x", "whitespace before the colon"),
            (b"Na me: x", "no token"),
            (b": x", "no token"),
            (b"Name: a\rb", "control character"),
            (b"Name: a\x00b", "control character"),
        ],
    )
    def test_a_malformed_line_is_data_and_the_next_is_read(self, line: bytes, why: str) -> None:
        found = read(b"GET / HTTP/1.1\r\n" + line + b"\r\nHost: a\r\n\r\n").received
        assert why in one(found, "data").value and values(found, "field-value") == ["a"]

    def test_a_line_end_is_not_looked_for_in_the_body_before_it(self) -> None:
        found = read(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nx\r\n" + GET).received
        assert [f.name for f in found] == ["request", "empty line before a request", "request"]
        assert found[1].start == found[0].stop

    def test_an_empty_value_has_no_field(self) -> None:
        found = read(b"GET / HTTP/1.1\r\nA:\r\nB: \r\n\r\n").received
        assert values(found, "field-name") == ["A", "B"] and named(found, "field-value") == []

    def test_a_folded_line_belongs_to_the_one_above(self) -> None:
        found = read(b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip,\r\n chunked\r\n\r\n0\r\n\r\nGET").received
        assert values(found, "obs-fold") == ["chunked"] and len(named(found, "last-chunk")) == 1

    def test_empty_lines_before_a_request_are_named(self) -> None:
        found = read(GET + b"\r\n\n" + GET).received
        assert [f.name for f in found] == ["request", *["empty line before a request"] * 2, "request"]


class TestLength6_3:
    POST = b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n"

    def test_content_length_and_pipelining(self) -> None:
        found = read(self.POST + b"HelloGET /2 HTTP/1.1\r\n\r\n").received
        assert [f.value for f in found] == ["POST /", "GET /2"]
        assert one(found, "message-body").value == "5 bytes by Content-Length"

    def test_a_cut_body_says_so(self) -> None:
        found = read(self.POST + b"Hel").received
        assert found[0].value == "incomplete body: POST /"
        assert one(found, "message-body").value == "incomplete: 3 of 5 bytes"

    @pytest.mark.parametrize(
        ("headers", "why"),
        [
            (b"Content-Length: 5, 6", "differing"),
            (b"Content-Length: 5\r\nContent-Length: 6", "differing"),
            (b"Content-Length: -5", "not a number"),
            (b"Content-Length: " + b"9" * 5000, "not a number"),
            (b"Content-Length: \xb2", "not a number"),
            (b"Transfer-Encoding: chunked, gzip", "not chunked"),
        ],
    )
    def test_framing_that_cannot_be_believed(self, headers: bytes, why: str) -> None:
        found = read(b"POST / HTTP/1.1\r\n" + headers + b"\r\n\r\nHello" + GET).received
        assert len(found) == 1 and why in one(found, "data").value and "malformed" in found[0].value

    def test_one_length_said_twice(self) -> None:
        found = read(b"POST / HTTP/1.1\r\nContent-Length: 5, 5\r\nContent-Length: 5\r\n\r\nHello" + GET).received
        assert [f.value for f in found] == ["POST /", "GET /"]

    OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"

    def test_a_response_to_head_has_no_body_whatever_it_says(self) -> None:
        asked = GET.replace(b"GET", b"HEAD") + GET
        found = read(asked, self.OK + self.OK + b"Hello").sent
        assert [f.value for f in found] == ["200 OK", "200 OK"] and len(named(found[:1], "message-body")) == 0
        assert len(named(found[1:], "message-body")) == 1

    @pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
    def test_statuses_without_a_body(self, status: bytes) -> None:
        found = read(GET + GET, self.OK.replace(b"200 OK", status) + self.OK + b"Hello").sent
        assert [f.value for f in found] == [status.decode(), "200 OK"]

    def test_interim_responses_answer_no_request(self) -> None:
        asked = self.POST + b"Hello" + GET.replace(b"GET", b"HEAD")
        sent = b"HTTP/1.1 100 Continue\r\n\r\n" + self.OK + b"Hello" + self.OK
        found = read(asked, sent).sent
        assert [f.value for f in found] == ["100 Continue", "200 OK", "200 OK"]
        assert len(named(found, "message-body")) == 1

    def test_until_close(self) -> None:
        found = read(GET, b"HTTP/1.1 200\r\n\r\n" + SERVER_HELLO).sent
        assert one(found, "message-body").value == "7 bytes, until the connection closes"
        assert one(found, "status-line").value == "200" and not named(found, "reason-phrase")

    def test_connect_makes_a_tunnel(self) -> None:
        found = read(
            b"CONNECT a:1 HTTP/1.1\r\n\r\nabc", b"HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nContent-Length: 9\r\n\r\nxyz"
        )
        assert "tunnel" in found.received[1].value and "tunnel" in found.sent[1].value

    def test_another_upgrade_is_not_dissected(self) -> None:
        found = read(GET + b"abc", b"HTTP/1.1 101 S\r\nUpgrade: h2c\r\n\r\nxyz")
        assert found.sent[1].value == "3 bytes, after the upgrade to h2c" and found.protocol == "HTTP/1.1"


class TestChunked7_1:
    POST = b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: Chunked\r\n\r\n"

    def test_chunks_extensions_and_trailers(self) -> None:
        data = self.POST + b"5;a=b\r\nHello\r\n2\r\n, \r\n00\r\nX: y\r\n\r\n" + GET
        found = read(data).received
        body = one(found, "message-body")
        assert [line.split()[0] + line.partition(" =")[2] for line in tree([body])[1:]] == [
            *("chunk 5 bytes", "chunk-size 5", "chunk-ext ;a=b", "CRLF", "chunk-data 5 bytes", "CRLF"),
            *("chunk 2 bytes", "chunk-size 2", "CRLF", "chunk-data 2 bytes", "CRLF"),
            *("last-chunk 0", "chunk-size 00", "CRLF"),
            *("trailer-section 1 line", "field-line X: y", "field-name X", "colon", "OWS"),
            *("field-value y", "CRLF", "empty the section ends", "CRLF", "decoded Hello, "),
        ]
        assert one(found, "decoded content").derived == b"Hello, " and found[1].value == "GET /"
        assert one(found, "decoded content").buffer == "dechunked"

    @pytest.mark.parametrize(
        ("body", "why", "content"),
        [
            (b"5\r\nHel", "incomplete", b"Hel"),
            (b"5\r\nHello", "incomplete", b"Hello"),
            (b"5\r\nHello\r", "incomplete", b"Hello"),
            (b"5\r\nHello\r\n", "incomplete", b"Hello"),
            (b"5\r\nHello\r\n0", "incomplete", b"Hello"),
            (b"5\r\nHello\r\n0\r\n", "incomplete", b"Hello"),
            (b"5\r\nHello\r\n0\r\nX: y\r\n", "incomplete", b"Hello"),
            (b"5\r\nHelloX\r\n", "without its CRLF", b"Hello"),
            (b"0x5\r\nHello\r\n", "not a chunk-size", b""),
            (b"\r\n", "not a chunk-size", b""),
            (b"f" * 17 + b"\r\nHello", "not a chunk-size", b""),
        ],
    )
    def test_what_is_cut_or_malformed_says_so(self, body: bytes, why: str, content: bytes) -> None:
        found = read(self.POST + body).received
        assert why in one(found, "message-body").value and one(found, "decoded content").derived == content
        assert found[0].value == "incomplete body: POST /"


class TestNotHttp:
    @pytest.mark.parametrize(
        ("data", "why"),
        [
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", "not a request-line"),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "not a request-line"),
            (b"GET /\r\n", "not a request-line"),
            (b"GET  / HTTP/1.1\r\n\r\n", "not a request-line"),
            (b"\r\n\r\nGET /\r\n", "not a request-line"),
            (b"GET / HTT", "ends within the request-line"),
            (b"GET / HTTP/1.1", "ends within the request-line"),
        ],
    )
    def test_is_one_field_that_says_why(self, data: bytes, why: str) -> None:
        found = read(data, b"+PONG\r\n")
        assert [f.name for f in found.received + found.sent] == ["data", "data"]
        assert why in found.received[0].value and found.protocol == "unknown"

    def test_nothing_at_all(self) -> None:
        found = read(b"", b"")
        assert (found.received, found.sent, found.protocol) == ((), (), "unknown")

    def test_tls_sent_to_a_plain_server_is_answered_in_http(self) -> None:
        found = read(b"\x16\x03\x01", b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        assert found.received[0].name == "data" and found.sent[0].value == "400 Bad Request"
        assert found.protocol == "HTTP/1.1"

    def test_a_header_that_the_stream_cuts(self) -> None:
        found = read(b"GET / HTTP/1.1\r\nHost: exam").received
        assert found[0].value == "incomplete header section: GET /" and "incomplete" in one(found, "data").value


# RFC 6455 --------------------------------------------------------------------------------------------------


def test_1_3_the_handshake_switches_both_directions() -> None:
    found = read(ASK + CLIENT_HELLO, ANSWER + SERVER_HELLO)
    assert found.protocol == "WebSocket"
    assert [(f.name, f.value) for f in found.received] == [("request", "GET /chat"), ("frame", "text, 5 bytes, final")]
    assert [f.name for f in found.sent] == ["response", "frame"]
    turned = read(ANSWER + SERVER_HELLO, ASK + CLIENT_HELLO, "client")
    assert (turned.received, turned.sent, turned.protocol) == (found.sent, found.received, found.protocol)


def test_a_refused_handshake_stays_http() -> None:
    found = read(ASK + GET, b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx")
    assert [f.name for f in found.received] == ["request"] * 2 and found.protocol == "HTTP/1.1"


class TestExamples5_7:
    def test_a_masked_text_frame(self) -> None:
        (top,) = received_frames(CLIENT_HELLO)
        assert tree([shift(top, -len(ASK))]) == [
            "frame 0-11 = text, 5 bytes, final",
            "  header 0-2",
            "    FIN 0-1 bits 0-1 = 1",
            "    RSV1 0-1 bits 1-2 = 0",
            "    RSV2 0-1 bits 2-3 = 0",
            "    RSV3 0-1 bits 3-4 = 0",
            "    opcode 0-1 bits 4-8 = 1: text",
            "    MASK 1-2 bits 0-1 = 1",
            "    payload length 1-2 bits 1-8 = 5",
            "  masking-key 2-6 = 37 fa 21 3d",
            "  payload data 6-11 = 7f 9f 4d 51 58",
            "    unmasked payload data 0-5 unmasked = Hello",
        ]
        assert one((top,), "unmasked payload data").derived == b"Hello"

    def test_an_unmasked_text_frame(self) -> None:
        (top,) = sent_frames(SERVER_HELLO)
        assert one((top,), "payload data").value == "Hello" and not named([top], "masking-key")

    def test_a_fragmented_message(self) -> None:
        found = sent_frames(bytes.fromhex("010348656c 80026c6f"))
        assert [f.value for f in found] == ["text, 3 bytes, more follows", "continuation of text, 2 bytes, final"]
        assert values(found, "payload data") == ["Hel", "lo"]

    def test_ping_and_its_masked_pong(self) -> None:
        (ping,) = sent_frames(bytes.fromhex("890548656c6c6f"))
        (pong,) = received_frames(bytes.fromhex("8a8537fa213d7f9f4d5158"))
        assert (ping.value, pong.value) == ("ping, 5 bytes", "pong, 5 bytes")
        assert values([ping], "payload data") == values([pong], "unmasked payload data") == ["Hello"]

    @pytest.mark.parametrize(
        ("head", "size", "short", "width"),
        [("827E0100", 256, "126: the next 2 bytes tell", 2), ("827F0000000000010000", 65536, "127: the next 8", 8)],
    )
    def test_long_binary_messages(self, head: str, size: int, short: str, width: int) -> None:
        found = sent_frames(bytes.fromhex(head) + bytes(size))
        assert found[0].value == f"binary, {size} bytes, final"
        assert one(found, "payload length").value.startswith(short)
        extended = one(found, "extended payload length")
        assert extended.value == str(size) and extended.stop - extended.start == width


def shift(f: Field, by: int) -> Field:
    """The field as if the stream began elsewhere; derived buffers stay."""
    if f.buffer != "wire":
        return f
    return replace(f, start=f.start + by, stop=f.stop + by, children=tuple(shift(c, by) for c in f.children))


class TestFaults:
    @pytest.mark.parametrize(
        ("data", "part", "why"),
        [
            (frame(1, b"x", MASK, rsv=4), "RSV1", "no extension uses it (5.2)"),
            (frame(1, b"x", MASK, rsv=2), "RSV2", "no extension uses it (5.2)"),
            (frame(1, b"x", MASK, rsv=1), "RSV3", "no extension uses it (5.2)"),
            (frame(3, b"x", MASK), "opcode", "reserved opcode (5.2)"),
            (frame(11, b"x", MASK), "opcode", "reserved opcode (5.2)"),
            (frame(9, b"x" * 126, MASK), "payload length", "at most 125 bytes (5.5)"),
            (frame(9, b"x", MASK, fin=False), "FIN", "must not be fragmented (5.5)"),
            (frame(0, b"x", MASK), "opcode", "nothing to continue (5.4)"),
            (frame(1, b"x"), "MASK", "client must mask (5.1)"),
            (frame(1, b"x", MASK, form=126), "extended payload length", "shortest form (5.2)"),
            (frame(1, b"x" * 200, MASK, form=127), "extended payload length", "shortest form (5.2)"),
            (b"\x82\xff" + b"\xff" * 8 + MASK + b"O", "extended payload length", "must be 0 (5.2)"),
        ],
    )
    def test_a_header_that_breaks_the_rfc_is_dissected(self, data: bytes, part: str, why: str) -> None:
        top = received_frames(data)[0]
        assert f"fault: {why}"[7:] in top.value and top.value.count("fault") == 1
        assert [f.name for f in top.walk() if "fault" in f.value] == ["frame", part]
        assert why in one((top,), part).value
        assert content(ASK + data, top)[:1] == b"x"

    def test_a_server_must_not_mask(self) -> None:
        (top,) = sent_frames(CLIENT_HELLO)
        assert "a server must not mask" in top.value and one((top,), "unmasked payload data").value == "Hello"

    def test_a_message_inside_another(self) -> None:
        found = sent_frames(frame(1, b"a", fin=False) + frame(9, b"") + frame(2, b"b") + frame(1, b"c"))
        assert ["fault" in f.value for f in found] == [False, False, True, False]

    def test_rsv1_where_a_message_does_not_start(self) -> None:
        found = sent_frames(frame(9, b"x", rsv=4) + frame(0, b"", rsv=4), agreed())
        assert all("RFC 7692, 6" in value for value in values(found, "RSV1"))

    def test_an_unknown_extension_may_use_the_reserved_bits(self) -> None:
        assert "fault" not in "".join(tree(sent_frames(frame(1, b"x", rsv=7) + frame(3, b"x"), agreed("x-mine; a=b"))))

    @pytest.mark.parametrize("cut", range(1, 15))
    def test_a_cut_frame_counts_what_is_there(self, cut: int) -> None:
        whole = frame(1, b"Hello!", MASK, form=126)  # not the shortest form, but that is not known at first
        (top,) = received_frames(whole[:cut])
        size = {1: "1 of at least 2", 2: "2 of at least 8", 3: "3 of at least 8"}.get(cut, f"{cut} of 14")
        assert (f"incomplete: {size} bytes" in top.value) == (cut < 14)
        assert ("fault: not the shortest" in top.value) == ("fault" in top.value) == (cut > 3)
        cuts = {3: ("extended payload length", "1 of 2"), 5: ("masking-key", "1 of 4"), 9: ("payload data", "1 of 6")}
        if cut in cuts:
            name, missing = cuts[cut]
            assert one((top,), name).value == f"incomplete: {missing} bytes"
        if cut > 8:
            assert one((top,), "unmasked payload data").derived == b"Hello!"[: cut - 8]


class TestClose5_5_1:
    def test_code_and_reason_are_fields_of_the_unmasked_buffer(self) -> None:
        (top,) = received_frames(frame(8, b"\x03\xe8bye", MASK))
        assert tree([one((top,), "unmasked payload data")]) == [
            "unmasked payload data 0-5 unmasked = 1000: Normal Closure; bye",
            "  status code 0-2 unmasked = 1000: Normal Closure",
            "  reason 2-5 unmasked = bye",
        ]

    def test_a_server_has_them_on_the_wire(self) -> None:
        (top,) = sent_frames(SERVER_CLOSE)
        code = one((top,), "status code")
        assert (code.buffer, code.start, code.value) == ("wire", top.start + 2, "1000: Normal Closure")

    @pytest.mark.parametrize("code", [1000, 1003, 1007, 1014, 3000, 3999, 4000, 4999])
    def test_codes_that_may_be_sent(self, code: int) -> None:
        (top,) = sent_frames(frame(8, code.to_bytes(2, "big")))
        assert "fault" not in top.value and str(code) in one((top,), "status code").value

    @pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])
    def test_codes_that_must_not(self, code: int) -> None:
        (top,) = sent_frames(frame(8, code.to_bytes(2, "big")))
        assert "fault" in top.value and "fault" in one((top,), "status code").value

    def test_one_byte_and_bad_text(self) -> None:
        for body, why in ((b"\x03", "one byte"), (b"\x03\xe8\xff", "not UTF-8"), (b"\x03\xe8\xe2\x82", "not UTF-8")):
            (top,) = sent_frames(frame(8, body))
            assert why in top.value

    def test_frames_behind_it_are_named_with_the_fault(self) -> None:
        found = sent_frames(SERVER_CLOSE + SERVER_HELLO + b"Hello")
        assert "after the Close frame (5.5.1)" in found[1].value
        assert (found[2].name, found[2].value) == ("data", "neither a frame nor HTTP, behind the Close frame")


class TestHttpOnAWebSocket:
    """What Werkzeug writes when a Flask-Sock handler ends."""

    def test_after_the_close_frame(self) -> None:
        found = sent_frames(SERVER_HELLO + SERVER_CLOSE + WERKZEUG_200)
        assert [f.name for f in found] == ["frame", "frame", "HTTP response on a WebSocket"]
        assert "after the Close frame" in found[2].value and found[2].section == "RFC 6455, 5.5.1"
        assert values(found, "status-line") == ["200 OK"]

    def test_before_the_close_frame(self) -> None:
        found = sent_frames(SERVER_HELLO + WERKZEUG_200 + SERVER_CLOSE)
        assert [f.name for f in found] == ["frame", "HTTP response on a WebSocket", "frame"]
        assert "before any Close frame" in found[1].value and found[2].value == "close, 2 bytes"

    def test_before_it_and_without_a_length(self) -> None:
        bare = WERKZEUG_200.replace(b"Content-Length: 0\r\n", b"")
        found = sent_frames(bare + SERVER_CLOSE)
        assert [f.name for f in found] == ["HTTP response on a WebSocket", "frame"]
        (page,) = sent_frames(bare + b"<p>no frame</p>")
        assert one((page,), "message-body").value == "15 bytes, until the connection closes"

    def test_an_error_page(self) -> None:
        page = b"HTTP/1.1 500 INTERNAL SERVER ERROR\r\nContent-Length: 15\r\n\r\n<!doctype html>"
        found = sent_frames(page + SERVER_CLOSE)
        assert [f.value for f in found[1:]] == ["close, 2 bytes"]
        assert one(found, "message-body").stop == found[0].stop

    def test_cut(self) -> None:
        assert sent_frames(WERKZEUG_200[:5])[0].name == "HTTP response on a WebSocket"
        assert sent_frames(WERKZEUG_200[:20])[0].children[0].value == "incomplete header section: 200 OK"

    def test_rubbish_behind_it_is_data(self) -> None:
        assert sent_frames(WERKZEUG_200 + b"</html>")[1].value == "neither a frame nor HTTP, behind an HTTP response"

    def test_a_client_does_not_answer_in_http(self) -> None:
        assert received_frames(b"HTTP/1.1")[0].name == "frame"


class TestUtf8In8_1:
    EURO = "€".encode()

    def test_a_character_split_between_frames_is_whole(self) -> None:
        found = sent_frames(frame(1, self.EURO[:1], fin=False) + frame(9, b"") + frame(0, self.EURO[1:]))
        assert "fault" not in "".join(f.value for f in found)

    @pytest.mark.parametrize(
        "frames",
        [
            [frame(1, b"a\xff", fin=False), frame(0, b"b")],
            [frame(1, b"a\xff", fin=False), frame(0, b"b\xff")],
            [frame(1, EURO[:2], fin=False), frame(0, b"b")],
            [frame(1, EURO[:2], fin=False), frame(0, b"")],
            [frame(1, b"\xed\xa0\x80")],
            [frame(1, b"\xc0\xaf")],
        ],
    )
    def test_bad_text_is_a_fault_once(self, frames: list[bytes]) -> None:
        found = sent_frames(b"".join(frames) + frame(1, b"good"))
        assert sum("not UTF-8" in f.value for f in found) == 1 and "fault" not in found[-1].value

    def test_a_cut_frame_is_not_judged_before_its_end(self) -> None:
        (top,) = sent_frames(frame(1, self.EURO)[:-1])
        assert top.value == "text; incomplete: 4 of 5 bytes; 3 bytes, final"

    def test_binary_is_not_judged(self) -> None:
        assert one(sent_frames(frame(2, b"\xff")), "payload data").value == "ff"


# RFC 7692 --------------------------------------------------------------------------------------------------


class TestDeflate7_2_3:
    """The examples of section 7.2.3, each after its number; masked frames carry them as well."""

    FIRST = bytes.fromhex("f248cdc9c90700")

    def test_1_one_block(self) -> None:
        (top,) = sent_frames(frame(1, self.FIRST, rsv=4), agreed())
        assert tree([one((top,), "payload data")])[1:] == ["  inflated payload data 0-5 inflated = Hello"]
        assert one((top,), "payload data").value == "f2 48 cd c9 c9 07 00"
        (masked,) = received_frames(frame(1, self.FIRST, MASK, rsv=4), agreed())
        assert [f.name for f in masked.children[-1].walk()][1:] == ["unmasked payload data", "inflated payload data"]

    def test_1_fragmented_with_a_ping_between(self) -> None:
        data = bytes.fromhex("4103f248cd") + frame(9, b"x") + bytes.fromhex("8004c9c90700")
        found = sent_frames(data, agreed())
        assert b"".join(f.derived or b"" for f in named(found, "inflated payload data")) == b"Hello"
        assert values(found[1:2], "payload data") == ["x"] and "fault" not in "".join(tree(found))

    def test_a_last_frame_without_payload_has_no_payload_field(self) -> None:
        found = sent_frames(frame(1, self.FIRST, fin=False, rsv=4) + frame(0, b""), agreed())
        assert [f.name for f in found[1].children] == ["header"] and "fault" not in found[1].value

    def test_2_sharing_the_window(self) -> None:
        second = bytes.fromhex("f200110000")
        found = sent_frames(frame(1, self.FIRST, rsv=4) + frame(1, second, rsv=4), agreed())
        assert values(found, "inflated payload data") == ["Hello", "Hello"]
        sole = "permessage-deflate; server_no_context_takeover"
        found = sent_frames(frame(1, self.FIRST, rsv=4) + frame(1, second, rsv=4), agreed(sole))
        assert "fault: not DEFLATE data" in found[1].value

    @pytest.mark.parametrize("payload", ["000500faff48656c6c6f00", "f348cdc9c9070000", "f2480500 00 00ffff cac9c90700"])
    def test_3_4_5_other_blocks(self, payload: str) -> None:
        twice = frame(1, bytes.fromhex(payload), rsv=4) + frame(1, self.FIRST, rsv=4)
        assert values(sent_frames(twice, agreed()), "inflated payload data") == ["Hello", "Hello"]

    def test_6_an_empty_message(self) -> None:
        (top,) = sent_frames(frame(1, b"\x00", rsv=4), agreed())
        assert one((top,), "inflated payload data").derived == b"" and "fault" not in top.value

    def test_each_side_has_its_own_takeover(self) -> None:
        second = bytes.fromhex("f200110000")
        data = frame(1, self.FIRST, MASK, rsv=4) + frame(1, second, MASK, rsv=4)
        assert "fault" not in "".join(
            tree(received_frames(data, agreed("permessage-deflate; server_no_context_takeover")))
        )
        assert "fault" in "".join(tree(received_frames(data, agreed("permessage-deflate;client_no_context_takeover"))))

    def test_uncompressed_messages_between(self) -> None:
        found = sent_frames(frame(1, self.FIRST, rsv=4) + frame(1, b"plain") + frame(1, self.FIRST, rsv=4), agreed())
        assert values(found[1:2], "payload data") == ["plain"]
        assert values(found, "inflated payload data") == ["Hello", "Hello"]

    def test_bad_text_inside(self) -> None:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        bad = (packer.compress(b"\xff") + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
        (top,) = sent_frames(frame(1, bad, rsv=4), agreed())
        assert "not UTF-8" in top.value and "fault" in one((top,), "inflated payload data").value

    def test_broken_data_is_said_and_later_messages_too(self) -> None:
        found = sent_frames(frame(1, b"\xff\xff", rsv=4) + frame(1, self.FIRST, rsv=4), agreed())
        assert all("fault: not DEFLATE data" in f.value for f in found)

    def test_text_that_broken_data_cuts_is_not_blamed(self) -> None:
        stored = bytes.fromhex("000200fdff") + b"\xe2\x82"
        found = sent_frames(frame(1, stored, fin=False, rsv=4) + frame(0, b"\xff\xff"), agreed())
        assert "fault" not in found[0].value and "not DEFLATE" in found[1].value
        assert not any("UTF-8" in f.value for f in found[1].walk())

    def test_a_bomb_stops_at_the_limit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        bomb = (packer.compress(bytes(3 << 20)) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
        monkeypatch.setattr(websocket_deflate, "MESSAGE_LIMIT", 1 << 20)
        monkeypatch.setattr(websocket_deflate, "TOTAL_LIMIT", 5 << 18)
        answer = agreed("permessage-deflate; server_no_context_takeover")
        found = dissect(ASK, answer + frame(2, bomb, rsv=4) * 3).sent[1:]
        sizes = [len(f.derived or b"") for f in named(found, "inflated payload data")]
        assert sizes == [1 << 20, 1 << 18, 0] and all("fault: not inflated beyond" in f.value for f in found)


# Properties ------------------------------------------------------------------------------------------------

PIECES = [
    *(ASK, ANSWER, agreed(), GET, WERKZEUG_200, CLIENT_HELLO, SERVER_HELLO, CLIENT_CLOSE, SERVER_CLOSE),
    *(b"\r\n", b"\n", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nHello\r\n", b"0\r\n\r\n"),
    *(frame(1, TestDeflate7_2_3.FIRST, rsv=4), frame(1, b"a", fin=False), frame(0, b"b"), b"HTTP/1.1 200 OK\r\n\r\n"),
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


# Cost ------------------------------------------------------------------------------------------------------


def _final_blocks(n: int) -> bytes:
    """A compressed message of empty DEFLATE blocks that each say that they are the last."""
    return frame(2, b"\x03\x00" * (n // 2), rsv=4)


SHAPES: dict[str, Callable[[int], tuple[bytes, bytes]]] = {
    "noise": lambda n: (bytes(range(256)) * (n // 256), b""),
    "empty lines": lambda n: (b"\r\n" * (n // 2), b""),
    "requests": lambda n: (GET * (n // len(GET)), b""),
    "folds": lambda n: (b"GET / HTTP/1.1\r\nA: b\r\n" + b" c\r\n" * (n // 4), b""),
    "chunks": lambda n: (TestChunked7_1.POST + b"1\r\nx\r\n" * (n // 6), b""),
    "responses": lambda n: (GET, b"HTTP/1.1 100 C\r\n\r\n" * (n // 18)),
    "frames": lambda n: (ASK + frame(1, b"x", MASK) * (n // 7), ANSWER),
    "fragments": lambda n: (ASK, agreed() + frame(1, b"", fin=False, rsv=4) + frame(0, b"", fin=False) * (n // 2)),
    "one frame": lambda n: (ASK + frame(2, b"x" * n * 20, MASK), ANSWER),
    "final blocks": lambda n: (ASK, agreed() + _final_blocks(n * 50)),
    "http on it": lambda n: (ASK, ANSWER + b"HTTP/1.1 200 OK\r\n\r\n\x89\x00" * (n // 21)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_time_is_linear_in_size(shape: str) -> None:
    """Eight times the bytes may take eight times as long; a quadratic step would take 64 times."""

    def cost(size: int) -> float:
        pair = SHAPES[shape](size)
        best = float("inf")
        for _ in range(3):
            began = time.process_time()
            dissect(*pair)
            best = min(best, time.process_time() - began)
        return best

    assert cost(16_000) < 30 * max(cost(2_000), 0.0005)


class Counted(bytes):
    """Bytes that count how many of them were copied or searched."""

    touched = 0

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        Counted.touched += len(found) if isinstance(found, bytes) else 1
        return found

    def find(self, sub: Any, start: Any = 0, stop: Any = None) -> int:
        found = super().find(sub, start, stop)
        Counted.touched += (len(self) if found < 0 else found) - (start or 0)
        return found


@pytest.mark.parametrize("shape", SHAPES)
def test_no_byte_is_touched_often(shape: str) -> None:
    """Copies are quick, so a quadratic number of them would hide from a clock in streams of this size."""
    received, sent = SHAPES[shape](16_000)
    Counted.touched = 0
    dissect(Counted(received), Counted(sent))
    assert 0 < Counted.touched < 10 * (len(received) + len(sent))
