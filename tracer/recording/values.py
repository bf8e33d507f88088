"""Values as safe text: what an argument or a result was, told without running a line of the program's code.

A hook has kept the value, or a snapshot of it (`snapshots.py`); here the writer makes a description of that: a type, a
kind, text or bytes, and the `parts`: the objects directly inside, by label, which is what "held" means later on.
(A plain `repr` of a half-built object kills the traced request: Werkzeug's `HeaderSet` does.)
"""

from __future__ import annotations

import types
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from .kinds import ATOMS, CODE, MUTABLE, plan, type_name
from .snapshots import PARTS, Snapshot, first


class Description(NamedTuple):
    """`type` is the qualified name; `kind` one of atom, text, bytes, container, object, code, exception.

    `size` counts characters, bytes or items; -1 where there is no such thing. `data` is what is kept of it:
    text (`str`), bytes, or None; `cut` is true where that is not all. `labels` and `parts` go together.
    """

    type: str
    kind: str
    size: int
    data: str | bytes | None
    cut: bool
    labels: tuple[str, ...] = ()
    parts: Sequence[Any] = ()


def describe(value: Any, limit: int) -> Description:
    """What `value` is; at most `limit` characters or bytes of it. What can change is told by its `Snapshot`, as it was;
    without one only its type is."""
    kind = type(value)
    if kind is Snapshot:
        return _of_snapshot(value, limit)
    if id(kind) in ATOMS:
        return _of_atom(value, kind)
    if kind is str:
        return Description("str", "text", len(value), value[:limit], len(value) > limit)
    if kind is bytes:
        return Description("bytes", "bytes", len(value), value[:limit], len(value) > limit)
    if kind is tuple or kind is frozenset:
        parts = first(value)
        return Description(
            kind.__name__, "container", len(value), None, len(value) > PARTS, numbered(len(parts)), parts
        )
    if id(kind) in CODE or plan(kind).base is type:
        return Description(type_name(kind), "code", -1, _code_name(value, kind), False)
    return of_type(kind)


def of_type(kind: type) -> Description:
    """What there is to say of an object of which nothing but its type is known."""
    how = plan(kind)
    return Description(how.name, "exception" if how.base is BaseException else "object", -1, None, False)


def _of_snapshot(seen: Snapshot, limit: int) -> Description:
    kind, items = seen.kind, seen.items
    if kind is bytearray or kind is memoryview:
        if items is None:
            return Description("memoryview", "code", -1, "memoryview", True)
        data = items[:limit]
        return Description(kind.__name__, "bytes", seen.size, data, len(data) < seen.size)
    if kind is types.MethodType:
        return Description(type_name(kind), "code", -1, _callable_name(items), False)
    if kind is dict:
        return Description("dict", "container", seen.size, None, len(items) < seen.size, *_keyed(items))
    if id(kind) in MUTABLE or kind is tuple:
        cut = len(items) < seen.size
        return Description(kind.__name__, "container", seen.size, None, cut, numbered(len(items)), items)
    how = plan(kind)
    names, parts = seen.names, seen.attributes
    if not proper(names):
        parts = [part for name, part in zip(names, parts, strict=True) if type(name) is str]
        names = tuple(name for name in names if type(name) is str)
    labels = attributes(names)
    if type(items) is list:
        inner, inside = _keyed(items) if how.base is dict else (labels_of(how.fields, len(items)), items)
        labels, parts = inner + labels, [*inside, *parts]
    if how.base is BaseException:
        return Description(how.name, "exception", -1, None, False, labels, parts)
    if type(items) is list:
        return Description(how.name, "object", seen.size, None, len(items) < seen.size, labels, parts)
    if type(items) is str or type(items) is bytes:
        size = seen.size if seen.size >= 0 else -1
        return Description(how.name, "object", size, items[:limit], False, labels, parts)
    return Description(how.name, "object", -1, None, False, labels, parts)


def _of_atom(value: Any, kind: type) -> Description:
    if kind is int and value.bit_length() > 256:
        return Description("int", "atom", -1, f"an int of {value.bit_length()} bits", True)
    if kind is slice or kind is range:
        return Description(kind.__name__, "atom", -1, kind.__name__, True)
    return Description(kind.__name__, "atom", -1, repr(value), False)  # an exact builtin type: its own repr


_NUMBERS = tuple(f"[{index}]" for index in range(PARTS))


def numbered(count: int) -> tuple[str, ...]:
    """``[0]``, ``[1]``, …: the labels of items in their order."""
    return _NUMBERS[:count]


def labels_of(fields: tuple[str, ...], count: int) -> tuple[str, ...]:
    """What a tuple's items are called: the fields of a named one, numbers otherwise."""
    return attributes(fields) if len(fields) == count else numbered(count)


_TEXT = frozenset({id(str)})


def proper(names: tuple[Any, ...]) -> bool:
    """Whether these keys of an object's dictionary are exact texts: only then may they be hashed, or compared."""
    return _TEXT.issuperset(map(id, map(type, names)))


@lru_cache(maxsize=4096)
def attributes(names: tuple[str, ...]) -> tuple[str, ...]:
    """``.name`` for each of an object's attributes."""
    return tuple(f".{name}" for name in names)


def _keyed(items: list[tuple[Any, Any]]) -> tuple[tuple[str, ...], list[Any]]:
    """Keys that are exact texts, bytes or ints label their item; others only by their place."""
    return tuple(_key(key, index) for index, (key, _) in enumerate(items)), [item for _, item in items]


def _key(key: Any, index: int) -> str:
    if type(key) is str or type(key) is bytes:
        return f"[{key[:80]!r}]"
    return f"[{key}]" if type(key) is int else f"[key {index}]"


def _code_name(value: Any, kind: type) -> str:
    """The dotted name of a function, method, class, module or code object."""
    if plan(kind).base is type:
        return type_name(value)
    if kind is types.ModuleType:
        name = types.ModuleType.__getattribute__(value, "__dict__").get("__name__")
        return name if type(name) is str else "module"
    if kind is types.CodeType:
        return str(value.co_name)
    name = getattr(value, "__qualname__", "")
    module = getattr(value, "__module__", None)
    return f"{module}.{name}" if type(module) is str and type(name) is str else str(name)


def _callable_name(function: Any) -> str:
    kind = type(function)
    return _code_name(function, kind) if id(kind) in CODE else type_name(kind)
