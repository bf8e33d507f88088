"""Secrets are masked before anything is written to disk.

What counts: the values of the headers in `HEADERS` (cookie by cookie), what follows a name such as `password`
in forms, JSON, query strings, dictionaries and arguments, and credentials in URLs. A secret found anywhere is
remembered, and masked wherever else its text occurs afterwards. Every masked character becomes one `*`, so
sizes and offsets stay true. Bytes are searched as latin-1: one character is one byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable

HEADERS = (
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "x-auth-token",
    "x-csrf-token",
    "x-csrftoken",
    "x-xsrf-token",
)

#: Names whose values are secret, wherever a name stands beside a value. `Sec-WebSocket-Key` is none: RFC 6455,
#: section 10.3, says that it is not, and without it a handshake cannot be explained.
_NAME = (
    r"[\w.-]{0,40}(?:passwd|password|passphrase|secret|api[_-]?key|apikey|access[_-]?key|private[_-]?key"
    r"|csrf[_-]?token|xsrf[_-]?token|auth[_-]?token|access[_-]?token|refresh[_-]?token|session[_-]?id|sessionid)"
    r"|(?:[\w.-]{0,40}[_.-])?(?:token|pwd|auth|credentials?)"
)
NAME = re.compile(rf"(?:{_NAME})\Z|HTTP_(?:{'|'.join(h.upper().replace('-', '_') for h in HEADERS)})\Z", re.I)

_HEADER = re.compile(rf"(?im)^[ \t]*({'|'.join(HEADERS)})[ \t]*:[ \t]*([^\r\n]+)")
_PAIR = re.compile(
    rf"""(?ix) (?<![\w.-]) (?:{_NAME}) (?:\[\])? (?: "\s*:\s*" | '\s*:\s*' | = )  ( [^"'&;\s<>]{{1,4096}} )"""
)
_URL = re.compile(r"(?i)\b[a-z][a-z0-9+.-]*://[^\s/:@]*:([^\s/@]+)@")
_SCHEME = re.compile(r"(?i)(?:basic|bearer|digest|negotiate|token|apikey)\s+(?=\S)")
_COOKIE_VALUE = re.compile(r"=\s*\"?([^;\"\s]+)")
_PLAIN_COOKIE = {"path", "domain", "expires", "max-age", "samesite", "version", "priority"}
#: Words that are values of a secret's name without being secret (`Connection: ...; password=null`).
_HARMLESS = {"null", "none", "true", "false", "undefined", "''", '""', "*"}
_SHORTEST = 4


class Secrets:
    """Finds and masks; remembers what it found. One for each recording; `show` switches it off.

    `masked` counts what was masked, by the rule that found it.
    """

    def __init__(self, show: bool = False) -> None:
        self.show = show
        self.masked: dict[str, int] = {}
        self._known: set[str] = set()
        self._finder: re.Pattern[str] | None = None

    @property
    def known(self) -> frozenset[str]:
        """The secrets found so far; kept in memory only, never written."""
        return frozenset(self._known)

    def text(self, text: str, name: str = "") -> str:
        """`text` with its secrets masked; all of it where `name` is a secret's name."""
        if self.show or not text:
            return text
        if name and NAME.match(name):
            return self._whole(text, name)
        spans = self._found(text)
        if self._finder is not None:
            spans += [(m.start(), m.end()) for m in self._finder.finditer(text)]
        if not spans:
            return text
        letters = list(text)
        for start, stop in spans:
            letters[start:stop] = "*" * (stop - start)
        return "".join(letters)

    def data(self, data: bytes, name: str = "") -> bytes:
        """The same for bytes; the length never changes."""
        if self.show or not data:
            return data
        return self.text(data.decode("latin-1"), name).encode("latin-1")

    def _whole(self, text: str, name: str) -> str:
        key = name.lower().replace("_", "-").removeprefix("http-")
        spans = list(_header_spans(key, text)) if key in HEADERS else [(0, len(text))]
        letters = list(text)
        for start, stop in spans:
            if text[start:stop].lower() not in _HARMLESS:
                self._learn(text[start:stop], name.lower())
                letters[start:stop] = "*" * (stop - start)
        return "".join(letters)

    def _found(self, text: str) -> list[tuple[int, int]]:
        spans: list[tuple[int, int]] = []
        lowered = text.lower()
        if ":" in text and any(header in lowered for header in HEADERS):
            for match in _HEADER.finditer(text):
                for start, stop in _header_spans(match[1].lower(), match[2]):
                    span = (match.start(2) + start, match.start(2) + stop)
                    self._learn(text[span[0] : span[1]], match[1].lower())
                    spans.append(span)
        if "=" in text or ":" in text:
            for rule, pattern in (("pair", _PAIR), ("url", _URL)):
                for match in pattern.finditer(text):
                    if match[1].lower() not in _HARMLESS and set(match[1]) != {"*"}:
                        self._learn(match[1], rule)
                        spans.append(match.span(1))
        return spans

    def _learn(self, secret: str, rule: str) -> None:
        if not secret.strip("*"):
            return
        self.masked[rule] = self.masked.get(rule, 0) + 1
        if len(secret) >= _SHORTEST and secret not in self._known and len(self._known) < 2000:
            self._known.add(secret)
            longest_first = sorted(self._known, key=lambda s: (-len(s), s))
            self._finder = re.compile("|".join(re.escape(s) for s in longest_first))


def _header_spans(header: str, value: str) -> list[tuple[int, int]]:
    """Where in a header's value the secret is: each cookie's value, or what follows the scheme."""
    if "cookie" in header:
        spans = []
        for match in re.finditer(r"[^;,]+", value):
            name, equals, _ = match[0].partition("=")
            if equals and name.strip().lower() not in _PLAIN_COOKIE:
                inner = _COOKIE_VALUE.search(match[0])
                if inner:
                    spans.append((match.start() + inner.start(1), match.start() + inner.end(1)))
        return spans
    scheme = _SCHEME.match(value)
    start = scheme.end() if scheme else 0
    return [(start, len(value.rstrip()))] if value[start:].strip() else []


class StreamMask:
    """Masks one direction of one connection, where a header or a pair may be cut by a read.

    Keeps the unmasked end of the stream since its last line break (at most `LIMIT` bytes), looks at it together
    with what comes next, and gives back the masked form of the new bytes alone.
    """

    LIMIT = 8192

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._tail = b""

    def feed(self, data: bytes) -> bytes:
        """The masked form of `data`, which follows everything fed before."""
        whole = self._tail + data
        masked = self._secrets.data(whole)[len(self._tail) :]
        self._tail = whole[whole.rfind(b"\n") + 1 :][-self.LIMIT :]
        return masked


Masker = Callable[[str, str], str]
