"""Looks for many texts at once: all forms of all secrets that are known so far.

One regular expression for each mark (a text without the mark is not searched for forms that have it), written as a
tree of common beginnings, so that a thousand cookies cost little more than ten. The latest forms have one of their own:
to compile the large one for each new secret would take longer than all else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

#: So many forms are looked for at a time, the latest ones.
MOST = 4000
#: So many new ones wait before they are put to the others.
RECENT = 40
#: How deep the tree of beginnings is; below, what is left stands side by side.
DEPTH = 20


class Finder:
    """The forms, and what finds them."""

    def __init__(self) -> None:
        self.forms: dict[str, str] = {}
        #: How long the longest form is, in characters.
        self.longest = 0
        self._recent: dict[str, str] = {}
        self._settled: dict[str, re.Pattern[str]] = {}
        self._latest: dict[str, re.Pattern[str]] = {}

    def __bool__(self) -> bool:
        return bool(self.forms)

    def add(self, forms: Mapping[str, str]) -> None:
        """Look for these from now on; each with its mark."""
        new = {form: mark for form, mark in forms.items() if form not in self.forms}
        self.forms.update(new)
        self._recent.update(new)
        self.longest = max(self.longest, *map(len, forms))
        if len(self._recent) > RECENT:
            self._settle()
        else:
            self._latest = _patterns(self._recent)

    def forget(self, forms: Mapping[str, str]) -> None:
        """Look for these no longer."""
        kept = [form for form in forms if self.forms.pop(form, None) is not None and form not in self._recent]
        for form in forms:
            self._recent.pop(form, None)
        if kept:
            self._settle()
        else:
            self._latest = _patterns(self._recent)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where in a text one of them stands."""
        for patterns in (self._settled, self._latest):
            for mark, pattern in patterns.items():
                if mark in text:
                    for match in pattern.finditer(text):
                        yield match.span()

    def _settle(self) -> None:
        for oldest in list(self.forms)[:-MOST]:
            del self.forms[oldest]
        self._recent, self._latest = {}, {}
        self._settled = _patterns(self.forms)


def _patterns(forms: Mapping[str, str]) -> dict[str, re.Pattern[str]]:
    by_mark: dict[str, list[str]] = {}
    for form, mark in forms.items():
        by_mark.setdefault(mark, []).append(form)
    return {mark: re.compile(tree(sorted(words))) for mark, words in by_mark.items()}


def tree(words: list[str], depth: int = DEPTH) -> str:
    """An expression for any of some sorted words, the longest first where one begins with another."""
    if len(words) == 1:
        return re.escape(words[0])
    if not depth:
        return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    prefix = _common(words[0], words[-1])
    if prefix:
        rest = [word[len(prefix) :] for word in words if word != prefix]
        return f"{re.escape(prefix)}(?:{tree(rest, depth - 1)}){'?' if len(rest) < len(words) else ''}"
    groups: dict[str, list[str]] = {}
    for word in words:
        groups.setdefault(word[0], []).append(word)
    return "|".join(tree(group, depth - 1) for group in groups.values())


def _common(one: str, other: str) -> str:
    """What two texts begin with."""
    count = next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), len(one))
    return one[:count]
