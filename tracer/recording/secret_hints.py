"""Whether a text may hold a secret at all. Asked of all that passes: by far the most has no hint, and is not searched.

Every secret's name has one of `HINTS` in it, or what it says of itself has. A buffer that grows, what is cut from it,
and what is made of the pieces are looked at in turn, and are the same bytes: `Hints` remembers the latest long texts in
which there was none, and looks at what is new.
"""

from __future__ import annotations

import re
from collections import deque

from .secret_finder import tree

HINTS = (
    b"key", b"auth", b"token", b"session", b"cookie", b"passw", b"secret", b"pwd", b"credential", b"passphrase", b"://",
    b"srf", b"jwt", b"otp", b"signature", b"sessid", b"sid=", b'sid"', b"sid'", b"sid:", b"bearer", b"code=",
)  # fmt: skip
_HINTED = re.compile(tree(sorted(hint.decode() for hint in HINTS)).encode())
#: Bytes; a longer text without any of the signs that stand between a name and its value is not searched for names.
_SHORT = 300
#: What is remembered: the latest texts of at least so many bytes, and how many bytes of them all together.
LONG, _HELD = 1 << 10, 1 << 22
#: By so many bytes at its end a text is found again.
_END = 64
#: A hint may begin as many bytes before a seam.
_SEAM = max(map(len, HINTS)) - 1


def hinted(text: str | bytes) -> bool:
    """Whether a secret's name may stand in a text, or what says of itself that it is one."""
    low = (text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")).lower()
    if len(low) >= _SHORT and not _signed(low):
        return b"bearer" in low
    return _HINTED.search(low) is not None or low == b"sid"


class Hints:
    """`hinted`, with a memory. One for each recording."""

    def __init__(self) -> None:
        #: Long texts in which there is no hint at all, whatever they are put together with: the latest ones, and by
        #: how they begin and end.
        self._clean: deque[bytes] = deque()
        self._begins: dict[bytes, bytes] = {}
        self._ends: dict[bytes, bytes] = {}
        self._held = 0

    def __call__(self, text: str | bytes) -> bool:
        """What `hinted` says of a text."""
        if len(text) < LONG:
            return hinted(text)
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        if not _signed(data):
            return b"bearer" in data.lower()
        start, stop = 0, len(data)
        while rest := self._around_clean(data, start, stop):
            seam, start, stop = rest
            if _found(data[max(0, seam - _SEAM) : seam + _SEAM]):
                return True
        if start < stop and _found(data[start:stop]):
            return True
        if len(data) <= _HELD:
            self._remember(data)
        return False

    def _around_clean(self, data: bytes, start: int, stop: int) -> tuple[int, int, int] | None:
        """Take away a part of data[start:stop] that is known: where it bordered on the rest, and the rest."""
        known = self._begins.get(data[start : min(start + _END, stop)])
        if known is not None:
            if len(known) > stop - start:
                if known.startswith(data[start:stop]):
                    return stop, stop, stop
            elif data.startswith(known, start, stop):
                start += len(known)
                return start, start, stop
        known = self._ends.get(data[max(stop - _END, start) : stop])
        if known is not None:
            if len(known) > stop - start:
                if known.endswith(data[start:stop]):
                    return start, start, start
            elif data.endswith(known, start, stop):
                stop -= len(known)
                return stop, start, stop
        return None

    def _remember(self, data: bytes) -> None:
        self._clean.append(data)
        self._begins[data[:_END]] = self._ends[data[-_END:]] = data
        self._held += len(data)
        while self._held > _HELD:
            old = self._clean.popleft()
            self._held -= len(old)
            for known, key in ((self._begins, old[:_END]), (self._ends, old[-_END:])):
                if known.get(key) is old:
                    del known[key]


def _found(data: bytes) -> bool:
    return _HINTED.search(data.lower()) is not None


def _signed(data: bytes) -> bool:
    """Whether anything in it may stand between a name and its value."""
    return b"=" in data or b":" in data or b'"' in data or b"'" in data or b"%3" in data or b"<" in data
