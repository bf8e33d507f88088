"""Faults in messages of several frames (RFC 6455, section 5.4)."""

from __future__ import annotations

from ..exchange import Exchange
from ..wire import Op
from .parsed import NAMES, Parsed, code, first, parse, sent_frames


def not_joined(x: Exchange) -> str:
    """Fragments that came back one by one, or in part."""
    wanted = first(x.expected)
    parts = _fragments(x)
    if not wanted or len(parts) < 2 or wanted.payload != b"".join(part.payload for part in parts):
        return ""
    came = parse(x.came)
    payloads = [one.payload for one in came]
    if payloads and payloads[: len(parts)] == [part.payload for part in parts][: len(payloads)] and len(came) > 1:
        return "the fragments are not joined: each came back as a message of its own; FIN ends a message (5.4)"
    if came and came[0].payload != wanted.payload:
        texts = {
            parts[0].payload: "only the first fragment came back: the fragments are not joined (5.4)",
            parts[-1].payload: "only the last fragment came back: the fragments are not joined (5.4)",
            b"".join(part.payload for part in reversed(parts)): "the fragments are joined in reverse",
        }
        return texts.get(came[0].payload, "")
    if came and came[0].opcode == Op.CONTINUATION:
        return "the answer has the opcode continuation: a message has the type of its first fragment (5.4)"
    if came and came[0].opcode != wanted.opcode and came[0].opcode in (1, 2):
        return f"the answer is {NAMES[came[0].opcode]}: a message has the type of its first fragment (5.4)"
    return ""


def still_fragments(x: Exchange) -> str:
    """Nothing, or a close frame, in answer to a fragmented message."""
    wanted, parts, came = first(x.expected), _fragments(x), first(x.came)
    if (
        not wanted
        or wanted.opcode not in (1, 2)
        or len(parts) < 2
        or wanted.payload != b"".join(p.payload for p in parts)
    ):
        return ""
    if came and came.opcode == Op.CLOSE:
        return (
            f"a message in fragments was refused with {code(came.payload)}: fragments are joined until FIN is 1 (5.4)"
        )
    if not came:
        return "a message in fragments got no answer: fragments are joined until a frame has FIN 1 (5.4)"
    return ""


def _fragments(x: Exchange) -> list[Parsed]:
    """The frames of the last fragmented message that we sent."""
    found: list[Parsed] = []
    last: list[Parsed] = []
    for one in sent_frames(x.sent):
        if one.opcode > 7:
            continue
        found = [*found, one] if one.opcode == Op.CONTINUATION else [one]
        if one.fin and len(found) > 1:
            last = found
    return last


TABLE = (not_joined,)
GENERAL = (still_fragments,)
