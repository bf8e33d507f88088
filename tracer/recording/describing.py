"""Makes rows of the values that the hooks have numbered: what each says, of what type it is, what is inside it.

What holds something is written as integers, with its layout as a row of its own; what says something as integers and
its text. All that is new at a time is one row: a row for each value costs more than all the rest of the recording.
Secrets are masked before a row leaves.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from itertools import accumulate, compress, groupby
from typing import Any

from .events import BYTES, CUT
from .kinds import identified
from .known import Known
from .layouts import Layouts
from .packing import beginnings, packed, shared, unpacked
from .secret_hints import LONG, hints_in
from .secrets import Secrets
from .seen import Bound, Named, Veiled
from .values import Description, code_name, describe

Row = tuple[Any, ...]


#: So many of the latest wire events whose bytes were masked are remembered, for bytes that were read alone.
_RECENT = 1_000


class Describing:
    """The rows of all values of one recording that are still to be written; the writer takes them."""

    def __init__(self, secrets: Secrets, known: Known, layouts: Layouts, max_value: int) -> None:
        self._secrets = secrets
        self._known = known
        self._layouts = layouts
        self._limit = max_value
        self._objects: list[int] = []
        #: Of what says something, five numbers each, and what it says.
        self._heads: list[int] = []
        self._said: list[str | bytes] = []
        #: What crossed the sockets just now, and its numbers.
        self._moved: list[str | bytes] = []
        self._crossed: set[int] = set()
        #: The latest wire events that moved bytes, by their number, as they are written; and how many of them came at
        #: the time before: what was read then may be looked at only now.
        self._behind: list[tuple[int, bytes]] = []
        self._old = 0
        #: Wire events that moved one byte which was masked, by their order.
        self._starred: dict[int, None] = {}

    def add(self) -> None:
        """Take what the hooks have numbered."""
        self._objects, heads, news = self._known.take()
        said = heads[5::6]
        del heads[5::6]
        exact = (self._layouts.text, self._layouts.octets)
        self._known.keep(self._moved)
        self._moved.clear()
        self._known.keep(compress(said, map(exact.__contains__, heads[2::5])))
        if not self._crossed.isdisjoint(heads[::5]):  # what these say is in their wire events
            said = [b"" if number in self._crossed else value for number, value in zip(heads[::5], said, strict=True)]
        self._crossed.clear()
        if said and max(map(len, said)) > self._limit:
            self._cut(heads, said)
        self._heads, self._said = heads, said
        things = iter(news)
        for number, thing in zip(things, things, strict=True):
            kind = type(thing)
            if kind is Named:
                self._named(number, thing)
            elif kind is Bound:
                self._row(number, number, Description("method", "code", -1, code_name(thing.function), False))
            elif kind is Veiled:
                seen = b"*" if thing.order in self._starred else thing.value
                self._row(number, 0, describe(seen, self._limit))
            else:
                described = describe(thing, self._limit)
                self._row(number, number if described.kind == "code" else 0, described)

    def _cut(self, heads: list[int], said: list[str | bytes]) -> None:
        for index, value in enumerate(said):
            if len(value) > self._limit:
                said[index] = value[: self._limit]
                heads[5 * index + 4] |= CUT

    def wire(self, order: int, number: int, data: bytes, masked: bytes) -> None:
        """Bytes crossed a socket, and were masked as the stream was: their row is the wire event's."""
        if len(data) == 1 and masked != data:
            self._starred[order] = None
            while len(self._starred) > _RECENT:
                del self._starred[next(iter(self._starred))]
        if identified(data):
            self._moved.append(data)
            self._crossed.add(number)

    def written(self, number: int, masked: bytes) -> None:
        """What moved in a wire event is written, masked, behind that of all before it."""
        self._behind.append((number, masked))

    def take(self) -> tuple[list[Row], Row | None]:
        """The rows of `shape`, and of `described` what follows its number, masked; None where there is nothing."""
        behind = self._behind[:]
        del self._behind[: self._old]
        self._old = len(self._behind)
        (objects, self._objects), (heads, self._heads), (said, self._said) = (
            (self._objects, []),
            (self._heads, []),
            (self._said, []),
        )
        new = self._layouts.new
        shapes = [self._shape(*new.pop(0)) for _ in range(len(new))]
        if not (heads or objects):
            return shapes, None
        told = [one if type(one) is bytes else octets(one) for one in said]
        around = [data for _, data in behind]
        written, starts = shared(told, around)
        while not self._secrets.show and self._mask(said, told, written, starts):
            written, starts = shared(told, around)  # and once more: some may hold what was learned from others
        lengths, whole = packed([*map(len, told)]), b"".join(written)
        first = behind[0][0] if behind and starts and max(starts) >= len(whole) else None
        return shapes, (packed(objects), packed(heads), lengths, packed(starts), whole, first)

    def _mask(self, said: list[str | bytes], told: list[bytes], written: list[bytes], starts: list[int]) -> bool:
        """Mask, here and there, those in which there may be a secret; whether any has changed. Most have none, and what
        is written is looked at at once: only a text that has a part of a hint, or of a known secret, is looked at by
        itself. What lies in a wire event has been."""
        where = sorted(self._suspicious(written))
        if not where:
            return False
        begins, ends = [start for start, _ in where], [*accumulate((stop for _, stop in where), max)]
        lengths, changed = [*map(len, told)], False
        for index, (start, length) in enumerate(zip(beginnings(lengths, starts), lengths, strict=True)):
            first = bisect_right(ends, start)
            if first < len(begins) and begins[first] < start + length:
                said[index] = self.masked(said[index])
                masked = octets(said[index])
                changed = changed or masked != told[index]
                told[index] = masked
        return changed

    def _suspicious(self, written: list[bytes]) -> list[tuple[int, int]]:
        """Where in what is written there may be a secret. Long texts that were searched before are known; of the short
        ones, those that stand side by side are searched together."""
        found: list[tuple[int, int]] = []
        at = 0
        for long, group in groupby(written, lambda one: len(one) >= LONG):
            for text in group if long else (b"".join(group),):
                if not long or self._secrets.hinted(text):
                    found += [(at + start, at + stop) for start, stop in hints_in(text)]
                at += len(text)
        if not self._secrets.idle:
            found += self._secrets.places(b"".join(written).decode("latin-1"))
        return found

    def masked(self, data: str | bytes) -> str | bytes:
        """Text or bytes without what is known to be secret, or looks so."""
        return self._secrets.text(data) if isinstance(data, str) else self._secrets.data(data)

    def again(self, heads: bytes, lengths: bytes, starts: bytes, told: bytes) -> tuple[bytes, bytes, bytes] | None:
        """Lengths, starts and text of a row of `described`, masked once more, where it holds a secret that was learned
        since. None where it does not. Each is masked by itself, so none is shared any more; what lies in a wire event
        stays there."""
        if not self._secrets.knows(told.decode("latin-1")):
            return None
        parts, sizes, lies, size = [], unpacked(lengths), [], 0
        for flags, start, length in zip(unpacked(heads)[4::5], beginnings(sizes, unpacked(starts)), sizes, strict=True):
            if start >= len(told):
                lies.append((False, start - len(told), length))
                continue
            part = told[start : start + length]
            parts.append(octets(self.masked(part if flags & BYTES else part.decode())))
            lies.append((True, size, len(parts[-1])))
            size += len(parts[-1])
        begins = [at if here else size + at for here, at, _ in lies]
        return packed([length for *_, length in lies]), packed(begins), b"".join(parts)

    def _shape(self, number: int, kind: str, word: str, labels: tuple[str, ...]) -> Row:
        return number, kind, word, json.dumps([self._secrets.text(label) for label in labels], ensure_ascii=False)

    def _named(self, number: int, thing: Named) -> None:
        """Learn the secret that is called so, or those directly inside it, and mask its row whole."""
        value, name = thing.value, thing.name
        if not thing.whole:
            for item in value:
                self._secret(item, name)
            return
        told = describe(value, self._limit)
        self._secret(value, name)
        data = told.data
        masked = self._secrets.data(data, name) if isinstance(data, bytes) else self._secrets.text(data or "", name)
        if identified(value):
            self._known.keep([value])
        self._row(number, number if identified(value) else 0, told._replace(data=masked))

    def _secret(self, value: Any, name: str) -> None:
        if type(value) is str:
            self._secrets.text(value, name)
        elif type(value) is bytes:
            self._secrets.data(value, name)

    def _row(self, number: int, identity: int, told: Description) -> None:
        data = "" if told.data is None else told.data
        flags = (CUT if told.cut else 0) | (BYTES if isinstance(data, bytes) else 0)
        self._heads += (number, identity, self._layouts.row(told.type, told.kind, ()), told.size, flags)
        self._said.append(data)


def octets(text: str | bytes) -> bytes:
    """Text as UTF-8, bytes as they are. A lone surrogate, which no file can hold, becomes the replacement character."""
    if isinstance(text, bytes):
        return text
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATES.sub("\ufffd", text).encode()


_SURROGATES = re.compile("[\ud800-\udfff]")
