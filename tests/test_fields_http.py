"""Fields of HTTP/1.1, grouped by section of RFC 9112, and the check that nothing is left unnamed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from helpers_fields import ASK, CHUNKED, GET, SERVER_HELLO, named, one, read, tree, values

from tracer.reading.fields import Field, uncovered
from tracer.reading.fields.http1_names import FIELD_SECTIONS

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
    POST = CHUNKED

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
