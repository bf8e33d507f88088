"""One frame's header: its numbers, what breaks the RFC, and its fields (RFC 6455, section 5.2).

      0                   1                   2                   3
      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
     +-+-+-+-+-------+-+-------------+-------------------------------+
     |F|R|R|R| opcode|M| Payload len |    Extended payload length    |
     |I|S|S|S|  (4)  |A|     (7)     |             (16/64)           |
     |N|V|V|V|       |S|             |   (if payload len==126/127)   |
     | |1|2|3|       |K|             |                               |
     +-+-+-+-+-------+-+-------------+ - - - - - - - - - - - - - - - +

Any two bytes can be read as a header, so a broken one is dissected too, with its faults beside its values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .field import Field
from .part import hexed, incomplete
from .websocket_names import Opcode, Ws, opcode_name


@dataclass(frozen=True)
class Frame:
    """The numbers of a frame. Offsets are where its parts begin, whether or not the stream reaches them."""

    start: int
    fin: bool
    rsv: tuple[bool, bool, bool]
    opcode: int
    masked: bool = False
    short: int = 0  # the payload length of 7 bits
    key_at: int = 0
    payload_at: int = 0
    length: int | None = None  # bytes of payload; None where the stream ends before it is known
    key: bytes = b""

    @property
    def control(self) -> bool:
        return bool(self.opcode & 0b1000)  # 5.5: "the most significant bit of the opcode is 1"

    @property
    def stop(self) -> int:
        """Where the frame ends, or at least would."""
        return self.payload_at + (self.length or 0)


@dataclass(frozen=True)
class Expected:
    """What a header is held against: the direction, the extensions, and what came before."""

    masked: bool  # 5.1: frames of the client are, those of the server are not
    deflate: bool  # permessage-deflate was negotiated
    foreign: bool  # so was an extension that we do not know, which may use any reserved bit or opcode
    inside: bool  # a fragmented message is open
    closed: bool  # this direction has sent its Close frame


# What a header must not be: the part at fault, when, and what is said of it.
_RULES: tuple[tuple[Ws, Callable[[Frame, Expected], bool], str], ...] = (
    (Ws.FRAME, lambda f, e: e.closed, "after the Close frame (5.5.1)"),
    (Ws.FIN, lambda f, e: f.control and not f.fin, "a control frame must not be fragmented (5.5)"),
    (Ws.RSV1, lambda f, e: f.rsv[0] and not (e.deflate or e.foreign), "set, but no extension uses it (5.2)"),
    (
        Ws.RSV1,
        lambda f, e: f.rsv[0] and e.deflate and not e.foreign and f.opcode not in (Opcode.TEXT, Opcode.BINARY),
        "set on a frame that starts no message (RFC 7692, 6)",
    ),
    (Ws.RSV2, lambda f, e: f.rsv[1] and not e.foreign, "set, but no extension uses it (5.2)"),
    (Ws.RSV3, lambda f, e: f.rsv[2] and not e.foreign, "set, but no extension uses it (5.2)"),
    (Ws.OPCODE, lambda f, e: opcode_name(f.opcode) == "reserved" and not e.foreign, "a reserved opcode (5.2)"),
    (Ws.OPCODE, lambda f, e: f.opcode == Opcode.CONTINUATION and not e.inside, "nothing to continue (5.4)"),
    (
        Ws.OPCODE,
        lambda f, e: f.opcode in (Opcode.TEXT, Opcode.BINARY) and e.inside,
        "a new message inside a fragmented one (5.4)",
    ),
    (Ws.MASK, lambda f, e: e.masked and not f.masked, "a client must mask (5.1)"),
    (Ws.MASK, lambda f, e: f.masked and not e.masked, "a server must not mask (5.1)"),
    (Ws.LENGTH, lambda f, e: f.control and f.short > 125, "a control frame has at most 125 bytes (5.5)"),
    (
        Ws.EXTENDED,
        lambda f, e: f.length is not None and f.length < {126: 126, 127: 65536}.get(f.short, 0),
        "not the shortest form (5.2)",
    ),
    (Ws.EXTENDED, lambda f, e: (f.length or 0) >> 63 == 1, "the most significant bit must be 0 (5.2)"),
)


def read_frame(data: bytes, start: int) -> Frame:
    """The numbers of the frame at `start`, as far as the stream goes; there is at least one byte."""
    first = data[start]
    fin, rsv, opcode = first >> 7 == 1, (first & 64 != 0, first & 32 != 0, first & 16 != 0), first & 0b1111
    if start + 1 == len(data):
        return Frame(start, fin, rsv, opcode, key_at=start + 2, payload_at=start + 2)
    masked, short = data[start + 1] >> 7 == 1, data[start + 1] & 0b1111111
    key_at = start + 2 + {126: 2, 127: 8}.get(short, 0)
    length: int | None = short
    if short > 125:
        length = int.from_bytes(data[start + 2 : key_at], "big") if key_at <= len(data) else None
    payload_at = key_at + 4 * masked
    return Frame(start, fin, rsv, opcode, masked, short, key_at, payload_at, length, data[key_at:payload_at])


def faults(frame: Frame, expected: Expected, known: int) -> dict[Ws, str]:
    """What breaks the RFC, by the part that does, in the order of the wire. `known` counts the header's bytes."""
    later = (Ws.MASK, Ws.LENGTH, Ws.EXTENDED)  # not judged before they are there
    return {part: text for part, broken, text in _RULES if (known > 1 or part not in later) and broken(frame, expected)}


