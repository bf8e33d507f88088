"""A failed test as it is told: the cause, each piece by those before it, only what differs, and no row too long."""

from __future__ import annotations

import socket
import time
import zlib
from typing import Any

import pytest

from grader.coursework.dump import WIDTH, lines
from grader.coursework.exchange import End, Exchange, Kind, Wrong
from grader.coursework.frame_rows import fields
from grader.coursework.peer import Peer
from grader.coursework.place import Ending, Output, SubmissionFailed
from grader.coursework.raised import raised
from grader.coursework.told import explained, start_failed
from grader.coursework.wire import Op, Sent, close, frame, request, upgrade

MASK = bytes.fromhex("11223344")
DEFLATE = "permessage-deflate"
SHAKEN = Sent(upgrade("/echo"), "the handshake")
CONNECTION = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"


def told(
    kind: Kind, *sent: Sent, wanted: str = "it", expected: bytes | None = None, came: bytes = b"", before: bytes = b"",
    printed: str = "", **facts: Any,
) -> str:  # fmt: skip
    exchange = Exchange(kind, sent, wanted, expected, came, End.OPEN, facts, before)
    return explained(Wrong(exchange), printed, None)[0]


def section(text: str, name: str) -> list[str]:
    """The rows under one word, of the last section with it."""
    rows: list[str] = []
    inside = False
    for line in text.splitlines():
        if line[:9].strip():
            inside = line[:9].strip() == name
            rows = [] if inside else rows
        if inside:
            rows.append(line[9:])
    return rows


def trace(*frames: str, error: str) -> str:
    """A traceback as Python prints it."""
    rows = [row for place in frames for row in (f"  File {place}", "    something()", "    ~~~~~~~~~^^")]
    return "\n".join(["Traceback (most recent call last):", *rows, error, ""])


DURING = "\nDuring handling of the above exception, another exception occurred:\n\n"
CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
KEY = trace('"/a/server.py", line 9, in handshake', error="KeyError: b'upgrade'")
BROKEN = trace('"/a/http.py", line 5, in write', error="BrokenPipeError: [Errno 32] Broken pipe")
CLOSED = trace('"/a/http.py", line 5, in write', error="OSError: [Errno 9] Bad file descriptor")
KEY_TOLD = "KeyError: b'upgrade' (server.py, line 9, in handshake)"
PLANNED = trace('"/a/server.py", line 68, in fails_page', error="RuntimeError: this application fails on purpose")
GROUP = """\
Exception in thread Thread-1 (run):
  + Exception Group Traceback (most recent call last):
  |   File "/a/server.py", line 7, in run
  |     raise ExceptionGroup("several", found)
  | ExceptionGroup: several (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/a/frames.py", line 3, in parse
    |     raise ValueError("no frame")
    | ValueError: no frame
    +---------------- 2 ----------------
    | OSError: late
    +------------------------------------
"""
SYNTAX = (
    'Traceback (most recent call last):\n  File "/a/server.py", line 3, in <module>\n    from stack import deflate\n'
    '  File "/a/stack/events.py", line 15, in <module>\n    from .deflate import x\n'
    '  File "/a/stack/deflate.py", line 51\n    def f(:\n          ^\nSyntaxError: invalid syntax\n'
)


