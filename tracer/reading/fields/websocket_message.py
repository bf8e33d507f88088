"""Payloads: unmasked, inflated and decoded, message by message (RFC 6455, 5.3 to 5.6 and 8.1; RFC 7692, 7.2.2).

In: the frames of one direction in their order, each with its payload as sent. Out: for each the fields made of its
payload. A message may have many frames, and a compressed one may lean on those before it: what must be remembered
is held in one `Messages` for a direction.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass

from .field import INFLATED, UNMASKED, WIRE, Field
from .part import hexed, incomplete, shown
from .websocket_deflate import Inflater
from .websocket_frame import Frame
from .websocket_names import Opcode, Ws, close_code

DATA_FRAMES = (Opcode.TEXT, Opcode.BINARY, Opcode.CONTINUATION)  # RFC 6455, 5.6
NOT_UTF8 = "not UTF-8 (8.1)"


@dataclass(frozen=True)
class Content:
    """Payload bytes without mask and compression: `content`, which are `buffer[start:]`."""

    content: bytes
    buffer: str
    start: int
    ends: bool  # nothing of this message is still to come


@dataclass(frozen=True)
class Meaning:
    """What a `Content` says, the fields inside it, and what breaks the RFC."""

    text: str
    children: tuple[Field, ...] = ()
    fault: str = ""

    @property
    def value(self) -> str:
        return f"fault: {self.fault}; {self.text}" if self.fault else self.text


@dataclass
class Messages:
    """What one direction remembers between frames."""

    inflater: Inflater | None  # None: compression was not negotiated
    opcode: int | None = None  # of the message that is open
    compressed: bool = False
    decoder: codecs.IncrementalDecoder | None = None  # None: no text, or no UTF-8 any more

    def payload_fields(self, data: bytes, frame: Frame) -> tuple[tuple[Field, ...], str]:
        """The payload of `frame` as no or one field of the wire, with what is derived from it; and what is wrong.

        Bytes that inflate out of a frame without payload have no field to stand in, and come alone.
        """
        at, stop = min(frame.payload_at, len(data)), min(frame.stop, len(data))
        raw, whole = data[at:stop], frame.length is not None and frame.stop <= len(data)
        plain = unmask(raw, frame.key) if frame.masked else raw
        self._begin(frame)
        deflated = self.compressed and self.inflater is not None and frame.opcode in DATA_FRAMES
        ends = whole and (frame.fin or frame.control)
        content = Content(plain, UNMASKED if frame.masked else WIRE, 0 if frame.masked else at, ends)
        meaning = _opaque(content) if deflated else self._meaning(content, frame)
        inside, fault = meaning.children, meaning.fault
        if deflated:
            inflated, fault = self._inflated(content)
            inside = inflated if raw or inflated[0].derived else ()
        self._end(frame, ends)
        if not raw:
            return inside, fault
        cut = "" if whole else incomplete(len(raw), frame.length or 0)
        if frame.masked:
            inside = (Ws.UNMASKED.derived(UNMASKED, plain, meaning.value, inside),)
            return (Ws.PAYLOAD.at(at, stop, cut or hexed(raw), inside),), fault
        return (Ws.PAYLOAD.at(at, stop, f"{cut}; {meaning.value}" if cut else meaning.value, inside),), fault

    def _begin(self, frame: Frame) -> None:
        """A data frame that is no continuation starts a message, even inside another."""
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self.opcode = frame.opcode
            self.compressed = frame.rsv[0]
            self.decoder = codecs.getincrementaldecoder("utf-8")() if frame.opcode == Opcode.TEXT else None

    def _end(self, frame: Frame, ends: bool) -> None:
        if ends and frame.opcode in DATA_FRAMES:
            self.opcode, self.compressed, self.decoder = None, False, None

    def _inflated(self, content: Content) -> tuple[tuple[Field, ...], str]:
        """The field of what a compressed piece inflates to, and what is wrong with either."""
        assert self.inflater is not None
        plain, fault = self.inflater.feed(content.content, final=content.ends)
        meaning = self._piece(Content(plain, INFLATED, 0, content.ends and not fault))
        value = f"fault: {fault}; {meaning.value}" if fault else meaning.value
        return (Ws.INFLATED.derived(INFLATED, plain, value),), fault or meaning.fault

    def _meaning(self, content: Content, frame: Frame) -> Meaning:
        if frame.opcode in DATA_FRAMES:
            return self._piece(content)
        return _CONTROL.get(frame.opcode, _opaque)(content)

    def _piece(self, content: Content) -> Meaning:
        """A piece of a message. A character may be split between frames (5.6), so the decoder goes on."""
        if self.opcode != Opcode.TEXT:
            return _opaque(content)
        text = shown(content.content)
        if self.decoder is None:
            return Meaning(text)
        try:
            self.decoder.decode(content.content, final=content.ends)
        except UnicodeDecodeError:
            self.decoder = None
            return Meaning(text, fault=NOT_UTF8)
        return Meaning(text)


def unmask(payload: bytes, key: bytes) -> bytes:
    """RFC 6455, 5.3: "transformed-octet-i = original-octet-i XOR masking-key-octet-j", j = i MOD 4; all at once."""
    size = len(payload)
    if not size:
        return b""
    stream = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")).to_bytes(size, "big")


def _opaque(content: Content) -> Meaning:
    return Meaning(hexed(content.content))


def _echoed(content: Content) -> Meaning:
    """5.5.2: what a ping carries is the application's own; most send text."""
    return Meaning(shown(content.content))


def _close(content: Content) -> Meaning:
    """5.5.1: "the first two bytes of the body MUST be a 2-byte unsigned integer", then a reason in UTF-8."""
    body, start = content.content, content.start
    if len(body) < 2:
        fault = "one byte is no status code (5.5.1)" if body and content.ends else ""
        value = f"fault: {fault}" if fault else incomplete(1, 2)
        part = Ws.DATA if fault else Ws.STATUS_CODE
        return Meaning("", (part.at(start, start + 1, value, buffer=content.buffer),) if body else (), fault)
    code = int.from_bytes(body[:2], "big")
    name, fault = close_code(code)
    text = f"{code}: {name}" if name else str(code)
    value = f"{text}; fault: {fault}" if fault else text
    children = [Ws.STATUS_CODE.at(start, start + 2, value, buffer=content.buffer)]
    if reason := body[2:]:
        broken = not _is_utf8(reason, content.ends)
        fault = fault or (NOT_UTF8 if broken else "")
        shown_reason = f"fault: {NOT_UTF8}; {shown(reason)}" if broken else shown(reason)
        children.append(Ws.REASON.at(start + 2, start + len(body), shown_reason, buffer=content.buffer))
        text = f"{text}; {shown(reason)}"
    return Meaning(text, tuple(children), fault)


def _is_utf8(text: bytes, ends: bool) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(text, final=ends)
    except UnicodeDecodeError:
        return False
    return True


_CONTROL: dict[int, Callable[[Content], Meaning]] = {Opcode.CLOSE: _close, Opcode.PING: _echoed, Opcode.PONG: _echoed}
