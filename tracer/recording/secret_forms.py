"""The texts that one secret is seen as: itself, what a library decodes it to, and what one may encode it to.

Bytes are searched as latin-1, so what is not ASCII has its UTF-8 form too. Base64 is cut at multiples of three bytes:
what stands around a secret decides how it is aligned there, so each of three alignments has its own text, without the
letters at the ends that depend on the neighbours.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import quote, quote_plus, unquote_plus

#: Longer ones are tokens: base64 already, or not put into it.
LONGEST = 40
#: What is in a form only because of its encoding: a text without it need not be searched for that form.
MARKS = ("%", "\\", "&")
#: Letters of base64 that are too few to be told from others by chance.
FEWEST = 7
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"}
_SAFE = re.compile(r"[A-Za-z0-9_.~-]*\Z")
_OPAQUE = re.compile(r"(?=.*\d)[\w-]{10,}\Z|(?=.*[a-z])(?=.*[A-Z])[\w-]{16,}\Z")

#: What signers put between the parts of a token, in a URL too, and what stands between a password's salt and digest.
_BETWEEN = re.compile(r"[.:|$]|%3A|%7C", re.I)


def forms(secret: str) -> dict[str, str]:
    """Every text that `secret` is looked for as, itself first; each with a letter that is in it and in few other texts,
    or ''."""
    return {form: next((mark for mark in MARKS if mark in form), "") for form in _forms(secret)}


def _forms(secret: str) -> Iterator[str]:
    seen = [secret, *_decoded(secret)]
    for form in seen[:]:
        seen += _encoded(form)
    seen += _parts(secret)
    for form in [form for form in seen if not form.isascii()]:
        with suppress(UnicodeError):
            seen.append(form.encode().decode("latin-1"))
        with suppress(UnicodeError):
            seen.append(form.encode("latin-1").decode())
    yield from seen


def _decoded(secret: str) -> Iterator[str]:
    if "%" in secret or "+" in secret:
        yield unquote_plus(secret)
    if "\\" in secret:
        with suppress(ValueError):
            decoded = json.loads(f'"{secret}"')
            if isinstance(decoded, str):
                yield decoded
    with suppress(ValueError):
        decoded = b64decode(secret, validate=True).decode()
        if ":" in decoded and decoded.isprintable():  # RFC 7617: the user, a colon, the password
            yield decoded
            yield decoded.partition(":")[2]


def _parts(secret: str) -> Iterator[str]:
    """Of a signed token the parts between the dots, colons or bars: together they are the token, and the last one is
    what nobody else can make."""
    parts = _BETWEEN.split(secret)
    if len(parts) > 1:
        yield from (part for part in parts if _OPAQUE.match(part))


def _encoded(secret: str) -> Iterator[str]:
    """In a URL or a form, in JSON, in Python's own text, in HTML, in base64."""
    with suppress(UnicodeError):
        data = secret.encode()
        if not _SAFE.match(secret):
            for encoded in (quote(secret), quote(secret, safe=""), quote_plus(secret)):
                yield encoded
                yield re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), encoded)
            yield json.dumps(secret)[1:-1]
            yield json.dumps(secret, ensure_ascii=False)[1:-1]
            yield repr(secret)[1:-1]
            yield "".join(_HTML.get(letter, letter) for letter in secret)
            yield "".join(_HTML.get(letter, letter) for letter in secret).replace("&#x27;", "&#39;")
        if not 4 <= len(data) <= LONGEST:
            return
        yield data.hex()
        for before in range(3):
            # `before` bytes of something else come first; a letter is the secret's where all its six bits are
            first, last = -(-before * 8 // 6), (before + len(data)) * 8 // 6
            for encode in (b64encode, urlsafe_b64encode):
                letters = encode(bytes(before) + data).decode()[first:last]
                if len(letters) >= FEWEST:
                    yield letters
