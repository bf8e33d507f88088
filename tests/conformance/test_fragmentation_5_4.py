"""RFC 6455 section 5.4: messages in fragments. Rows F09-F12."""

from __future__ import annotations

import pytest

from .peer import BINARY, CLOSE, CONT, PING, PONG, TEXT, close_frame, frame
from .servers import Served

SPLITS = {
    "two": [b"Hel", b"lo"],
    "empty-first": [b"", b"Hello"],
    "empty-last": [b"Hello", b""],
    "empty-between": [b"Hel", b"", b"", b"lo"],
    "all-empty": [b"", b"", b""],
    "bytes": [bytes([byte]) for byte in b"Hello"],
    "large": [b"x" * 70_000, b"y" * 126, b"z" * 65_536],
}


@pytest.mark.parametrize("opcode", [TEXT, BINARY], ids=["text", "binary"])
@pytest.mark.parametrize("parts", SPLITS.values(), ids=SPLITS.keys())
def test_F09_fragments_are_joined(server: Served, parts: list[bytes], opcode: int) -> None:
    """The type is that of the first fragment."""
    last = len(parts) - 1
    with server.open() as peer:
        peer.send(*(frame(CONT if at else opcode, part, fin=at == last) for at, part in enumerate(parts)))
        peer.expect(opcode, b"".join(parts))
        peer.send(frame(TEXT, b"next"))  # and the next message starts anew
        peer.expect(TEXT, b"next")


def test_F09_1000_fragments(server: Served) -> None:
    with server.open() as peer:
        peer.send(frame(BINARY, b"0", fin=False), frame(CONT, b"1", fin=False) * 1000, frame(CONT, b"2"))
        peer.expect(BINARY, b"0" + b"1" * 1000 + b"2")


@pytest.mark.parametrize("fin", [True, False], ids=["final", "not-final"])
@pytest.mark.parametrize("before", [b"", frame(TEXT, b"Hello")], ids=["at-first", "after-a-message"])
def test_F10_continuation_of_nothing(server: Served, before: bytes, fin: bool) -> None:
    with server.open() as peer:
        if before:
            peer.send(before)
            peer.expect(TEXT, b"Hello")
        peer.send(frame(CONT, b"lo", fin=fin))
        peer.expect_failed(1002)


def test_F10_continuation_after_the_last_fragment(server: Served) -> None:
    with server.open() as peer:
        peer.send(frame(TEXT, b"Hel", fin=False), frame(CONT, b"lo"))
        peer.expect(TEXT, b"Hello")
        peer.send(frame(CONT, b"!"))
        peer.expect_failed(1002)


@pytest.mark.parametrize("first", [TEXT, BINARY], ids=["text", "binary"])
@pytest.mark.parametrize("second", [TEXT, BINARY], ids=["text-inside", "binary-inside"])
@pytest.mark.parametrize("fin", [True, False], ids=["final", "not-final"])
def test_F11_message_inside_a_message(server: Served, first: int, second: int, fin: bool) -> None:
    with server.open() as peer:
        peer.send(frame(first, b"Hel", fin=False), frame(second, b"lo", fin=fin))
        peer.expect_failed(1002)


def test_F12_ping_between_fragments(server: Served) -> None:
    """5.4: answered at once, while the message is still open, and the message is not disturbed."""
    with server.open() as peer:
        peer.send(frame(TEXT, b"Hel", fin=False), frame(PING, b"one"))
        peer.expect(PONG, b"one")
        peer.send(frame(CONT, b"l", fin=False), frame(PONG, b"unasked"), frame(PING, b""))
        peer.expect(PONG, b"")
        peer.send(frame(CONT, b"o"))
        peer.expect(TEXT, b"Hello")


def test_F12_pong_before_the_echo(server: Served) -> None:
    """All in one segment, the pong still comes first: answers are sent before the handler wakes (fault 2)."""
    with server.open() as peer:
        for number in range(50):
            name = b"%d" % number
            peer.send(frame(TEXT, b"Hel", fin=False), frame(PING, name), frame(CONT, b"lo"))
            peer.expect(PONG, name)
            peer.expect(TEXT, b"Hello")


def test_F12_close_between_fragments(server: Served) -> None:
    """A close frame is a control frame too: it ends the connection, and the half message is never delivered."""
    with server.open() as peer:
        peer.send(frame(TEXT, b"Hel", fin=False), close_frame(1000))
        assert peer.expect_close(1000).opcode == CLOSE
        peer.expect_fin()
