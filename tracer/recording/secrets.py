"""Secrets are masked before anything is written to disk.

What counts says `secret_rules.py`: the values of some headers (cookie by cookie), what follows a name such as
`password` in forms, JSON, query strings, dictionaries and arguments, credentials in URLs. A secret found anywhere is
remembered, and masked wherever else its text occurs, in every form of it that `secret_forms.py` knows. Every masked
character becomes one `*`, so sizes and offsets stay true. Bytes are searched as latin-1: one character is one byte.
"""

from __future__ import annotations

from .secret_finder import Finder
from .secret_forms import forms
from .secret_hints import Hints
from .secret_huffman import huffman
from .secret_rules import HARMLESS, HEADERS, NAME, PUBLIC, PUBLIC_NAME, find, header_spans, literals
from .secret_streams import StreamMask as StreamMask

#: A text shorter than this is masked where it stands, and not looked for elsewhere.
_SHORTEST = 4
#: So many names are remembered with whether they are a secret's.
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
        #: Whether a text may hold a secret at all.
        self.hinted = Hints()
        self._finder = Finder()
        self._compressed = False
        self._names: dict[str, bool] = {}
        self._public: set[str] = set()

    @property
    def known(self) -> frozenset[str]:
        """The secrets found so far, in every form that they take; kept in memory only, never written."""
        return frozenset(self._finder.forms)

    @property
    def longest(self) -> int:
        """How long the longest known secret is, in characters."""
        return self._finder.longest

    @property
    def idle(self) -> bool:
        """Whether no secret is known yet."""
        return not self._finder

    def named(self, name: str) -> bool:
        """Whether what is called `name` is a secret."""
        if name not in self._names:
            if len(self._names) > MOST:
                self._names.clear()
            self._names[name] = not self.show and NAME.match(name) is not None
        return self._names[name]

    def concerns(self, name: str) -> bool:
        """Whether it matters that something has this name: it says that it is a secret, or that it is none."""
        return self.named(name) or (not self.show and PUBLIC_NAME.match(name) is not None)

    def text(self, text: str, name: str = "") -> str:
        """`text` with its secrets masked; all of it where `name` is a secret's name."""
        if self.show or not text:
            return text
        if name and self.named(name):
            return self._whole(text, name) if text not in self._public else text
        if name and PUBLIC_NAME.match(name):
            self._publish(text)
        self.unfinished = []
        spans = self._found(text) if self.hinted(text) else []
        if self._finder:
            spans += self._finder.spans(text)
        return _starred(text, spans)

    def data(self, data: bytes, name: str = "") -> bytes:
        """The same for bytes; the length never changes."""
        if self.show or not data or not (name or self._finder or self.hinted(data)):
            return data
        return self.text(data.decode("latin-1"), name).encode("latin-1")

    def source(self, text: str) -> str:
        """Source text with the literals masked that stand beside a secret's name; other names are only names."""
        if self.show:
            return text
        spans = list(literals(text))
        for start, stop in spans:
            self._learn(text[start:stop], "source")
        return self.again(_starred(text, spans))

    def again(self, text: str) -> str:
        """`text` with the secrets masked that are known by now."""
        return _starred(text, list(self._finder.spans(text))) if self._finder else text

    def knows(self, text: str) -> bool:
        """Whether a secret that is known by now stands in `text`."""
        return next(self._finder.spans(text), None) is not None

    def places(self, text: str) -> list[tuple[int, int]]:
        """Where in `text` secrets stand that are known by now."""
        return list(self._finder.spans(text))

    def compress(self) -> None:
        """A connection has begun on which headers are compressed: secrets are looked for in that form, too."""
        if not self._compressed:
            self._compressed = True
            known = {form: "" for secret in self.known if secret.isascii() for form in huffman(secret)}
            if known:
                self.learned += 1
                self._finder.add(known)

    def forget(self, secrets: list[str]) -> None:
        """Secrets that turned out to be the beginning of longer ones."""
        for secret in secrets:
            self._finder.forget(self._forms(secret))

    def learn(self, pieces: list[str]) -> None:
        """What a library sees of secrets that the wire had in pieces."""
        for piece in pieces:
            if len(piece) >= _SHORTEST:
                self._finder.add({piece: ""})

    def _whole(self, text: str, name: str) -> str:
        key = name.lower().replace("_", "-").removeprefix("http-")
        spans = list(header_spans(key, text)) if key in HEADERS else [(0, len(text))]
        spans = [(start, stop) for start, stop in spans if text[start:stop].lower() not in HARMLESS]
        for start, stop in spans:
            self._learn(text[start:stop], name.lower())
        return _starred(text, spans)

    def _found(self, text: str) -> list[tuple[int, int]]:
        spans: list[tuple[int, int]] = []
        if "ec-" in text or "EC-" in text:
            for match in PUBLIC.finditer(text):
                self._publish(match[1])
        for rule, start, stop, sure in find(text):
            found = text[start:stop]
            if found.lower() not in HARMLESS and found.strip("*"):
                spans.append((start, stop))
                if not sure:
                    self._count(rule)
                elif self._learn(found, rule) and stop == len(text):
                    self.unfinished.append(found)
        return spans

    def _forms(self, secret: str) -> dict[str, str]:
        found = forms(secret)
        if self._compressed:
            found |= {form: "" for one in [*found] if one.isascii() for form in huffman(one)}
        return found

    def _publish(self, text: str) -> None:
        if len(self._public) >= MOST:
            self._public.clear()
        self._public.add(text)

    def _count(self, rule: str) -> None:
        self.masked[rule] = self.masked.get(rule, 0) + 1

    def _learn(self, secret: str, rule: str) -> bool:
        """Remember a secret; True where it was not known."""
        if not secret.strip("*"):
            return False
        self._count(rule)
        if secret in self._finder.forms:
            return False
        new = {form: mark for form, mark in self._forms(secret).items() if len(form) >= _SHORTEST}
        if new:
            self.learned += 1
            self._finder.add(new)
        return bool(new)


def _starred(text: str, spans: list[tuple[int, int]]) -> str:
    if not spans:
        return text
    letters = list(text)
    for start, stop in spans:
        letters[start:stop] = "*" * (stop - start)
    return "".join(letters)
