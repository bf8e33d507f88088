"""A connection that still goes on: what of it is whole, as soon as its last byte has come.

In: bytes as they come, of both directions. Out: `Unit`s: an HTTP message, a WebSocket frame, or what is neither, with
the same fields that `dissect` gives when the connection is over, but for bodies: those are counted and forgotten, so a
stream may go on for ever. Offsets in a unit's fields count from where it begins.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from . import http1
from .field import Field
from .http1_body import Framing, next_chunk
from .http1_lines import field_section
from .http1_names import Http
from .part import shown
from .websocket import Frames
from .websocket_deflate import negotiated
from .websocket_names import Ws

#: A first line that is longer, or has other bytes in it, is no HTTP.
LONGEST = 1 << 16
_LINE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*\r?")


@dataclass(frozen=True)
class Unit:
    """One thing that the client wrote, or the server: its fields, where in the direction's bytes it ends, how many they
    are. `whole` is False where the connection ended within it."""

    client: bool
    fields: tuple[Field, ...]
    stop: int
    size: int
    whole: bool = True


class _Mode(Enum):
    HEAD, LENGTH, CHUNKED, ENDLESS, FRAMES, DATA = range(6)


class _Side:
    """The bytes of one direction that are not part of a unit yet."""

    def __init__(self, client: bool) -> None:
        self.client = client
        self.mode = _Mode.HEAD
        self.size = 0  # of what is held
        self.want = 1  # bytes that must be held before looking again is worth it
        self.done = 0  # bytes of the direction before those that are held
        self.began = 0  # where in the direction the unit begins
        self.head: http1.Message | None = None
        self.left = 0  # bytes of the body that are still to come
        self.frames: Frames | None = None
        self._pieces: list[bytes] = []

    def add(self, data: bytes) -> None:
        self._pieces.append(data)
        self.size += len(data)

    def bytes(self) -> bytes:
        """All that is held; joined only when somebody looks, so that a large frame in small reads costs no more."""
        if len(self._pieces) != 1:
            self._pieces = [b"".join(self._pieces)]
        return self._pieces[0]

    def drop(self, count: int) -> None:
        """Forget the first bytes."""
        self.done += count
        self.size -= count
        self.want = 1
        while count and count >= len(self._pieces[0]):
            count -= len(self._pieces.pop(0))
        if count:
            self._pieces[0] = self._pieces[0][count:]

    def unit(self, fields: tuple[Field, ...], whole: bool = True) -> Unit:
        """What ends where the bytes that are held begin."""
        made = Unit(self.client, fields, self.done, self.done - self.began, whole)
        self.began = self.done
        return made


class Growing:
    """Reads one connection. It raises nothing, whatever the bytes are."""

    def __init__(self) -> None:
        self._client, self._server = _Side(True), _Side(False)
        self._asked: deque[str] = deque()  # methods of requests that have no final answer yet
        self._held = False  # the client asked for another protocol: what follows is read when the answer is known

    def feed(self, client: bool, data: bytes) -> list[Unit]:
        """Bytes that came, and what is whole by them: the answer to an upgrade may complete what came before it."""
        (self._client if client else self._server).add(data)
        found: list[Unit] = []
        while True:
            new = [*self._units(self._client), *self._units(self._server)]
            if not new:
                return found
            found += new

    def end(self, client: bool) -> list[Unit]:
        """One direction is over: what ends with it, or is cut by it."""
        side = self._client if client else self._server
        whole = side.mode is _Mode.ENDLESS and side.head is not None and side.head.framing is Framing.UNTIL_CLOSE
        if side.head is not None:
            fields = side.head.fields
        elif side.size == 0:
            return []
        elif side.frames is not None:
            fields = (side.frames.read(side.bytes(), 0),)
        else:
            fields = self._message(side).fields
        side.drop(side.size)
        side.head, side.mode = None, _Mode.DATA
        return [side.unit(fields, whole)]

    def _units(self, side: _Side) -> Iterator[Unit]:
        while side.size >= side.want or (side.mode is _Mode.LENGTH and not side.left):
            before = side.mode, side.size
            fields = _READ[side.mode](self, side)
            if fields is not None:
                yield side.unit(fields)
            elif (side.mode, side.size) == before:
                return

    # -- HTTP ------------------------------------------------------------------------------------------------------

    def _message(self, side: _Side) -> http1.Message:
        if side.client:
            return http1.request(side.bytes(), 0)
        return http1.response(side.bytes(), 0, self._asked[0] if self._asked else None)

    def _read_head(self, side: _Side) -> tuple[Field, ...] | None:
        if side.client and self._held:
            return None
        data = side.bytes()
        if b"\n" not in data:
            if side.size > LONGEST or not _LINE.fullmatch(data):
                side.mode = _Mode.DATA
            return None
        found = self._message(side)
        if not found.understood:
            last = found.fields[-1] if found.fields else None
            if last is not None and last.name == Http.DATA.word and not last.value.startswith("incomplete"):
                side.mode = _Mode.DATA
            elif last is not None and last.name != Http.DATA.word:  # nothing but empty lines
                side.drop(side.size)
                side.began = side.done
            return None
        if not found.headers.complete:
            return None
        side.drop(found.fields[-1].start)  # the empty lines in front of it are no part of it
        side.began = side.done
        side.drop(found.content - found.fields[-1].start)
        side.head = found
        self._frame_body(side, found)
        return None

    def _frame_body(self, side: _Side, head: http1.Message) -> None:
        """What a head says of what follows."""
        side.left = head.length.size
        side.mode = _BODIES[head.framing]
        if side.client:
            self._asked.append(head.method)
            self._held = head.method == "CONNECT" or bool(head.headers.values("upgrade"))
        elif not head.interim:
            method = self._asked.popleft() if self._asked else None
            self._held = False
            if head.status == 101 or http1.is_tunnel(method, head.status):
                self._switch(head)

    def _switch(self, answer: http1.Message) -> None:
        """Another protocol from here on, in both directions; `answer` itself is still to be told."""
        websocket = "websocket" in [name.lower() for name in answer.headers.values("upgrade")]
        for side in (self._client, self._server):
            if websocket and answer.status == 101:
                extensions = negotiated(answer.headers.values("sec-websocket-extensions"))
                side.frames = Frames(client=side.client, extensions=extensions)
            if side.client:
                side.mode, side.want = _Mode.FRAMES if side.frames else _Mode.DATA, 1

    def _ended(self, side: _Side) -> tuple[Field, ...]:
        """The message is whole."""
        assert side.head is not None
        fields, side.head = side.head.fields[-1:], None
        other = not side.client and self._client.mode in (_Mode.FRAMES, _Mode.DATA)
        side.mode = (_Mode.FRAMES if side.frames else self._client.mode) if other else _Mode.HEAD
        return fields

    def _read_length(self, side: _Side) -> tuple[Field, ...] | None:
        count = min(side.left, side.size)
        side.drop(count)
        side.left -= count
        return None if side.left else self._ended(side)

    def _read_chunk(self, side: _Side) -> tuple[Field, ...] | None:
        data = side.bytes()
        found = next_chunk(data, 0)
        if found is None:
            side.want = side.size + 1
            return None
        stop, last = found
        if last:
            trailer = field_section(data, stop)
            if not stop:
                side.mode = _Mode.ENDLESS  # no chunk: nothing behind it can be told apart
            elif trailer.complete:
                side.drop(trailer.stop)
                return self._ended(side)
            return None
        if stop > side.size:
            side.want = stop
        else:
            side.drop(stop)
        return None

    def _read_endless(self, side: _Side) -> tuple[Field, ...] | None:
        side.drop(side.size)
        return None

    # -- what follows it -------------------------------------------------------------------------------------------

    def _read_frame(self, side: _Side) -> tuple[Field, ...] | None:
        assert side.frames is not None
        data = side.bytes()
        lacking = side.frames.lacks(data, 0)
        if lacking:
            side.want = side.size + lacking
            return None
        field = side.frames.read(data, 0)
        if field.name == Ws.DATA.word:
            side.mode = _Mode.DATA
            return None
        side.drop(field.stop)
        return (field,)

    def _read_data(self, side: _Side) -> tuple[Field, ...]:
        """Bytes of an unknown protocol: what came together is told together."""
        data = side.bytes()
        side.drop(len(data))
        return (Http.DATA.at(0, len(data), shown(data)),)


_BODIES = {
    Framing.NONE: _Mode.LENGTH,
    Framing.LENGTH: _Mode.LENGTH,
    Framing.CHUNKED: _Mode.CHUNKED,
    Framing.UNTIL_CLOSE: _Mode.ENDLESS,
    Framing.FAULTY: _Mode.ENDLESS,
}
_READ = {
    _Mode.HEAD: Growing._read_head,
    _Mode.LENGTH: Growing._read_length,
    _Mode.CHUNKED: Growing._read_chunk,
    _Mode.ENDLESS: Growing._read_endless,
    _Mode.FRAMES: Growing._read_frame,
    _Mode.DATA: Growing._read_data,
}
