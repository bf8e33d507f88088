"""Faults in control frames: pings, closes, and what is refused by a close frame (RFC 6455, sections 5.5 and 7)."""

from __future__ import annotations

from ..exchange import End, Exchange
from ..wire import Op
from .parsed import NAMES, first, sent_frames
from .parsed import code as code_of


def taken_for_a_message(x: Exchange) -> str:
    """A control frame that came back as a message."""
    wanted, came = first(x.expected), first(x.came)
    if not wanted or not came or wanted.opcode < 8 or came.opcode >= 8 or "refused" in x.facts:
        return ""
    asked = Op.CLOSE if wanted.opcode == Op.CLOSE else Op.PING
    if any(f.opcode == asked and f.payload == came.payload for f in sent_frames(x.sent)):
        what = "close frame" if asked == Op.CLOSE else "ping"
        return f"the {what} was taken for a message, and came back as one: opcodes from 8 on are control frames (5.5)"
    return ""


def refused_rightly_but(x: Exchange) -> str:
    """A close frame where another one was expected."""
    wanted, came = first(x.expected), first(x.came)
    if not wanted or not came or wanted.opcode != Op.CLOSE or came.opcode != Op.CLOSE:
        return ""
    if wanted.payload == came.payload:
        return ""
    one, other = wanted.payload, came.payload
    if other[:2] == one[:2][::-1] and len(one) >= 2 and one[:2] != one[:2][::-1]:
        return "the close code is written little-endian: the most significant byte comes first"
    if one and not other:
        return f"the close frame is empty: it must carry the code {code_of(one)}"
    if not one and other:
        return f"an empty close frame is answered by an empty one or by 1000; {code_of(other)} never stands on the wire"
    if len(one) >= 2 and len(other) >= 2 and one[:2] != other[:2]:
        closes = [f for f in sent_frames(x.sent) if f.opcode == Op.CLOSE and f.payload == one]
        if closes:
            return f"the close code is not echoed: {code_of(one)} came in, {code_of(other)} went out (5.5.1)"
        return f"the close code is {code_of(other)}, but it must be {code_of(one)}{because(x)}"
    if one[:2] == other[:2] and len(other) < len(one):
        return "the reason is missing in the close frame, or cut: behind the code comes a reason in UTF-8 (5.5.1)"
    if one[:2] == other[:2]:
        return "the reason in the close frame is not the right one: it is UTF-8, of at most 123 bytes"
    return ""


def not_refused(x: Exchange) -> str:
    """A close frame was wanted, something else came, or nothing."""
    wanted = first(x.expected)
    if not wanted or wanted.opcode != Op.CLOSE or "refused" not in x.facts:
        return ""
    came, code = first(x.came), code_of(wanted.payload)
    if came and came.opcode != Op.CLOSE:
        return f"{x.facts['refused']}, and the server took it: it must close with {code}"
    if not x.came:
        how = "the server waits for more" if x.end is End.SILENT else "TCP ended without a close frame"
        return f"{x.facts['refused']}, so it must close with {code}, but {how}"
    return ""


def close_not_answered(x: Exchange) -> str:
    """The client's close frame got none."""
    wanted = first(x.expected)
    if not wanted or wanted.opcode != Op.CLOSE or x.came or "refused" in x.facts:
        return ""
    closes = [f for f in sent_frames(x.sent) if f.opcode == Op.CLOSE]
    if not closes:
        return ""
    how = "the server still waits" if x.end is End.SILENT else "TCP just ended"
    return f"the close frame is not echoed: who receives one answers with one before TCP ends (5.5.1), but {how}"


def after_the_close(x: Exchange) -> str:
    """Bytes where there must be none."""
    if x.expected != b"":
        return ""
    if x.came:
        came = first(x.came)
        what = f"a {NAMES.get(came.opcode, 'reserved')} frame" if came else "a byte"
        return f"{what} came after the end: after a close frame nothing may be sent (5.5.1)"
    if x.end is End.SILENT:
        return "the server does not end TCP: after both close frames the server closes the connection first (7.1.1)"
    return ""


def pong(x: Exchange) -> str:
    """Something else than the pong that was wanted."""
    wanted, came = first(x.expected), first(x.came)
    if not wanted or wanted.opcode != Op.PONG:
        return ""
    if not came:
        how = "the server waits" if x.end is End.SILENT else "the connection ended"
        return f"the ping is not answered, {how}: a pong must be sent at once (5.5.2)"
    if came.opcode == Op.PING:
        return "the ping came back as a ping: its answer is a pong, opcode 10 (5.5.3)"
    if came.opcode == Op.PONG and came.payload != wanted.payload:
        if not came.payload:
            return "the pong has no payload: it must carry the payload of the ping (5.5.3)"
        return "the pong has another payload than the ping: it must be identical (5.5.3)"
    if came.opcode == Op.CLOSE:
        return (
            f"the ping was refused with {code_of(came.payload)}: it may come at any time, also between fragments (5.4)"
        )
    if came.opcode in (Op.TEXT, Op.BINARY):
        return (
            "a message came before the pong: a ping is answered at once, also between the fragments of a message (5.4)"
        )
    return ""


def unasked(x: Exchange) -> str:
    """An answer to what needs none."""
    wanted, came = first(x.expected), first(x.came)
    if not wanted or not came or wanted.opcode not in (Op.TEXT, Op.BINARY):
        return ""
    if came.opcode in (Op.PING, Op.PONG):
        pongs = any(f.opcode == Op.PONG for f in sent_frames(x.sent))
        about = "an unsolicited pong needs no answer (5.5.3)" if pongs else "nobody asked for that"
        return f"a {NAMES[came.opcode]} came: {about}"
    return ""


def because(x: Exchange) -> str:
    return f": {x.facts['refused']}" if "refused" in x.facts else ""


TABLE = (
    taken_for_a_message, after_the_close, not_refused, refused_rightly_but, close_not_answered, pong, unasked,
)  # fmt: skip
