"""What the parts of a value are called: found once for all values of one type with the same parts.

A layout is found by the identities of the type and of the names, so no name is hashed or compared: a stranger may have
put anything among the keys of a dictionary.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

from .kinds import MUTABLE, plan, type_name
from .secret_hints import hinted
from .seen import PARTS, Layout

if TYPE_CHECKING:
    from .secrets import Secrets

#: Layouts that are remembered; more of them start over.
MOST = 5_000
#: A name of a secret is not longer, in characters.
_LONGEST = 80
_NUMBERS = tuple(f"[{index}]" for index in range(PARTS))


class Layouts:
    """The layouts of one recording; `known` has them by what they are found by, `new` as rows of `shape` that are
    still to be written: number, type, kind, labels."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self.known: dict[Any, Layout] = {}
        self.new: list[tuple[int, str, str, tuple[str, ...]]] = []
        self._rows: dict[tuple[str, str, tuple[str, ...]], int] = {}
        self._next = count(1).__next__
        self.text, self.octets = self.row("str", "text", ()), self.row("bytes", "bytes", ())

    def row(self, kind: str, word: str, labels: tuple[str, ...]) -> int:
        """The number of a shape; the same for layouts that say the same."""
        found = self._rows.get((kind, word, labels))
        if found is None:
            found = self._next()
            self.new.append((found, kind, word, labels))
            self._rows[kind, word, labels] = found
        return found

    def of(self, kind: type, names: tuple[Any, ...], keys: tuple[Any, ...] = (), items: int = 0) -> Layout:
        """Of an object with attributes of these names; of a dictionary with these keys. `items`: as many it has
        besides, as the builtin type that it extends (with `keys`, where that is a dictionary)."""
        found = self.known.get((id(kind), items, *map(id, names), *map(id, keys)))
        return found or self._make(kind, names, keys, items)

    def _make(self, kind: type, names: tuple[Any, ...], keys: tuple[Any, ...], items: int) -> Layout:
        how = plan(kind)
        if kind is dict:
            labels = tuple(_key(key, index) for index, key in enumerate(names))
        else:
            first = tuple(_key(key, index) for index, key in enumerate(keys)) or labels_of(how.fields, items)
            labels = first + tuple(f".{name}" if type(name) is str else f".{type_name(type(name))}" for name in names)
        word = "container" if kind is dict else "exception" if how.base is BaseException else "object"
        return self._add((id(kind), items, *map(id, names), *map(id, keys)), how.name, word, labels, (*names, *keys))

    def counted(self, kind: type, count: int) -> Layout:
        """Of a list, tuple or set with so many parts."""
        found = self.known.get((id(kind), count))
        return found or self._add((id(kind), count), kind.__name__, "container", numbered(count))

    def plain(self, kind: type, word: str) -> Layout:
        """Of a value that says something and has no parts."""
        return self.known.get((id(kind), word)) or self._add((id(kind), word), type_name(kind), word, ())

    def bare(self, kind: type) -> Layout:
        """Of an object that is not looked into."""
        found = self.known.get(id(kind))
        if found is not None:
            return found
        how = plan(kind)
        container = id(kind) in MUTABLE or kind is tuple or kind is frozenset
        word = "container" if container else "exception" if how.base is BaseException else "object"
        return self._add(id(kind), how.name, word, ())

    def pairs(self, inside: Sequence[Any], more: int = 0) -> tuple[str, ...]:
        """What the parts of a sequence are called where one may name the next, as in ``("password", "...")``: each by
        the one before it; and so many attributes besides, by nothing. Empty where none names anything."""
        if self._secrets.show or not any(map(_may_name, inside)):
            return ()
        names = tuple(_name(part) for part in inside[:-1])
        return ("", *names, *[""] * more) if any(map(self._secrets.concerns, names)) else ()

    def _add(self, key: Any, kind: str, word: str, labels: tuple[str, ...], keeps: Sequence[Any] = ()) -> Layout:
        """A new layout. It keeps the names alive, so that their `id`s stay theirs; where one is an object of the
        program's, that has to go when the program lets go of it, so the layout is for once."""
        if len(self.known) >= MOST:
            self.known.clear()
        kept = all(map(_lasting, keeps))
        names = tuple(label.removeprefix("[b").strip(".[]'\"") for label in labels)
        secret = names if any(map(self._secrets.concerns, names)) else ()
        layout = Layout(self.row(kind, word, labels), secret, keeps)
        if kept:
            self.known[key] = layout
        return layout


def numbered(count: int) -> tuple[str, ...]:
    """``[0]``, ``[1]``, …: the labels of items in their order."""
    return _NUMBERS[:count]


def labels_of(fields: tuple[str, ...], count: int) -> tuple[str, ...]:
    """What a tuple's items are called: the fields of a named one, numbers otherwise."""
    return tuple(f".{name}" for name in fields) if len(fields) == count else numbered(count)


def _key(key: Any, index: int) -> str:
    """Keys that are exact texts, bytes or ints label their item; others only by their place."""
    if type(key) is str or type(key) is bytes:
        return f"[{key[:80]!r}]"
    return f"[{key}]" if type(key) is int else f"[key {index}]"


def _lasting(name: Any) -> bool:
    return type(name) is str or type(name) is bytes or type(name) is int


def _may_name(part: Any) -> bool:
    """Whether a part of something may be the name of a secret that follows it."""
    return (type(part) is str or type(part) is bytes) and len(part) < _LONGEST and hinted(part)


def _name(part: Any) -> str:
    """What a part says, as a name."""
    if type(part) is bytes:
        return part[:_LONGEST].decode("latin-1")
    return part[:_LONGEST] if type(part) is str else ""