@pytest.mark.parametrize(
    ("printed", "cause"),
    [
        (KEY, KEY_TOLD),
        (KEY + DURING + BROKEN, KEY_TOLD),
        (KEY + CAUSE + trace('"/a/x.py", line 1, in f', error="RuntimeError: so"), KEY_TOLD),
        (f"Exception in thread Thread-1 (f):\n{KEY}{DURING}{BROKEN}", KEY_TOLD),
        (KEY + CLOSED, KEY_TOLD),
        (BROKEN + KEY, KEY_TOLD),
        (CLOSED + KEY, KEY_TOLD),
        (PLANNED + DURING + KEY, KEY_TOLD),
        (BROKEN, "BrokenPipeError: [Errno 32] Broken pipe (http.py, line 5, in write)"),
        ("ValueError: I only print this\n" + KEY, KEY_TOLD),
        ("ValueError: I only print this\n", "ValueError: I only print this"),
        (BROKEN + "ValueError: I only print this\n", "ValueError: I only print this"),
        (GROUP, "ValueError: no frame (frames.py, line 3, in parse)"),
        (SYNTAX, "SyntaxError: invalid syntax (deflate.py, line 51)"),
        (SYNTAX.replace("SyntaxError: invalid syntax", "IndentationError: unexpected indent"),
         "IndentationError: unexpected indent (deflate.py, line 51)"),
        (trace('"/a/app.py", line 4, in view', '"/usr/lib/python3.11/json/decoder.py", line 355, in raw_decode',
               error="json.decoder.JSONDecodeError: Expecting value"),
         "JSONDecodeError: Expecting value (app.py, line 4, in view)"),
        (trace('"/a/app.py", line 4, in view', error="stack.frames.TooLong"), "TooLong (app.py, line 4, in view)"),
        ("listening on 5000\nGET / 200\nask: what\n", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_of_all_that_was_printed_the_cause_is_told(printed: str, cause: str):
    assert raised(printed) == cause


# -- frames --


def test_a_fragment_is_told_by_what_went_before_it():
    one, two = Sent(frame(Op.TEXT, b"one", key=MASK, fin=False), "one"), Sent(frame(0, b"two", key=MASK), "two")
    between = Sent(frame(Op.PING, b"", key=MASK), "a ping")
    right = told(Kind.FRAMES, SHAKEN, one, between, two, expected=b"a")
    assert "FIN 1, opcode 0: continuation" in right and "fault" not in right
    wrong = told(Kind.FRAMES, SHAKEN, one, between, two, two, expected=b"a")
    assert wrong.count("fault") == 1 and "fault: nothing to continue" in " ".join(section(wrong, "sent"))
    assert "fault: nothing to continue" in told(Kind.FRAMES, SHAKEN, two, expected=b"a")


def test_a_piece_that_goes_on_within_a_frame_is_no_frame_of_its_own():
    whole = frame(Op.TEXT, b"Hello", key=MASK)
    rows = section(
        told(Kind.FRAMES, SHAKEN, Sent(whole[:8], "half"), Sent(whole[8:], "the rest"), expected=b"a"), "sent"
    )
    assert rows == ["the rest (3 bytes)", f"{whole[8:].hex(' '):<31}payload data, unmasked: Hello"]


def test_what_came_is_told_by_what_came_before_it_and_inflated_by_what_was_agreed_on():
    stream = zlib.compressobj(wbits=-15)
    one, two = (
        frame(1, (stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH))[:-4], rsv=0b100)
        for data in (b"Hello you", b"Hello you")
    )
    came = told(Kind.FRAMES, SHAKEN, expected=b"a", came=two, before=CONNECTION + one, extensions=[DEFLATE])
    assert "inflated: Hello you" in came and "fault" not in came
    alone = "; server_no_context_takeover"
    came = told(Kind.FRAMES, SHAKEN, expected=b"a", came=two, before=CONNECTION + one, extensions=[DEFLATE + alone])
    assert "not DEFLATE data" in came, "the second leans on the first, which was not agreed on"


def test_a_payload_is_told_without_its_mask_and_inflated():
    hello = bytes.fromhex("f248cdc9c90700")  # RFC 7692, 7.2.3.1
    whole = Sent(frame(Op.TEXT, hello, key=MASK, rsv=0b100), "it")
    sent = " ".join(section(told(Kind.FRAMES, SHAKEN, whole, came=b"a", extensions=[DEFLATE]), "sent"))
    assert "unmasked: f2 48 cd c9 c9 07 00, inflated:" in sent and sent.endswith("Hello")
    some = Sent(frame(Op.TEXT, hello[:-2], key=MASK, rsv=0b100, fin=False), "all but the end")
    end = Sent(frame(0, b"", key=MASK), "the end")
    rows = section(told(Kind.FRAMES, SHAKEN, some, end, came=b"a", extensions=[DEFLATE]), "sent")
    assert [row[:31].strip() for row in rows[1:]] == ["80", "80", "11 22 33 44", ""] and "inflated" in rows[-1]


def test_a_connection_knows_what_came_before_and_what_is_only_a_payload():
    ours, theirs = socket.socketpair()
    with theirs, Peer(ours, 5.0, time.monotonic() + 5.0) as peer:
        theirs.sendall(b"first, second")
        peer.expect(b"first, ", "the first")
        assert peer.exchange(Kind.FRAMES, "it", b"a").before == b"first, "
        kinds = [
            peer.exchange(kind, "it", b"a", came).kind for kind in (Kind.FRAMES, Kind.HTTP) for came in (None, b"b")
        ]
    assert kinds == [Kind.FRAMES, Kind.PAYLOAD, Kind.HTTP, Kind.HTTP]


def test_what_a_payload_inflates_to_is_no_frame():
    came = told(Kind.PAYLOAD, SHAKEN, expected=b"Hello", came=b"Dqzv9", extensions=[DEFLATE])
    assert "44 71 7a 76 39" in came and "which is" not in came and "FIN" not in came
    assert "which is" in told(Kind.FRAMES, SHAKEN, expected=frame(1, b"Hello"), came=frame(1, b"Dqzv9"))


def test_a_fault_is_told_to_its_end_and_a_reserved_bit_once():
    rows = fields(frame(0, b"", key=MASK, fin=False, rsv=0b101), client=True, extensions=[DEFLATE])
    header = " ".join(row[31:] for row in rows[: [bool(row[:2].strip()) for row in rows].index(True, 1)])
    assert header == (
        "FIN 0, RSV1 1; fault: set on a frame that starts no message (RFC 7692, 6), RSV3 1; fault: set, but no "
        "extension uses it (5.2), opcode 0: continuation; fault: nothing to continue (5.4)"
    )
    assert all(row[:31].strip() or row[31] != " " for row in rows)


def test_a_control_frame_that_is_not_text_is_told_in_hexadecimal():
    came = section(told(Kind.FRAMES, SHAKEN, expected=b"", came=close(1000)), "came")
    assert came[0].split() == ["0", "88", "02", "03", "e8", "...."] and "opcode 8: close" in came[2]
    came = section(told(Kind.HTTP, SHAKEN, came=close(1000)), "came")
    assert [row.split()[:5] for row in came] == [["0", "88", "02", "03", "e8"]]


# -- text, and what is none --


def test_a_body_that_is_no_text_stands_in_rows_of_hexadecimal():
    data = request("/", method="POST", body=b"3\r\n\xff\n\n\r\n" + bytes(9))
    assert lines(data) == [
        "POST / HTTP/1.1\\r\\n", "Host: 127.0.0.1\\r\\n", "\\r\\n",
        "     0  33 0d 0a ff 0a 0a 0d 0a 00 00 00 00 00 00 00 00  3...............",
        "    16  00                                               .",
    ]  # fmt: skip
    assert lines("Grüße\n".encode()) == ["Grüße\\n"]
    assert lines(b"GET / HTTP/1.1\r\nX: caf\xe9\r\n\r\n")[1] == "X: café\\r\\n", "a head is text, whatever it has"


@pytest.mark.parametrize(
    ("data", "last"),
    [(b"a\n" * 13, "… 1 more line"), (b"a\n" * 14, "… 2 more lines"), (b"\xff" * 193, "… 1 more byte"),
     (b"a\n" * 12, "a\\n")],
)  # fmt: skip
def test_the_rest_is_counted(data: bytes, last: str):
    assert lines(data)[-1] == last


def test_earlier_pieces_are_counted():
    some = [Sent(frame(Op.PING, key=MASK), "a ping")] * 8
    assert told(Kind.FRAMES, *some[:7]).startswith("1 earlier piece was sent, too\n")
    assert told(Kind.FRAMES, *some).startswith("2 earlier pieces were sent, too\n")
    assert told(Kind.FRAMES, *some[:6]).startswith("sent ")


def test_a_long_line_goes_on_under_its_text():
    long = "word " * 80
    asked = Sent(request("/" + "x" * 500), "a request " + long[:100])
    text = told(
        Kind.HTTP, asked, wanted=long, came=b"HTTP/1.1 200 OK\r\n\r\n" + long.encode(), printed="Error: " + long
    )
    text += "\n" + told(Kind.FUNCTION, Sent(b"[]", "it"), expected=b"", came=b"x", function="f")
    exchange = Exchange(Kind.FUNCTION, (Sent(long.encode(), long),), long, b"", b"", End.NONE,
                        {"function": "f", "expected": [long], "came": [1, long]})  # fmt: skip
    text += "\n" + explained(Wrong(exchange), "", None)[0]
    text += "\n" + start_failed(SubmissionFailed(long, Ending(1)), long + "\nValueError: " + long)[0]
    words = ("sent", "wanted", "came", "then", "printed")
    assert all(line[:9] == " " * 9 or line[:9].strip() in words for line in text.splitlines())
    assert max(map(len, text.splitlines())) <= 9 + WIDTH
    answers = section(text, "came")
    assert {row[:9].strip() for row in answers} == {"expected", "came", ""} and answers[1].startswith("         word")


# -- pages in JSON --

PAGE = b'{"version": [1, 0], "port": false}'


def field(value: Any, got: Any, name: str) -> list[str]:
    return section(told(Kind.HTTP, came=PAGE, field=name, value=value, got=got), "came")


def test_of_a_page_only_what_differs_is_told():
    assert field(True, False, "port") == ["port is false"]
    assert field({"host": "a", "b": "1", "c": "2"}, {"host": "a", "c": "3", "d": "4"}, "headers") == [
        "headers: b is missing, and should be \"1\"", 'headers: c is "3", and should be "2"',
        'headers: d is "4", and should not be there',
    ]  # fmt: skip
    many = {str(number): "" for number in range(10)}
    assert field(many, {}, "headers")[-1] == "… 2 more"
    body = field(bytes(40).hex(), (bytes(33) + b"x" + bytes(6)).hex(), "body")
    assert body[0] == "another body:" and body[-1].endswith("^^ byte 33 is the first that differs")
    assert field("00", None, "body") == ["body is null"]


# -- no start --


def test_a_server_that_never_listens_is_told_once():
    sentence = "nothing listened on 127.0.0.1, port $PORT (5000), within 20 seconds"
    assert start_failed(SubmissionFailed(sentence, None), "") == ("", sentence)
    assert start_failed(SubmissionFailed(sentence, None, Output("I am up\n")), "") == ("printed  I am up", sentence)


def test_a_server_that_raised_is_told_with_why():
    ended = "the server ended with exit code 1, before it listened on $PORT"
    text, hint = start_failed(SubmissionFailed(ended, Ending(1)), SYNTAX)
    assert section(text, "then") == [ended] and hint == "SyntaxError: invalid syntax (deflate.py, line 51)"
