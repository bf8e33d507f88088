"""Secrets are masked before anything is written to disk.

What counts: the values of the headers in `HEADERS` (cookie by cookie), what follows a name such as `password`
in forms, JSON, query strings, dictionaries and arguments, and credentials in URLs. A secret found anywhere is
remembered, and masked wherever else its text occurs afterwards. Every masked character becomes one `*`, so
sizes and offsets stay true. Bytes are searched as latin-1: one character is one byte.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import unquote_plus

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
    r"[\w.-]{0,40}(?:passwd|password|passphrase|secret(?:[_-]?key)?|api[_-]?key|apikey|access[_-]?key|private[_-]?key"
    r"|csrf[_-]?token|xsrf[_-]?token|auth[_-]?token|access[_-]?token|refresh[_-]?token|session[_-]?id|sessionid)"
    r"|(?:[\w.-]{0,40}[_.-])?(?:token|pwd|auth|credentials?)"
)
NAME = re.compile(
    rf"(?:{_NAME}|{'|'.join(HEADERS)}|HTTP_(?:{'|'.join(h.upper().replace('-', '_') for h in HEADERS)}))\Z", re.I
)

_HEADER = re.compile(rf"(?im)^[ \t]*({'|'.join(HEADERS)})[ \t]*:[ \t]*([^\r\n]+)")
#: RFC 6455, section 10.3: these are no secrets, whatever a function calls them that takes them.
_PUBLIC = re.compile(r"(?im)^[ \t]*sec-websocket-(?:key|accept)[ \t]*:[ \t]*([^\s,]+)")
_PUBLIC_NAME = re.compile(r"(?:HTTP_)?SEC[-_]WEBSOCKET[-_](?:KEY|ACCEPT)\Z", re.I)
#: A name and its value: in JSON, in a form, in source text. A quoted value goes on to its closing quote, or to the end
#: where a read has cut it off.
_PAIR = re.compile(
    rf"""(?ix) (?<![\w.-]) (?:{_NAME}) (?:\[\])? (?:
        (?: ["']\s*:\s* | (?: ["']\] | \s*:\s*[\w.|\[\]\ ]{{1,60}}? )? \s*=\s* )
        b? (?: "((?:[^"\\\r\n]|\\.){{1,4096}}) | '((?:[^'\\\r\n]|\\.){{1,4096}}) )
      | (?: ["']\s*:\s* | = ) ( [^"'&;\s<>]{{1,4096}} ) )"""
)
#: In source text: a literal that is a secret's name, and the literal after it, as in a pair or a dictionary.
_LITERALS = re.compile(
    rf"""(?ix) ["'] (?:{_NAME}|{"|".join(HEADERS)}) ["'] \]? \s* [,:=] \s* b? (?: "([^"\r\n]+) | '([^'\r\n]+) )"""
)
#: Every secret's name has one of these in it.
_HINT = re.compile("passw|passphrase|secret|key|session|token|pwd|auth|credential|cookie", re.I)
_URL = re.compile(r"(?i)\b[a-z][a-z0-9+.-]*://[^\s/:@]*:([^\s/@]+)@")
_SCHEME = re.compile(r"(?i)(?:basic|bearer|digest|negotiate|token|apikey)\s+(?=\S)")
_COOKIE_VALUE = re.compile(r"=\s*(?:\"([^\";]*)|([^;\"\s]+))")
_PLAIN_COOKIE = {"path", "domain", "expires", "max-age", "samesite", "version", "priority"}
#: Words that are values of a secret's name without being secret (`Connection: ...; password=null`).
_HARMLESS = {"null", "none", "true", "false", "undefined", "''", '""', "*"}
#: A text shorter than this is masked where it stands, and not looked for elsewhere.
_SHORTEST = 4
#: So many secrets are looked for at a time, the latest ones: every text is searched for all of them.
MOST = 2000


class Secrets:
    """Finds and masks; remembers what it found. One for each recording; `show` switches it off.

    `masked` counts what was masked, by the rule that found it. `unfinished` holds what the last text ended in:
    secrets that may go on where the text was cut.
    """

    def __init__(self, show: bool = False) -> None:
        self.show = show
        self.masked: dict[str, int] = {}
        self.unfinished: list[str] = []
        #: How often a secret was learned that was not known.
        self.learned = 0
        self._known: dict[str, None] = {}
        self._finder: re.Pattern[str] | None = None
        #: How long the longest known secret is, in characters.
        self.longest = 0
        self._names: dict[str, bool] = {}
        self._public: set[str] = set()

    @property
    def known(self) -> frozenset[str]:
        """The secrets found so far, in every form that they take; kept in memory only, never written."""
        return frozenset(self._known)

    @property
    def idle(self) -> bool:
        """Whether no secret is known yet."""
        return self._finder is None

    def named(self, name: str) -> bool:
        """Whether what is called `name` is a secret."""
        if name not in self._names:
            if len(self._names) > MOST:
                self._names.clear()
            self._names[name] = not self.show and NAME.match(name) is not None
        return self._names[name]

    def concerns(self, name: str) -> bool:
        """Whether it matters that something has this name: it says that it is a secret, or that it is none."""
        return self.named(name) or (not self.show and _PUBLIC_NAME.match(name) is not None)

    def text(self, text: str, name: str = "") -> str:
        """`text` with its secrets masked; all of it where `name` is a secret's name."""
        if self.show or not text:
            return text
        if name and self.named(name):
            return self._whole(text, name) if text not in self._public else text
        if name and _PUBLIC_NAME.match(name):
            self._publish(text)
        self.unfinished = []
        spans = self._found(text) if hinted(text) else []
        if self._finder is not None:
            spans += [match.span() for match in self._finder.finditer(text)]
        return _starred(text, spans)

    def data(self, data: bytes, name: str = "") -> bytes:
        """The same for bytes; the length never changes."""
        if self.show or not data or not (name or self._finder is not None or hinted(data)):
            return data
        return self.text(data.decode("latin-1"), name).encode("latin-1")

    def source(self, text: str) -> str:
        """Source text with the literals masked that stand beside a secret's name; other names are only names."""
        if self.show:
            return text
        found = [match for match in _PAIR.finditer(text) if match.lastindex in (1, 2)] + list(_LITERALS.finditer(text))
        spans = [match.span(match.lastindex or 0) for match in found]
        for start, stop in spans:
            self._learn(text[start:stop], "source")
        return self.again(_starred(text, spans))

    def again(self, text: str) -> str:
        """`text` with the secrets masked that are known by now."""
        return self._finder.sub(lambda match: "*" * len(match[0]), text) if self._finder else text

    def forget(self, secrets: list[str]) -> None:
        """Secrets that turned out to be the beginning of longer ones."""
        for secret in secrets:
            for form in forms(secret):
                self._known.pop(form, None)
        self._compile()

    def _whole(self, text: str, name: str) -> str:
        key = name.lower().replace("_", "-").removeprefix("http-")
        spans = list(_header_spans(key, text)) if key in HEADERS else [(0, len(text))]
        spans = [(start, stop) for start, stop in spans if text[start:stop].lower() not in _HARMLESS]
        for start, stop in spans:
            self._learn(text[start:stop], name.lower())
        return _starred(text, spans)

    def _found(self, text: str) -> list[tuple[int, int]]:
        spans: list[tuple[int, int]] = []
        lowered = text.lower()
        if ":" in text and any(header in lowered for header in HEADERS):
            for match in _HEADER.finditer(text):
                for start, stop in _header_spans(match[1].lower(), match[2]):
                    spans.append((match.start(2) + start, match.start(2) + stop))
                    self._find(text, spans[-1], match[1].lower())
        if "sec-websocket-" in lowered:
            for match in _PUBLIC.finditer(text):
                self._publish(match[1])
        if "=" in text or ":" in text:
            for rule, match in [*(("pair", m) for m in _pairs(text)), *(("url", m) for m in _URL.finditer(text))]:
                span = match.span(match.lastindex or 0)
                found = text[span[0] : span[1]]
                if found.lower() not in _HARMLESS and set(found) != {"*"}:
                    spans.append(span)
                    self._find(text, span, rule)
        return spans

    def _publish(self, text: str) -> None:
        if len(self._public) >= MOST:
            self._public.clear()
        self._public.add(text)

    def _find(self, text: str, span: tuple[int, int], rule: str) -> None:
        found = text[span[0] : span[1]]
        if self._learn(found, rule) and span[1] == len(text):
            self.unfinished.append(found)

    def _learn(self, secret: str, rule: str) -> bool:
        """Remember a secret; True where it was not known."""
        if not secret.strip("*"):
            return False
        self.masked[rule] = self.masked.get(rule, 0) + 1
        new = [form for form in forms(secret) if len(form) >= _SHORTEST and form not in self._known]
        if new:
            self.learned += 1
            self._known.update(dict.fromkeys(new))
            for oldest in list(self._known)[:-MOST]:
                del self._known[oldest]
            self._compile()
        return bool(new)

    def _compile(self) -> None:
        longest_first = sorted(self._known, key=lambda s: (-len(s), s))
        self._finder = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        self.longest = len(longest_first[0]) if longest_first else 0


def forms(secret: str) -> list[str]:
    """The texts that a secret is seen as: itself, what a library decodes it to, and both as bytes read as latin-1."""
    seen = [secret]
    if "%" in secret or "+" in secret:
        seen.append(unquote_plus(secret))
    if "\\" in secret:
        with suppress(ValueError):
            seen.append(json.loads(f'"{secret}"'))
    with suppress(ValueError):
        decoded = b64decode(secret, validate=True).decode()
        if ":" in decoded and decoded.isprintable():  # RFC 7617: the user, a colon, the password
            seen += [decoded, decoded.partition(":")[2]]
    for form in [form for form in seen if not form.isascii()]:
        with suppress(UnicodeError):
            seen.append(form.encode().decode("latin-1"))
        with suppress(UnicodeError):
            seen.append(form.encode("latin-1").decode())
    return seen


def hinted(text: str | bytes) -> bool:
    """Whether a secret's name may stand in a text, or a URL with credentials: by far the most have none, and this is
    quick to see. (Written out, since it is asked for all that passes; `_HINT` has the same words.)"""
    low = (text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")).lower()
    return (
        b"key" in low or b"auth" in low or b"token" in low or b"session" in low or b"cookie" in low or b"passw" in low
        or b"secret" in low or b"pwd" in low or b"credential" in low or b"passphrase" in low or b"://" in low
    )  # fmt: skip


def _pairs(text: str) -> Iterator[re.Match[str]]:
    """What `_PAIR` finds. A name is a run of letters, digits, `_`, `.` and `-` from its first one, so there is one
    place before each hint where it can begin."""
    done = 0
    for hint in _HINT.finditer(text):
        start = hint.start()
        while start > done and (text[start - 1].isalnum() or text[start - 1] in "_.-"):
            start -= 1
        if start >= done and (match := _PAIR.match(text, start)):
            yield match
            done = match.end()


def _starred(text: str, spans: list[tuple[int, int]]) -> str:
    if not spans:
        return text
    letters = list(text)
    for start, stop in spans:
        letters[start:stop] = "*" * (stop - start)
    return "".join(letters)


def _header_spans(header: str, value: str) -> list[tuple[int, int]]:
    """Where in a header's value the secret is: each cookie's value, or what follows the scheme."""
    if "cookie" in header:
        spans = []
        for match in re.finditer(r"[^;,]+", value):
            name, equals, _ = match[0].partition("=")
            if equals and name.strip().lower() not in _PLAIN_COOKIE:
                inner = _COOKIE_VALUE.search(match[0])
                if inner and inner[inner.lastindex or 0]:
                    start, stop = inner.span(inner.lastindex or 0)
                    spans.append((match.start() + start, match.start() + stop))
        return spans
    scheme = _SCHEME.match(value)
    start = scheme.end() if scheme else 0
    return [(start, len(value.rstrip()))] if value[start:].strip() else []


class StreamMask:
    """Masks one direction of one connection, where a header or a pair may be cut by a read.

    Keeps the unmasked end of the stream since its last line break (at most `LIMIT` bytes; `EDGE` where nothing in it
    hints at a secret), looks at it together with what comes next, and gives back the masked form of the new bytes.
    """

    LIMIT = 8192
    EDGE = 64

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._tail = b""
        self._unfinished: list[str] = []

    def feed(self, data: bytes) -> bytes:
        """The masked form of `data`, which follows everything fed before."""
        whole = self._tail + data
        if self._unfinished:
            self._secrets.forget(self._unfinished)
        quiet = not hinted(whole)
        masked = data if self._secrets.idle and quiet else self._secrets.data(whole)[len(self._tail) :]
        self._unfinished = [] if quiet else list(self._secrets.unfinished)
        keep = max(self.EDGE, self._secrets.longest) if quiet else self.LIMIT
        self._tail = whole[whole.rfind(b"\n") + 1 :][-keep:]
        return masked
