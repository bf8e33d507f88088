"""Whether a text may hold a secret at all. Asked of all that passes: by far the most has no hint, and is not searched.

Every secret's name has one of `HINTS` in it, or what it says of itself has; and behind a name's end there is a sign
that a value follows, or the text ends. (Of 64 KiB of random bytes every seventh has a word such as "otp" by chance, and
every sixtieth with such a sign behind it.) A buffer that grows, what is cut from it, and what is made of the pieces are
looked at in turn, and are the same bytes: `Hints` remembers the latest long texts in which there was no hint, and where
the pieces begin in which they came, and looks at what is new.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence

from .secret_finder import tree

#: What says nothing by itself, but together.
_JOINED = (("api", "key"), ("access", "key"), ("private", "key"), ("time", "code"))
#: Of these words, one is in each name of a secret; of the hints, one is in whatever the rules look for.
WORDS = (
    "auth", "token", "session", "cookie", "passw", "secret", "pwd", "credential", "passphrase", "srf", "jwt", "otp",
    "signature", "sessid", "sid", *(one + between + other for one, other in _JOINED for between in ("", "_", "-")),
)  # fmt: skip
#: The methods of hashing passwords, as a hash says of itself.
_METHODS = (b"pbkdf2", b"scrypt", b"bcrypt", b"argon2", b"$2a$", b"$2b$", b"$2x$", b"$2y$")
HINTS = (*(word.encode() for word in WORDS), b"://", b"bearer", b"code=", b"key-----", *_METHODS)
_HINTED = re.compile(tree(sorted(hint.decode() for hint in HINTS)).encode())
#: What may stand behind a name in small letters, whatever the rules make of it: quotes, spaces (all that Unicode has,
#: as UTF-8 or latin-1), a colon, and so on.
_SIGN = rb"(?:\[\]|%5b%5d)?(?:[\x09-\x0d\x1c-\x20\"'\\:=>;\x85\xa0\xc2\xe1-\xe3]|%22|%3|\Z)"
#: How a name goes on from its hint to its end, and what says of itself that it is a secret.
_ENDS = re.compile(
    rb"://|bearer|code=|key-----|\$2[abxy]\$|(?:pbkdf2|scrypt|bcrypt|argon2)[\w:.-]{0,60}\$"
    rb"|(?:cookie|jwt|otp|passphrase|pwd|secret(?:[_-]?key)?|sessid|sid|signature|srf|token"
    rb"|auth(?:orization)?|credentials?|passw[\w\x80-\xff-]{0,80}|session(?:[_-]?id)?"
    rb"|(?:api|access|private)[_-]?key|time[_-]?code)" + _SIGN
)
#: Bytes; a longer text without any of the signs that stand between a name and its value is not searched for names.
_SHORT = 300
#: What is remembered: the latest texts of at least so many bytes, and how many bytes of them all together.
LONG, _HELD = 1 << 10, 1 << 24
#: By so many bytes at its end a text is found again.
_END = 64
#: Bytes that a hint has at most, with all that belongs to it; and that a word of `HINTS` has.
_REACH, _WORD = 128, max(map(len, HINTS))


def hinted(text: str | bytes) -> bool:
    """Whether a secret's name may stand in a text, or what says of itself that it is one."""
    low = (text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")).lower()
    if len(low) >= _SHORT and not _signed(low):
        return b"bearer" in low
    return _found(low)


def hints_in(data: bytes, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, int]]:
    """Where in some bytes the hints stand that begin in `data[start:stop]`, from their first letter to their sign."""
    stop = len(data) if stop is None else stop
    low, at = data[start : stop + _WORD].lower(), 0
    while (hint := _HINTED.search(low, at)) and hint.start() < stop - start:
        at = hint.start() + 1  # the next one may begin inside: "jwtoken"
        begin = start + hint.start()
        end = _ENDS.match(data[begin : begin + _REACH].lower())
        if end is not None:
            yield begin, begin + end.end()


class Hints:
    """`hinted`, with a memory. One for each recording."""

    def __init__(self) -> None:
        #: Long texts in which there is no hint at all, whatever they are put together with: the latest ones, and by
        #: how they begin and end.
        self._clean: deque[tuple[bytes, tuple[int, ...]]] = deque()
        self._begins: dict[bytes, tuple[bytes, int]] = {}
        self._ends: dict[bytes, bytes] = {}
        self._held = 0

    def __call__(self, text: str | bytes, cuts: Sequence[int] = ()) -> bool:
        """What `hinted` says of a text; `cuts`: where pieces of it begin that may be asked for alone."""
        if len(text) < LONG:
            return hinted(text)
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        if not _signed(data):
            return b"bearer" in data.lower()
        start, stop = 0, len(data)
        lies = not cuts and self._around_clean(data, start, stop) == (stop, stop, stop)  # in one that is remembered
        while rest := self._around_clean(data, start, stop):
            seam, start, stop = rest
            if _found(data, max(0, seam - _REACH), seam):
                return True
        if start < stop and _found(data, start, stop):
            return True
        if not lies:
            self.remember(data, cuts)
        return False

    def remember(self, data: bytes, cuts: Sequence[int] = ()) -> None:
        """There is nothing in these bytes that matters, nor in any piece of them."""
        if not LONG <= len(data) <= _HELD:
            return
        begins = (0, *[cut for cut in cuts if cut <= len(data) - _END])
        self._clean.append((data, begins))
        for at in begins:
            self._begins[data[at : at + _END]] = data, at
        self._ends[data[-_END:]] = data
        self._held += len(data)
        while self._held > _HELD:
            old, begins = self._clean.popleft()
            self._held -= len(old)
            for at in begins:
                key = old[at : at + _END]
                if self._begins.get(key) == (old, at):
                    del self._begins[key]
            if self._ends.get(old[-_END:]) is old:
                del self._ends[old[-_END:]]

    def _around_clean(self, data: bytes, start: int, stop: int) -> tuple[int, int, int] | None:
        """Take away a part of data[start:stop] that is known: where it bordered on the rest, and the rest."""
        known, at = self._begins.get(data[start : min(start + _END, stop)], (b"", 0))
        if known:
            if len(known) - at > stop - start:
                if known.startswith(data[start:stop], at):
                    return stop, stop, stop
            elif data.startswith(known[at:], start, stop):
                start += len(known) - at
                return start, start, stop
        known = self._ends.get(data[max(stop - _END, start) : stop], b"")
        if known:
            if len(known) > stop - start:
                if known.endswith(data[start:stop]):
                    return start, start, start
            elif data.endswith(known, start, stop):
                stop -= len(known)
                return stop, start, stop
        return None


def _found(data: bytes, start: int = 0, stop: int | None = None) -> bool:
    return next(hints_in(data, start, stop), None) is not None


def _signed(data: bytes) -> bool:
    """Whether anything in it may stand between a name and its value, or between the parts of a password's hash."""
    return b"=" in data or b":" in data or b'"' in data or b"'" in data or b"%3" in data or b"<" in data or b"$" in data
