"""What is taken for a secret: by the name that stands beside it, or by its own form. Tables of regular expressions.

In: a text (bytes are searched as latin-1). Out: where in it something is secret, and by which rule. Every name of a
secret has one of a dozen words in it, and a text without any is not searched (`secret_hints.py`).
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from string import ascii_letters, digits

from .secret_finder import tree
from .secret_hints import WORDS

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
_STRONG = (
    r"[\w.-]{0,40}(?:passw(?:or)?d[\w-]{0,20}|passphrase|secret(?:[_-]?key)?|api[_-]?key|access[_-]?key"
    r"|private[_-]?key)"
)
_NAME = (
    rf"{_STRONG}|[\w.-]{{0,40}}(?:token|session[_-]?id|sessid|connect\.sid|one[_-]?time[_-]?code)"
    r"|(?:[\w.-]{0,40}[_.-])?(?:pwd|auth|credentials?|jwt|[ct]?otp|csrf|xsrf|signature|session)|sid"
)
_HEADERS = "|".join(HEADERS)
_ENVIRON = "|".join(header.upper().replace("-", "_") for header in HEADERS)
NAME = re.compile(rf"(?:{_NAME}|{_HEADERS}|HTTP_(?:{_ENVIRON}))\Z", re.I)
#: What all begin with that is looked for beside a name.
_BEGINS = re.compile(rf"(?:{_NAME}|{_HEADERS})", re.I)

#: A header, or a line of YAML: what is in `HEADERS` surely has a secret, and what is called as one is, probably.
_HEADER = re.compile(rf"(?i)(?:({_HEADERS})|(?:{_NAME}))[ \t]*:[ \t]*([^\r\n]+)")
#: RFC 6455, section 10.3: these are no secrets, whatever a function calls them that takes them.
PUBLIC = re.compile(r"(?im)^[ \t]*sec-websocket-(?:key|accept)[ \t]*:[ \t]*([^\s,]+)")
PUBLIC_NAME = re.compile(r"(?:HTTP_)?SEC[-_]WEBSOCKET[-_](?:KEY|ACCEPT)\Z", re.I)
#: A name and its value: in JSON, in a form, in source text. A quoted value goes on to its closing quote, or to the end
#: where a read has cut it off. JSON inside JSON has backslashes before its quotes; in a URL inside a URL `=` is `%3D`.
_PAIR = re.compile(
    rf"""(?ix) (?:({_HEADERS})|{_NAME}) (?:\[\]|%5B%5D)? (?:
        (?: ["']\s*:\s* | (?: ["']\] | \s*:\s*[\w.|\[\]\ ]{{1,60}}? )? \s*=\s* )
        b? (?: "((?:[^"\\\r\n]|\\.){{1,4096}}) | '((?:[^'\\\r\n]|\\.){{1,4096}}) )
      | (?: ["']\s*:\s* | = ) ( [^"'&;\s<>\\]{{1,4096}} )
      | \\+["']\s*:\s*\\+["'] ( [^"'\\]{{1,4096}} )
      | ["'] ,\s* b? (?: "([^"\r\n]{{1,4096}})"\) | '([^'\r\n]{{1,4096}})'\) )
      | (?: %22(?:%20|\+)*%3A(?:%20|\+)*%22 | %3D ) ( (?: [^%&"'<>\s\\] | %(?!22|26)[0-9A-F]{{2}} ){{1,4096}} ) )"""
)
_ANYWHERE = re.compile(rf"(?ix)(?<![\w.-])(?:{_PAIR.pattern.removeprefix('(?ix)')})")
#: In prose, as of an exception: only after names that mean nothing else.
_PROSE = re.compile(
    rf"""(?ix) (?:{_STRONG}) (?:
        (?: \s+(?:is\s+)? | \s*[:=]\s* ) (?: "([^"\r\n]{{1,200}})" | '([^'\r\n]{{1,200}})' )
      | \s*:\s+ ([^\s"',;()<>\[\]{{}}]{{1,200}}) )"""
)
#: A part of a form that is sent as multipart/form-data (RFC 7578), and an element of XML.
_PART = re.compile(
    rf"""(?is)name="?(?:{_NAME})"?(?:;[^\r\n]*)?(?:\r?\n[^\r\n]+)*\r?\n\r?\n(.{{1,4096}}?)(?=\r?\n--|\r?\Z|\r?\n-?\Z)"""
)
_PART_NAME = re.compile(rf'(?i)name="?(?:{_NAME})"?\s')
_ELEMENT = re.compile(rf"(?i)<(?:\w+:)?(?:{_NAME})(?:\s[^<>]*)?>([^<]{{1,4096}})")
#: In source text: a literal that is a secret's name, and the literal after it, as in a pair or a dictionary.
_LITERALS = re.compile(
    rf"""(?ix) ["'] (?:{_NAME}|{"|".join(HEADERS)}) ["'] \]? \s* [,:=] \s* b? (?: "([^"\r\n]+) | '([^'\r\n]+) )"""
)
#: What says of itself that it is one: RFC 6750's and RFC 7617's schemes, a key in PEM, OAuth's code in a redirect.
_BEARER = re.compile(r"(?i)\bbearer(?:\s+|\s*,\s*|\.authorization\.k8s\.io\.)(?=[\w.~+/=-]*\d)([\w.~+/=-]{8,})")
_BASIC = re.compile(r"(?i)\bbasic\s+([A-Za-z0-9+/]{4,}={0,2})")
_PEM = re.compile(r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----\s+(.*?)\s*(?=-----END|\Z)")
#: A password's hash, as it is stored: method and cost, salt and digest, by which passwords can be guessed elsewhere.
_HASH = re.compile(r"(?i)(?:\b(?:pbkdf2|scrypt|bcrypt|argon2)[\w:.-]{0,60}\$|\$2[abxy]\$\d\d\$)([\w./+=,$-]{20,4096})")
_CODE = re.compile(r"[?&#]code=([^&\s#\"'<>]+)(?=&state=)|[?&#]state=[^&\s]+&code=([^&\s#\"'<>]+)")
_URL = re.compile(r"://(?:[^\s/:@]*:([^\s/@]+)|([^\s/:@]{16,}))@")
#: What a URL begins with: any scheme where a password follows (1), else one that has no users without (2).
_SCHEME_LETTERS = frozenset(f"{ascii_letters}{digits}+.-")
_BEFORE = (re.compile(""), re.compile(r"(?i)\b[a-z][a-z0-9+.-]*\Z"), re.compile(r"(?i)\bhttps?\Z"))
#: Where in a text a name may stand, by the word in it.
_HINT = re.compile(tree(sorted(WORDS)))
_HINT_ANYHOW = re.compile(_HINT.pattern, re.I)
_SCHEME = re.compile(r"(?i)(?:basic|bearer|digest|negotiate|token|apikey)\s+(?=\S)")
_COOKIE_VALUE = re.compile(r"=\s*(?:\"([^\";]*)|([^;\"\s]+))")
_PLAIN_COOKIE = {"path", "domain", "expires", "max-age", "samesite", "version", "priority"}
#: Words that are values of a secret's name without being secret (`Connection: ...; password=null`).
HARMLESS = {"null", "none", "true", "false", "undefined", "''", '""', "*"}

#: (rule, start, stop, whether it is one for sure: only then is its text looked for elsewhere, whatever it is)
Found = tuple[str, int, int, bool]


def find(text: str) -> Iterator[Found]:
    """All secrets in a text that the rules see; some more than once."""
    low = text.lower()
    if ":" in text or "=" in text or "%3" in text or "'" in text or '"' in text:
        yield from _named(text)
    if "-----begin" in low:
        for match in _PEM.finditer(text):
            for line in re.finditer(r"\S+", match[1]):
                yield "key", match.start(1) + line.start(), match.start(1) + line.end(), True
    if "name=" in low:
        yield from _spans("part", _PART, text)
    if "</" in text:
        yield from _spans("element", _ELEMENT, text, _odd)
    if "bearer" in low:
        yield from _spans("bearer", _BEARER, text)
    if "basic" in low:
        yield from (found for found in _spans("basic", _BASIC, text) if _credentials(text[found[1] : found[2]]))
    if "$" in text:
        yield from _spans("hash", _HASH, text)
    if "code=" in low:
        yield from _spans("code", _CODE, text)
    if "://" in text:
        yield from _urls(text)


def opens_part(data: bytes) -> int:
    """Where in a stream a form's part with a secret's name begins whose end has not come yet; its length where none
    does."""
    at = data.rfind(b"name=")
    if at < 0 or data.find(b"\n--", at) >= 0 or not _PART_NAME.match(data.decode("latin-1"), at):
        return len(data)
    return at


def literals(source: str) -> Iterator[tuple[int, int]]:
    """Where in source text a literal stands beside a secret's name; other names are only names."""
    for match in _ANYWHERE.finditer(source):
        if match.lastindex in (2, 3):
            yield match.span(match.lastindex)
    for match in _LITERALS.finditer(source):
        yield match.span(match.lastindex or 0)


def header_spans(header: str, value: str) -> list[tuple[int, int]]:
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


def _spans(
    rule: str, pattern: re.Pattern[str], text: str, sure: Callable[[str], bool] | None = None
) -> Iterator[Found]:
    for match in pattern.finditer(text):
        start, stop = match.span(match.lastindex or 0)
        yield rule, start, stop, sure is None or sure(text[start:stop])


def _urls(text: str) -> Iterator[Found]:
    for match in _URL.finditer(text):
        kind, start = match.lastindex or 0, match.start()
        while start and text[start - 1] in _SCHEME_LETTERS:
            start -= 1
        if _BEFORE[kind].search(text, start, match.start()):
            yield "url", *match.span(kind), True


def _odd(value: str) -> bool:
    """Whether a value is none that a sentence, or a type, may have beside such a name."""
    return not value.replace(" ", "").replace("_", "").isalpha()


def _credentials(text: str) -> bool:
    """RFC 7617: the user, a colon, the password."""
    try:
        return b":" in b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return False


def _named(text: str) -> Iterator[Found]:
    """What stands beside a secret's name. A name is a run of letters, digits, `_`, `.` and `-` from its first one, so
    there is one place before each hint where it can begin."""
    done = 0
    for hint in _hints(text):
        start = hint.start()
        while start > done and (text[start - 1].isalnum() or text[start - 1] in "_.-"):
            start -= 1
        if start < done:
            continue
        found = list(_beside(text, start))
        yield from found
        done = max((one[2] for one in found), default=done)


def _hints(text: str) -> Iterator[re.Match[str]]:
    """The hints in a text, in small letters or capitals. To look at the small ones alone takes a fifth of the time;
    where every character is one byte, as in all that was bytes, each has its small one at the same place."""
    try:
        return _HINT.finditer(text.encode("latin-1").lower().decode("latin-1"))
    except UnicodeEncodeError:
        return _HINT_ANYHOW.finditer(text)


def _beside(text: str, start: int) -> Iterator[Found]:
    """What stands beside the name that begins at `start`."""
    if not _BEGINS.match(text, start):
        return
    if (match := _HEADER.match(text, start)) and not text[text.rfind("\n", 0, start) + 1 : start].strip(" \t"):
        for one, other in header_spans((match[1] or "").lower(), match[2]):
            value = match[2][one:other]
            rule = (match[1] or "header").lower()
            yield rule, match.start(2) + one, match.start(2) + other, bool(match[1]) or _odd(value)
    elif match := _PAIR.match(text, start):
        at, stop = match.span(match.lastindex or 0)
        spans = header_spans(match[1].lower(), text[at:stop]) if match[1] else [(0, stop - at)]
        tuple_like = match.lastindex in (6, 7)
        for one, other in spans:
            yield "pair", at + one, at + other, not tuple_like or bool(match[1]) or _odd(text[at:stop])
    elif match := _PROSE.match(text, start):
        at, stop = match.span(match.lastindex or 0)
        yield "prose", at, stop, _odd(text[at:stop])
