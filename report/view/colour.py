"""Source coloured by the standard tokenizer: which runs of a line are what.

In: a file's text. Out: for each line one text such as ``k0+3 s10+4``: a class (k keyword, s text, c comment, n number,
d the name that `def` or `class` gives), where it begins, how long it is. What is not named stays plain.
"""

from __future__ import annotations

import io
import keyword
import tokenize
from functools import lru_cache

_PLAIN = {tokenize.NUMBER: "n", tokenize.STRING: "s", tokenize.COMMENT: "c"}
#: From 3.12 on an f-string comes in pieces; the pieces of text are coloured, what stands in braces is code.
_FSTRING = {
    getattr(tokenize, name) for name in ("FSTRING_START", "FSTRING_MIDDLE", "FSTRING_END") if hasattr(tokenize, name)
}


@lru_cache(maxsize=256)
def colours(source: str) -> tuple[str, ...]:
    """One text a line of `source`; empty ones where it cannot be read."""
    lines = source.splitlines()
    found: list[list[str]] = [[] for _ in lines]
    defines = False
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            name = _class(token, defines)
            if name:
                _mark(found, lines, name, token)
            if token.type not in (tokenize.NL, tokenize.COMMENT):
                defines = token.string in ("def", "class")
    except (tokenize.TokenError, SyntaxError):
        pass  # what was read until then is coloured
    return tuple(" ".join(line) for line in found)


def _class(token: tokenize.TokenInfo, defines: bool) -> str:
    if token.type == tokenize.NAME:
        return "d" if defines else "k" if keyword.iskeyword(token.string) else ""
    if token.type in _FSTRING:
        return "s"
    return _PLAIN.get(token.type, "")


def _mark(found: list[list[str]], lines: list[str], name: str, token: tokenize.TokenInfo) -> None:
    """A token may span lines: each gets its part."""
    (first, start), (last, stop) = token.start, token.end
    for number in range(first, min(last, len(lines)) + 1):
        begin = start if number == first else 0
        end = stop if number == last else len(lines[number - 1])
        if end > begin:
            found[number - 1].append(f"{name}{begin}+{end - begin}")
