"""Faults in frames: the bits of the header, the length, the mask, the payload (RFC 6455, sections 5.2 and 5.3)."""

from __future__ import annotations

from ..exchange import End, Exchange
from ..wire import Op, frame
from . import control, fragments, masks
from .parsed import NAMES, asked_for, code, first, head_size, parse, sent_frames


def http_on_the_websocket(x: Exchange) -> str:
    """The text of an HTTP response among frames."""
    frames, http, response = x.came.partition(b"HTTP/1.")
    if not http:
        return ""
    if response[1:5] == b" 101":
        return (
            "a second 101 came, on the WebSocket itself, as when the view was wrapped twice: `route` gives back "
            "the function as it was"
        )
    earlier = x.before.partition(b"\r\n\r\n")[2]  # behind the handshake
    where = "behind a frame" if frames or earlier else "before any frame"
    return f"an HTTP response was written onto the WebSocket, {where}: after the 101 there are only frames"


def masked_answer(x: Exchange) -> str:
    """A server masks."""
    came = parse(x.came)
    if came and came[0].mask is not None and x.expected and not parse(x.expected)[0].mask:
        return "MASK is set in the answer: a server must not mask its frames (5.1)"
    return ""


def fin(x: Exchange) -> str:
    """FIN is not set."""
    wanted, came = first(x.expected), first(x.came)
    if wanted and came and wanted.fin and not came.fin:
        return "FIN is 0 in the answer: the last frame of a message, and so its only one, has FIN 1 (5.2)"
    return ""


def reserved(x: Exchange) -> str:
    """RSV bits are set."""
    wanted, came = first(x.expected), first(x.came)
    if wanted and came and wanted.rsv != came.rsv and wanted.opcode == came.opcode:
        if wanted.rsv:
            return "RSV1 is 0 in the answer: it marks a compressed message (RFC 7692, 6.1)"
        return "an RSV bit is set in the answer: without an extension all three are 0 (5.2)"
    return ""


def refused(x: Exchange) -> str:
    """A close frame where an answer was expected."""
    wanted, came = first(x.expected), first(x.came)
    if wanted and came and came.opcode == Op.CLOSE and wanted.opcode != Op.CLOSE:
        reason = came.payload[2:60].decode(errors="replace")
        why = f", saying {reason!r}" if reason.isprintable() and reason else ""
        return f"the server refused what is right: it closed with {code(came.payload)}{why}"
    return ""


def opcode(x: Exchange) -> str:
    """Another type."""
    wanted, came = first(x.expected), first(x.came)
    if not wanted or not came or wanted.opcode == came.opcode or Op.CLOSE in (wanted.opcode, came.opcode):
        return ""
    if came.opcode not in NAMES:
        return (
            f"the opcode {came.opcode:#x} is reserved; this should be {NAMES[wanted.opcode]}, {wanted.opcode:#x} (5.2)"
        )
    if {wanted.opcode, came.opcode} == {1, 2}:
        if wanted.payload != came.payload:
            return ""  # another message: it may well have the right type
        one, other = NAMES[wanted.opcode], NAMES[came.opcode]
        return f"the opcode says {other}, but the message was {one}: text is 1, binary is 2, and an echo keeps it (5.6)"
    right = f"{NAMES[wanted.opcode]}, {wanted.opcode:#x}"
    return f"the opcode says {NAMES[came.opcode]}, {came.opcode:#x}; this should be {right} (5.2)"


