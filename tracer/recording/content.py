"""What a value holds just now, one level deep, asked of the language itself: never of the value's own methods."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .kinds import plan
from .seen import PARTS

#: How much is copied of what says something: a bytearray, a text of a class of its own; in bytes or characters.
MOST_BYTES = 1 << 16

_arguments = BaseException.__dict__["args"].__get__


def content(value: Any, base: type | None) -> tuple[int, Any, tuple[Any, ...], list[Any]]:
    """What an object holds as the builtin type that it extends: its size, what it says where that is text, bytes or a
    number, the keys of a dictionary, and its items."""
    if base is None:
        return -1, None, (), []
    if base is dict:
        pairs = items_of(value)
        return dict.__len__(value), None, tuple([key for key, _ in pairs]), [item for _, item in pairs]
    if base is BaseException:
        return -1, None, (), list(_arguments(value)[:PARTS])
    size, data = outside(value, type(value))
    if data is not None:
        return size, data, (), []
    container: Any = base
    return size, None, (), first(container.__iter__(value))


def outside(value: Any, kind: type) -> tuple[int, Any]:
    """How many items an object has, and what it says, as the builtin type that it extends."""
    base: Any = plan(kind).base
    if base is None or base is BaseException or base is type:
        return -1, None
    if base is str or base is bytes:
        return base.__len__(value), base.__getitem__(value, slice(0, MOST_BYTES))
    if base is int or base is float:
        return -1, base.__repr__(value)
    return base.__len__(value), None


def octets_of(value: memoryview) -> tuple[int, bytes | None]:
    try:
        data = value[:MOST_BYTES].tobytes() if value.ndim == 1 and value.itemsize == 1 else value.tobytes()[:MOST_BYTES]
    except (ValueError, NotImplementedError):  # released, or of an odd shape
        return -1, None
    return value.nbytes, data


def items_of(value: dict[Any, Any]) -> list[tuple[Any, Any]]:
    """At most `PARTS` of the pairs of a dictionary."""
    return first(dict.items(value)) if dict.__len__(value) > PARTS else list(dict.items(value))


def first(items: Iterable[Any]) -> list[Any]:
    """At most `PARTS` of the items of a builtin container."""
    try:
        return [item for item, _ in zip(items, range(PARTS), strict=False)]
    except RuntimeError:  # another thread changed its size meanwhile
        return []
