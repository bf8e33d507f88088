"""Hints: each wrong way to do it is named, and what is right is named nowhere."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from grader.coursework import assignment as assignments
from grader.coursework import wire
from grader.coursework.dump import compared, lines, shown
from grader.coursework.exchange import End, Exchange, Kind, Wrong, first_difference
from grader.coursework.frame_rows import fields
from grader.coursework.hints import TABLES, hint, masks
from grader.coursework.hints.handshake import token
from grader.coursework.wire import Op, Sent, close, frame, masked, request

KEY, MASK, HELLO = "AQIDBAUGBwgJCgsMDQ4PEC==", bytes.fromhex("37fa213d"), b"Hello, World"


def said(
    expected: bytes | None, came: bytes, *sent: bytes, end: End = End.OPEN, cuts: tuple[int, ...] = (), **facts
) -> str:
    pieces = tuple(Sent(data, "a frame", cuts if data is sent[-1] else ()) for data in sent)
    return hint(Wrong(Exchange(Kind.FRAMES, pieces, "", expected, came, end, facts), "its own"), "")


def text(payload: bytes = HELLO, **how) -> bytes:
    return frame(Op.TEXT, payload, **how)


@pytest.mark.parametrize(
    ("came", "words"),
    [
        (text(masked(HELLO, MASK)), "still masked"),
        (text(masked(masked(HELLO, MASK), MASK[::-1])), "in reverse"),
        (text(masked(masked(HELLO, MASK), MASK[:1] * 4)), "first byte of the masking key"),
        (text(HELLO[:4] + masked(HELLO, MASK)[4:]), "only the first 4 bytes"),
        (text(masked(masked(HELLO, MASK), MASK, 1)), "1 off"),
        (text(fin=False), "FIN is 0"),
        (text(key=MASK), "MASK is set"),
        (text(rsv=0b100), "RSV bit"),
        (frame(Op.BINARY, HELLO), "binary, but the message was text"),
        (frame(3, HELLO), "reserved"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "HTTP response was written onto the WebSocket"),
        (text() if False else frame(Op.PONG), "pong came"),
        (text(HELLO[:5]), "its own"),
        (close(1002, b"no"), "its own"),
    ],
)  # fmt: skip
def test_an_echo(came: bytes, words: str):
    assert words in said(text(), came, text(key=MASK))


def test_an_echo_that_is_cut_by_segments():
    raw, edge = masked(HELLO, MASK), 5
    came = text(masked(raw[:edge], MASK) + masked(raw[edge:], MASK))
    assert "begins again where a new piece arrived" in said(text(), came, text(key=MASK), cuts=(6 + edge,))


@pytest.mark.parametrize("size", [126, 300, 65535, 65536, 70000])
def test_lengths(size: int):
    data = bytes(range(1, 251)) * (size // 250 + 1)
    data = data[:size]
    sent, right = frame(Op.BINARY, data, key=MASK), frame(Op.BINARY, data)
    width = 2 if size < 65536 else 8
    little = int.from_bytes(size.to_bytes(width, "big"), "little")
    swapped = right[:2] + size.to_bytes(width, "little") + data
    if little != size:
        assert "written little-endian" in said(right, swapped, sent)
    if little > size:
        assert "little-endian, as" in said(right, b"", sent, end=End.SILENT)
    if little < size:
        assert f"read little-endian, as {little}" in said(right, frame(Op.BINARY, data[:little]), sent)
    other = 64 if width == 2 else 16
    assert "shortest form" in said(right, frame(Op.BINARY, data[: size % 65536], form=other), sent)


def test_fragments():
    one, two = b"first ", b"second"
    sent = (frame(Op.TEXT, one, key=MASK, fin=False), frame(0, two, key=MASK))
    right = text(one + two)
    assert "not joined" in said(right, text(one) + text(two), *sent)
    assert "only the first" in said(right, text(one), *sent)
    assert "only the last" in said(right, text(two), *sent)
    assert "opcode continuation" in said(right, frame(0, one + two), *sent)
    assert said(right, b"", *sent, end=End.SILENT) == "its own"


def test_control_frames():
    ping, pong = frame(Op.PING, b"abc", key=MASK), frame(Op.PONG, b"abc")
    assert "no payload" in said(pong, frame(Op.PONG), ping)
    assert "another payload" in said(pong, frame(Op.PONG, b"xyz"), ping)
    assert "came back as a ping" in said(pong, frame(Op.PING, b"abc"), ping)
    assert "is not answered" in said(pong, b"", ping, end=End.SILENT)
    asked = close(4001, b"bye", MASK)
    assert "not echoed" in said(close(4001, b"bye"), b"", asked, end=End.FIN)
    assert "4001 came in, 1000 went out" in said(close(4001, b"bye"), close(1000), asked)
    assert "little-endian" in said(close(4001), frame(Op.CLOSE, (4001).to_bytes(2, "little")), close(4001, b"", MASK))
    assert "must carry the code 4001" in said(close(4001), close(None), close(4001, b"", MASK))
    assert "1005 never stands" in said(close(None), close(1005), close(None, b"", MASK))
    assert "after a close frame nothing may be sent" in said(b"", text(), asked)
    assert "does not end TCP" in said(b"", b"", asked, end=End.SILENT)


def test_what_must_be_refused():
    why = {"refused": "a client's frame must be masked (5.1)"}
    assert "the server took it: it must close with 1002" in said(close(1002), text(), text(), **why)
    assert "TCP ended without a close frame" in said(close(1002), b"", text(), end=End.FIN, **why)
    assert "is 1000, but it must be 1002: a client's" in said(close(1002), close(1000), text(), **why)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (base64.b64encode(hashlib.sha1(KEY.encode()).digest()).decode(), "GUID is forgotten"),
        (base64.b64encode(hashlib.sha1((wire.GUID + KEY).encode()).digest()).decode(), "before the key"),
        (base64.b64encode(hashlib.sha1((KEY + wire.GUID).encode()).hexdigest().encode()).decode(), "hex digest"),
        (hashlib.sha1((KEY + wire.GUID).encode()).hexdigest(), "must be in base64"),
        (base64.b64encode(hashlib.sha256((KEY + wire.GUID).encode()).digest()).decode(), "SHA-256"),
        (base64.b64encode(hashlib.sha1(base64.b64decode(KEY) + wire.GUID.encode()).digest()).decode(), "decoded"),
        (base64.b64encode(hashlib.sha1((KEY + wire.GUID.lower()).encode()).digest()).decode(), "lower case"),
        (base64.b64encode(hashlib.sha1((KEY + wire.GUID[:-1]).encode()).digest()).decode(), "what was hashed"),
        (base64.b64encode(b"short").decode(), "5 bytes"),
        (KEY, "client's key itself"),
        (wire.accept_token(KEY), ""),
    ],
)
def test_tokens(made: str, words: str):
    assert words in token(KEY, made) if words else token(KEY, made) == ""


@pytest.mark.parametrize(
    ("came", "words"),
    [
        (b"HTTP/1.1 200 OK\nA: b\n\n", "LF alone"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n", "empty line"),
        (b"Hello", "status line"),
        (b"", "its own"),
    ],
)
def test_http(came: bytes, words: str):
    sent = (Sent(request(), "a request"),)
    assert words in hint(Wrong(Exchange(Kind.HTTP, sent, "", None, came, End.FIN, {"status": 200}), "its own"), "")


def test_what_is_right_is_named_nowhere():
    for payload in (b"", b"a", HELLO, bytes(range(200))):
        right = Exchange(
            Kind.FRAMES, (Sent(text(payload, key=MASK), "a frame"),), "", text(payload), text(payload), End.OPEN
        )
        assert [diagnoser.__name__ for diagnoser in TABLES[Kind.FRAMES] if diagnoser(right)] == []
    assert masks.named(HELLO, MASK, HELLO) == ""
    assert masks.named(bytes(12), bytes(4), bytes(12)) == "", "a key of zeros tells nothing, and so nothing is told"


def test_an_unwritten_function_is_the_hint():
    wrong = Wrong(Exchange(Kind.FRAMES, (), "", b"a", b"", End.FIN), "its own")
    assert hint(
        wrong, "NotImplementedError: stage 5, frame_in: write frames.apply_mask (frames.py, line 9, in f)"
    ).startswith("stage 5")
    assert hint(wrong, "KeyError: 1 (a.py, line 2, in f)") == "its own"
    assert hint(Wrong(wrong.exchange), "KeyError: 1") == "the server failed meanwhile: KeyError: 1"
    assert (
        hint(Wrong(wrong.exchange), "") == "the server ended the connection before it answered: look at what it printed"
    )


def test_the_first_difference():
    assert [first_difference(*pair) for pair in ((b"ab", b"ab"), (b"ab", b"ac"), (b"ab", b"a"), (b"a", b"ab"))] == [
        None,
        1,
        1,
        1,
    ]
    rows = compared(bytes(40), bytes(33) + b"x" + bytes(6), 33)
    assert rows[-1].index("^^") == rows[-2].index("78") and "byte 33" in rows[-1]
    assert "is missing: 3 of 5 bytes came" in compared(b"abcde", b"abc", 3)[-1]
    assert "is too much: 3 bytes were expected" in compared(b"abc", b"abcde", 3)[-1]


def test_bytes_have_the_rfcs_names():
    rows = fields(bytes.fromhex("818537fa213d7f9f4d5158"), client=True)
    assert [row[:12].split("  ")[0].strip() for row in rows] == ["81", "85", "37 fa 21 3d", "7f 9f 4d 51"]
    assert "FIN 1, opcode 1: text" in rows[0] and "MASK 1, payload length 5" in rows[1] and "Hello" in rows[3]
    assert lines(b"GET / HTTP/1.1\r\n\r\n") == ["GET / HTTP/1.1\\r\\n", "\\r\\n"]
    assert shown("\x1b]8;;x\x07", 80) == "\\x1b]8;;x\\x07"


# -- what is told of the others


def page(
    came: bytes, *sent: bytes, expected: bytes | None = None, end: End = End.FIN, raised: str = "", **facts
) -> str:
    pieces = tuple(Sent(data, "a request") for data in sent)
    return hint(Wrong(Exchange(Kind.HTTP, pieces, "", expected, came, end, facts), "its own"), raised)


def test_a_name_with_an_underscore_is_told_from_one_that_was_never_sent():
    fields = {"status": 200, "field": "headers", "value": {"host": "a"}}
    came = {"host": "a", "x-under": "1"}
    said = page(b"{}", request(headers=(("Host", "a"), ("X_Under", "1"))), got=came, **fields)
    assert "never sent: 'X_Under' was, and names with _ are dropped" in said
    for headers in ((("Host", "a"),), (("Host", "a"), ("X-Under", "1")), (("Host", "a: x_under"),)):
        said = page(b"{}", request(headers=headers), got=came, **fields)
        assert said == "a header 'x-under' that was never sent"


def test_a_reset_is_explained_by_what_the_server_raised():
    asked, refused = b"HELLO\r\n\r\n", {"status": 400, "refused": "this is no request line"}
    said = page(b"", asked, end=End.RST, raised="ValueError: not enough (http.py, line 3, in f)", **refused)
    assert said == (
        "this is no request line: that is answered with 400, but the server failed: "
        "ValueError: not enough (http.py, line 3, in f)"
    )
    assert page(b"", asked, end=End.RST, raised="ValueError: x", status=400) == "its own"
    for raised in ("", "BrokenPipeError: [Errno 32] Broken pipe (http.py, line 3, in f)"):
        assert "write it all, then end only the writing" in page(b"", asked, end=End.RST, raised=raised, **refused)


def test_the_head_of_an_answer_without_parts():
    head = request("/plain", method="HEAD")
    assert "not even a head" in page(b"", head, status=200)
    assert page(b"", head, status=200, end=End.SILENT) == "its own"
    assert page(b"", head, status=200, raised="ValueError: x") == "its own"
    assert page(b"", request("/plain"), status=200) == "its own"


def test_a_control_frame_that_was_taken_for_a_message():
    for code in (None, 1000):
        asked = close(code, b"", MASK)
        came = frame(Op.BINARY, close(code)[2:])
        assert "the close frame was taken for a message" in said(close(code), came, asked)
    ping = frame(Op.PING, b"abc", key=MASK)
    assert "the ping was taken for a message" in said(frame(Op.PONG, b"abc"), frame(Op.TEXT, b"abc"), ping)
    late = said(frame(Op.PONG, b"abc"), text(), text(key=MASK), ping)
    assert "a message came before the pong" in late
    assert "the server took it" in said(
        close(1002), frame(Op.BINARY, b"\0"), frame(8, b"\0", key=MASK), refused="one byte"
    )


def test_a_second_response():
    refused = {"status": 400, "refused": "the key is short"}
    second = b"HTTP/1.1 500 INTERNAL SERVER ERROR\r\n\r\n"
    assert "a second response, 500, came behind the refusal" in page(second, b"", expected=b"", **refused)
    assert "write the head once" in page(second, b"", expected=b"", status=200)


def test_http_on_the_websocket_is_told_with_where():
    response, shaken = b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 101 Switching Protocols\r\n\r\n"

    def told(came: bytes, before: bytes) -> str:
        return hint(Wrong(Exchange(Kind.FRAMES, (), "", text(), came, End.OPEN, {}, before), "its own"), "")

    assert "before any frame" in told(response, shaken)
    assert "behind a frame" in told(response, shaken + text()) and "behind a frame" in told(text() + response, shaken)
    assert "`route` gives back the function as it was" in told(shaken, shaken)
    assert "gives back" not in told(response, shaken)


def test_another_message_is_no_wrong_opcode():
    words = "the opcode says binary, but the message was text"
    assert words in said(text(b"0"), frame(Op.BINARY, b"0"), text(key=MASK))
    assert said(text(b"0"), frame(Op.BINARY, b"\x00\xff"), text(key=MASK)) == "its own"
    wrong = Wrong(Exchange(Kind.FRAMES, (), "", text(b"0"), frame(Op.BINARY, b"\x00\xff"), End.OPEN))
    assert hint(wrong, "") == "a binary message came where another one, text, should be: is one lost?"


@pytest.mark.parametrize(
    ("field", "word"),
    [("version", "tuple"), ("scheme", "url_scheme"), ("multithread", "multithread is True"),
     ("multiprocess", "multiprocess is False"), ("run_once", "run_once is False"), ("script", "SCRIPT_NAME"),
     ("remote", "REMOTE_ADDR"), ("port", "SERVER_PORT"), ("protocol", "SERVER_PROTOCOL"), ("type", "CONTENT_TYPE"),
     ("length", "CONTENT_LENGTH")],
)  # fmt: skip
def test_what_wsgi_owes_is_named(field: str, word: str):
    assert word in page(b"{}", request("/wsgi"), status=200, field=field, value=True, got=False)


def test_every_field_of_the_page_wsgi_has_a_hint():
    """The page is the starter's; what it tells is what may be wrong."""
    page_source = (assignments.load().starter / "server.py").read_text(encoding="utf-8")
    page_source = page_source.partition("def wsgi_page")[2].partition("\n\n\n")[0]
    names = re.findall(r'"(\w+)": (?:list\(|os\.|environ)', page_source)
    assert len(names) >= 9
    assert all(page(b"{}", request("/wsgi"), status=200, field=name, value=1, got=2) != "its own" for name in names)