def header_fields(data: bytes, frame: Frame, wrong: dict[Ws, str]) -> tuple[Field, ...]:
    """The header and the masking-key, as far as the stream goes."""
    start, end = frame.start, len(data)
    children = [
        Ws.FIN.at(start, start + 1, _judged(f"{frame.fin:d}", wrong.get(Ws.FIN)), bits=(0, 1)),
        *(
            part.at(start, start + 1, _judged(f"{bit:d}", wrong.get(part)), bits=(n, n + 1))
            for n, (part, bit) in enumerate(zip((Ws.RSV1, Ws.RSV2, Ws.RSV3), frame.rsv, strict=True), start=1)
        ),
        Ws.OPCODE.at(
            start, start + 1, _judged(f"{frame.opcode}: {opcode_name(frame.opcode)}", wrong.get(Ws.OPCODE)), bits=(4, 8)
        ),
    ]
    if start + 1 < end:
        meaning = {126: "126: the next 2 bytes tell", 127: "127: the next 8 bytes tell"}
        length = meaning.get(frame.short, str(frame.short))
        children += [
            Ws.MASK.at(start + 1, start + 2, _judged(f"{frame.masked:d}", wrong.get(Ws.MASK)), bits=(0, 1)),
            Ws.LENGTH.at(start + 1, start + 2, _judged(length, wrong.get(Ws.LENGTH)), bits=(1, 8)),
        ]
    stop = min(frame.key_at, end)
    if start + 2 < stop:
        cut = incomplete(stop - start - 2, frame.key_at - start - 2)
        value = cut if frame.length is None else _judged(str(frame.length), wrong.get(Ws.EXTENDED))
        children.append(Ws.EXTENDED.at(start + 2, stop, value))
    have, want = stop - start, frame.key_at - start
    value = incomplete(have, want) if have < want else ""
    fields = [Ws.HEADER.at(start, stop, value, tuple(children))]
    if frame.key:
        cut = incomplete(len(frame.key), 4)
        fields.append(Ws.KEY.at(stop, stop + len(frame.key), hexed(frame.key) if len(frame.key) == 4 else cut))
    return tuple(fields)


def _judged(value: str, fault: str | None) -> str:
    return value if fault is None else f"{value}; fault: {fault}"
