"""Masks what crosses a socket, where a read may end anywhere: in a header, in a pair, between two chunks of a body.

One `StreamMask` for one direction of one connection. It keeps the unmasked end of the stream, looks at it together with
what comes next, and gives back the masked form of the new bytes: as long as these, and a `*` for each masked one. Of a
WebSocket, `secret_frames.py` looks into the frames.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from .secret_frames import FrameMask
from .secret_rules import opens_part

if TYPE_CHECKING:
    from .secrets import Secrets

#: A request or a response after whose head frames follow (RFC 6455, section 4).
_UPGRADE = re.compile(rb"(?i)\nupgrade:[ \t]*websocket")
_HEAD_ENDS = b"\r\n\r\n"
#: RFC 9112, section 7.1: what stands between two pieces of a body; at the end of a read maybe not all of it.
_CHUNKED = re.compile(rb"(?i)\ntransfer-encoding:[^\r\n]*chunked")
_SIZE = rb"[0-9a-fA-F]{1,8}(?:;[^\r\n]{0,100})?"
_CHUNK = re.compile(rb"\r\n%s\r\n|\r(?:\n(?:%s\r?)?)?\Z" % (_SIZE, _SIZE))


class StreamMask:
    """One direction of one connection: text, and frames when it has become a WebSocket."""

    #: Bytes of a head that are kept to see a line that a read has cut.
    EDGE = 64

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._text = TextMask(secrets)
        self._frames: FrameMask | None = None
        self._edge = b""
        self._upgrading = False

    def feed_all(self, parts: list[bytes]) -> list[bytes]:
        """The masked forms of what follows, part by part, looked at in one piece. Most has no secret; then the parts
        themselves come back."""
        joined = b"".join(parts)
        cuts = [*accumulate(map(len, parts[:-1]))]
        masked = self.feed(joined, cuts)
        if masked == joined:
            return parts
        out, at = [], 0
        for part in parts:
            out.append(masked[at : at + len(part)])
            at += len(part)
        return out

    def feed(self, data: bytes, cuts: Sequence[int] = ()) -> bytes:
        """The masked form of `data`, which follows everything fed before, and came in pieces cut at `cuts`."""
        if self._frames is not None:
            masked, rest = self._frames.feed(data, cuts)
            if not rest:
                return masked
            self._frames, self._text = None, TextMask(self._secrets)  # no frame: HTTP once more
            return masked + self.feed(rest)
        end = self._end_of_head(data)
        if end < 0:
            return self._text.feed(data)
        self._frames, self._edge, self._upgrading = FrameMask(TextMask, self._secrets), b"", False
        masked = self._text.feed(data[:end])
        return masked + self.feed(data[end:], [cut - end for cut in cuts if cut > end]) if end < len(data) else masked

    def _end_of_head(self, data: bytes) -> int:
        """Where in `data` the first frame begins; -1 where none does."""
        window, start = self._edge + data, 0
        known = len(self._edge)
        self._edge = window[-self.EDGE :]
        if not self._upgrading:
            found = _UPGRADE.search(window)
            if found is None:
                return -1
            self._upgrading, start = True, found.end()
        end = window.find(_HEAD_ENDS, start)
        return max(0, end + len(_HEAD_ENDS) - known) if end >= 0 else -1


class TextMask:
    """A run of text. Keeps its end since the last line break: at most `LIMIT` bytes, `EDGE` where nothing in it hints
    at a secret; of a form's part with a secret's name all of it, of a body in chunks `CHUNKS` bytes."""

    LIMIT = 8192
    EDGE = 64
    CHUNKS = 1024

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._tail = b""
        self._unfinished: list[str] = []
        self._chunked = False

    def feed(self, data: bytes, cuts: Sequence[int] = ()) -> bytes:
        """The masked form of `data`, which follows everything fed before, and came in pieces cut at `cuts`."""
        whole = self._tail + data
        if self._unfinished:
            self._secrets.forget(self._unfinished)
        self._chunked = self._chunked or _CHUNKED.search(whole) is not None
        if self._chunked:
            quiet = not self._secrets.hinted(_CHUNK.sub(b"", whole))
        else:
            quiet = not self._secrets.hinted(whole, [len(self._tail) + cut for cut in cuts])
        if quiet and self._secrets.idle:
            masked = data
        else:
            masked = (self._over_chunks(whole) if self._chunked else self._secrets.data(whole))[len(self._tail) :]
        self._unfinished = [] if quiet else list(self._secrets.unfinished)
        self._tail = self._kept(whole, quiet)
        return masked

    def _kept(self, whole: bytes, quiet: bool) -> bytes:
        keep = max(self.EDGE, self._secrets.longest) if quiet else self.LIMIT
        if self._chunked:
            return whole[-min(keep, self.CHUNKS) :]
        begin = whole.rfind(b"\n") + 1
        if not quiet:
            begin = min(begin, opens_part(whole))
        return whole[begin:][-keep:]

    def _over_chunks(self, whole: bytes) -> bytes:
        """Masked as if the body were in one piece; what stands between its pieces stays."""
        cuts = [match.span() for match in _CHUNK.finditer(whole)]
        pieces = [whole[one:other] for one, other in zip([0, *(c[1] for c in cuts)], [*(c[0] for c in cuts), None],
                                                         strict=True)]  # fmt: skip
        joined = b"".join(pieces)
        masked = self._secrets.data(joined)
        out, at = [], 0
        for piece, cut in zip(pieces, [*cuts, (0, 0)], strict=True):
            out += [masked[at : at + len(piece)], whole[slice(*cut)]]
            at += len(piece)
            if 0 < at < len(joined):
                self._secrets.learn(_around(joined, masked, at))
        return b"".join(out)


def _around(joined: bytes, masked: bytes, at: int) -> list[str]:
    """The two pieces of a secret that was cut at `at`."""
    if not (masked[at - 1 : at + 1] == b"**" != joined[at - 1 : at + 1]):
        return []
    start, stop = at, at
    while start and masked[start - 1] == 0x2A:
        start -= 1
    while stop < len(masked) and masked[stop] == 0x2A:
        stop += 1
    return [joined[start:at].decode("latin-1"), joined[at:stop].decode("latin-1")]
