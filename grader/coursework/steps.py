"""What many tests do: say a message and hear it back, be refused, be closed. Each raises `Wrong`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .exchange import Kind, Wrong
from .hints.parsed import Parsed, parse
from .peer import Peer
from .staged import Asked
from .wire import Op, close, frame

NAMES = {Op.TEXT: "text", Op.BINARY: "binary"}


def say(t: Asked, peer: Peer, opcode: int, payload: bytes, *, cuts: Sequence[int] = (), **how: Any) -> None:
    """Send one masked frame."""
    key = how.pop("key", None) or t.mask()
    name = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}.get(opcode, f"{opcode:#x}")
    peer.send(frame(opcode, payload, key=key, **how), f"a {name} frame", cuts)


def echo(
    t: Asked, peer: Peer, opcode: int, payload: bytes, *, hint: str = "", cuts: Sequence[int] = (), **how: Any
) -> None:
    """A message comes back as one frame of its type, byte for byte."""
    say(t, peer, opcode, payload, cuts=cuts, **how)
    heard(peer, opcode, payload, hint)


def heard(peer: Peer, opcode: int, payload: bytes, hint: str = "") -> None:
    """The next that comes is this message, in one frame."""
    what = f"the same {NAMES[Op(opcode)]} message as one unmasked frame"
    peer.expect(frame(opcode, payload), what, hint)


def fragments(t: Asked, peer: Peer, opcode: int, parts: Sequence[bytes]) -> None:
    """Send a message in fragments, one frame each, each with a mask of its own."""
    for number, part in enumerate(parts):
        fin = number == len(parts) - 1
        name = f"fragment {number + 1} of {len(parts)}, {'' if fin else 'not '}the last"
        peer.send(frame(opcode if number == 0 else Op.CONTINUATION, part, key=t.mask(), fin=fin), name)


def closed(peer: Peer, code: int, *reasons: bytes, hint: str = "") -> None:
    """A close frame comes with this code, and one of these reasons; with any reason, if there are none."""
    expected = close(code, reasons[0] if reasons else b"")
    got = frame_of(peer, f"a close frame with the code {code}", hint, expected)
    right = got.opcode == Op.CLOSE and got.payload[:2] == code.to_bytes(2, "big") and got.fin and not got.rsv
    if not right or got.mask is not None or (reasons and got.payload[2:] not in reasons):
        peer.settle()
        raise Wrong(peer.exchange(Kind.FRAMES, f"a close frame with the code {code}", expected), hint)
    judged(peer, got)


def over(t: Asked, peer: Peer, hint: str = "") -> None:
    """Close from our side, and see it answered and TCP ended."""
    say(t, peer, Op.CLOSE, (1000).to_bytes(2, "big"))
    closed(peer, 1000, hint=hint)
    peer.expect_end("nothing more, and the end of the connection", hint)


def refused(peer: Peer, code: int, why: str) -> None:
    """The server closes with this code for what it was just sent, and ends the connection, with not a byte more."""
    peer.facts["refused"] = why
    closed(peer, code, hint=f"{why}: close with {code}")
    peer.expect_end("nothing more, and the end of the connection", "after a failure nothing more is said (7.1.7)")


def frame_of(peer: Peer, wanted: str, hint: str = "", expected: bytes | None = None) -> Parsed:
    """The next frame, whole, whatever it is; it is not yet judged."""
    size = 2
    while len(data := peer.read(size)) == size:
        found = parse(data)[0]
        head = 2 + (0 if found.form == 7 else found.form // 8) + (4 if found.mask is not None or data[1] >> 7 else 0)
        if size < head:
            size = head
        elif found.whole and size >= head + found.length:
            return found
        else:
            size = min(head + found.length, 1 << 22)
    raise Wrong(peer.exchange(Kind.FRAMES, wanted, expected), hint)


def judged(peer: Peer, found: Parsed) -> None:
    """Go on behind this frame."""
    size = 0 if found.form == 7 else found.form // 8
    peer.at += 2 + size + (4 if found.mask is not None else 0) + found.length