def length_form(x: Exchange) -> str:
    """The length is written in another way."""
    wanted, came = first(x.expected), first(x.came)
    if not wanted or not came or not x.expected:
        return ""
    size = wanted.length
    if wanted.form != 7 and len(x.came) >= 2 + wanted.form // 8 and x.came[1] & 127 == x.expected[1] & 127:
        field = x.came[2 : 2 + wanted.form // 8]
        if int.from_bytes(field, "little") == size != came.length:
            return f"the length {size} is written little-endian: the most significant byte comes first (5.2)"
    if wanted.form != 7 and x.came[1] & 127 == size and x.came[2:].startswith(wanted.payload[:9]):
        return f"the length {size} is written in the 7 bits: 126 and 127 say there that the length is in the next bytes"
    if came.form != wanted.form and came.opcode == wanted.opcode:
        return (
            f"a length of {size} is written in {came.form} bits: the shortest form must be used, up to 125 in 7 bits, "
            f"up to 65535 in 16, above in 64 (5.2)"
        )
    if came.length != size and came.opcode == wanted.opcode and x.came[head_size(came) :].startswith(wanted.payload):
        return f"the length field says {came.length}, but the payload has {size} bytes"
    return ""


def length_read(x: Exchange) -> str:
    """The length of our frame was read wrongly: too much was waited for, or too little taken."""
    wanted, came = first(x.expected), first(x.came)
    asked = asked_for(x, wanted)
    if not asked or not wanted or wanted.opcode not in (1, 2) or asked.form == 7:
        return ""
    size = asked.form // 8
    little = int.from_bytes(asked.length.to_bytes(size, "big"), "little")
    if came and came.whole and came.length == little:
        return (
            f"the length {asked.length} was read little-endian, as {little}: the most significant byte is first (5.2)"
        )
    if came and came.whole and came.length in (126, 127) and came.length != asked.length:
        return "126 and 127 were taken for lengths: they say that the next 2 or 8 bytes are the length (5.2)"
    if came and came.opcode == Op.CLOSE:
        return ""
    if not came and x.end is End.SILENT and little > asked.length:
        return (
            f"the server waits for more: it may have read the length {asked.length} little-endian, as {little}, "
            f"or not from all of its {size} bytes (5.2)"
        )
    return ""


def mask(x: Exchange) -> str:
    """The mask was used wrongly."""
    wanted, came = first(x.expected), first(x.came)
    asked = asked_for(x, wanted)
    if not asked or not came or asked.mask is None or len(asked.mask) < 4:
        return ""
    edges = [cut - head_size(asked) for cut in x.sent[-1].cuts if head_size(asked) < cut < len(x.sent[-1].data)]
    return masks.named(asked.payload, asked.mask, came.payload, edges)


def payload(x: Exchange) -> str:
    """The right frame around the wrong payload."""
    wanted, came = first(x.expected), first(x.came)
    if not wanted or not came or wanted.payload == came.payload:
        return ""
    if {wanted.opcode, came.opcode} == {1, 2}:
        return f"a {NAMES[came.opcode]} message came where another one, {NAMES[wanted.opcode]}, should be: is one lost?"
    if wanted.opcode != came.opcode:
        return ""
    if len(came.payload) < len(wanted.payload) and wanted.payload.startswith(came.payload):
        return f"{len(wanted.payload) - len(came.payload)} bytes of the payload are missing at its end"
    if wanted.payload.endswith(came.payload) and came.payload:
        return f"{len(wanted.payload) - len(came.payload)} bytes of the payload are missing at its beginning"
    if came.payload.startswith(wanted.payload):
        return f"{len(came.payload) - len(wanted.payload)} bytes too many: behind the payload the next frame begins"
    if came.payload == frame(wanted.opcode, wanted.payload):
        return "the payload has a whole frame in it"
    others = [one.payload for one in sent_frames(x.sent)]
    if came.payload in others:
        return "this is the answer to another message: messages are answered in their order"
    return ""


TABLE = (
    http_on_the_websocket, masked_answer, *control.TABLE, *fragments.TABLE, fin, reserved, length_form, mask,
    length_read, opcode,
)  # fmt: skip
GENERAL = (*fragments.GENERAL, refused, payload)


def line_mask(x: Exchange) -> str:
    """The same faults, where the payload comes back as a line of text."""
    words = x.came.split()
    wanted = (x.expected or b"").split()
    if len(words) < 2 or len(wanted) < 2:
        return ""
    if words[0] != wanted[0]:
        one, other = words[0].decode(errors="replace"), wanted[0].decode()
        return f"the message came as {one}, but its opcode says {other}: text is 1, binary is 2 (5.2)"
    try:
        came, right = bytes.fromhex(words[1].decode()), bytes.fromhex(wanted[1].decode())
    except ValueError:
        return ""
    asked = next((one for one in sent_frames(x.sent) if one.payload == right), None)
    if asked and asked.mask:
        edges = [cut - head_size(asked) for cut in x.sent[-1].cuts if head_size(asked) < cut]
        return masks.named(right, asked.mask, came, edges)
    return ""


LINES = (line_mask,)
