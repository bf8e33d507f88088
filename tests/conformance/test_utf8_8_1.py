"""RFC 6455 section 8.1: text is UTF-8, and what is not ends the connection with 1007. Rows U01-U05."""

from __future__ import annotations

import pytest

from .peer import BINARY, CONT, PONG, TEXT, frame
from .peer import PING as PING_OPCODE
from .servers import Served

INVALID = {
    "lone-continuation": b"\x80",
    "overlong-2-slash": b"\xc0\xaf",
    "overlong-2-last": b"\xc1\xbf",
    "overlong-3-first": b"\xe0\x80\xaf",
    "overlong-3-last": b"\xe0\x9f\xbf",
    "overlong-4-first": b"\xf0\x80\x80\xaf",
    "overlong-4-last": b"\xf0\x8f\xbf\xbf",
    "surrogate-first": b"\xed\xa0\x80",
    "surrogate-last": b"\xed\xbf\xbf",
    "surrogate-pair": b"\xed\xa0\xbd\xed\xb8\x80",
    "above-10ffff": b"\xf4\x90\x80\x80",
    "lead-f5": b"\xf5\x80\x80\x80",
    "five-bytes": b"\xf8\x88\x80\x80\x80",
    "fe": b"\xfe",
    "ff": b"\xff",
    "cut-by-ascii": b"\xe2\x28\xa1",
    "lead-after-lead": b"\xc3\xc3\xa9",
}
TRUNCATED = {"2": b"\xc3", "3-after-1": b"\xe2", "3-after-2": b"\xe2\x82", "4-after-3": b"\xf0\x9f\x98"}
VALID = {
    "first-of-1": b"\x00",
    "last-of-1": b"\x7f",
    "first-of-2": b"\xc2\x80",
    "last-of-2": b"\xdf\xbf",
    "first-of-3": b"\xe0\xa0\x80",
    "before-surrogates": b"\xed\x9f\xbf",
    "after-surrogates": b"\xee\x80\x80",
    "noncharacter": b"\xef\xbf\xbf",
    "byte-order-mark": b"\xef\xbb\xbfx",
    "first-of-4": b"\xf0\x90\x80\x80",
    "last-of-all": b"\xf4\x8f\xbf\xbf",
    "kosme": "κόσμε".encode(),
}


@pytest.mark.parametrize("bad", INVALID.values(), ids=INVALID.keys())
def test_U01_invalid(server: Served, bad: bytes) -> None:
    with server.open() as peer:
        peer.send(frame(TEXT, b"ok " + bad + b" ok"))
        peer.expect_failed(1007)


@pytest.mark.parametrize("bad", TRUNCATED.values(), ids=TRUNCATED.keys())
def test_U01_truncated(server: Served, bad: bytes) -> None:
    """A code point that the message's end cuts off, in one frame and before an empty last fragment."""
    with server.open() as peer:
        peer.send(frame(TEXT, b"ok " + bad))
        peer.expect_failed(1007)
    with server.open() as peer:
        peer.send(frame(TEXT, b"ok " + bad, fin=False), frame(CONT, b""))
        peer.expect_failed(1007)


@pytest.mark.parametrize("good", VALID.values(), ids=VALID.keys())
def test_U01_valid(server: Served, good: bytes) -> None:
    with server.open() as peer:
        peer.send(frame(TEXT, good))
        peer.expect(TEXT, good)


def test_U02_split_code_points(server: Served) -> None:
    """Cut anywhere, also inside a code point, also with a ping in the cut: still the same text."""
    text = "é€𐍈 κόσμε".encode()
    with server.open() as peer:
        for cut in range(len(text) + 1):
            peer.send(frame(TEXT, text[:cut], fin=False), frame(PING_OPCODE, b"p"), frame(CONT, text[cut:]))
            peer.expect(PONG, b"p")
            peer.expect(TEXT, text)
        last = len(text) - 1
        peer.send(*(frame(CONT if at else TEXT, text[at : at + 1], fin=at == last) for at in range(len(text))))
        peer.expect(TEXT, text)


ACROSS = {
    "continuation-missing": [b"ok \xe2\x82", b"ok"],
    "surrogate": [b"ok \xed", b"\xa0\x80"],
    "overlong": [b"ok \xc0", b"\xaf"],
    "above-10ffff": [b"ok \xf4", b"\x90\x80\x80"],
    "one-continuation-too-many": [b"ok \xc3\xa9", b"\xa9"],
    "second-lead": [b"ok \xf0\x9f", b"\xc3\xa9"],
}


@pytest.mark.parametrize("parts", ACROSS.values(), ids=ACROSS.keys())
def test_U03_bad_only_across_fragments(server: Served, parts: list[bytes]) -> None:
    with server.open() as peer:
        peer.send(frame(TEXT, parts[0], fin=False), frame(CONT, parts[1]))
        peer.expect_failed(1007)


@pytest.mark.parametrize("bad", INVALID.values(), ids=INVALID.keys())
def test_U03_fails_before_the_last_fragment(server: Served, bad: bytes) -> None:
    """The issue: "a bad byte ends the connection without waiting for the message's end"."""
    with server.open() as peer:
        peer.send(frame(TEXT, b"ok " + bad, fin=False))
        peer.expect_failed(1007)


@pytest.mark.parametrize("bad", [b"\xff", b"\xed\xa0", b"\xf4\x90", b"\xc0", b"\xe0\x80"], ids=lambda bad: bad.hex())
def test_U03_fails_before_the_frames_end(server: Served, bad: bytes) -> None:
    """The same inside one frame of which most is still to come, and at the first byte that cannot be right."""
    with server.open() as peer:
        peer.send(frame(TEXT, b"ok " + bad, claim=1000, form=16))
        peer.expect_failed(1007)


@pytest.mark.parametrize("bad", [*INVALID.values(), *TRUNCATED.values()], ids=[*INVALID, *TRUNCATED])
def test_U05_binary_is_not_checked(server: Served, bad: bytes) -> None:
    with server.open() as peer:
        peer.send(frame(BINARY, bad), frame(BINARY, bad, fin=False), frame(CONT, bad))
        peer.expect(BINARY, bad)
        peer.expect(BINARY, bad + bad)
