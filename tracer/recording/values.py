"""Values as safe text: what an argument or a result was, told without running a line of the program's code.

No `__repr__`, `__eq__`, `__hash__`, `__len__`, property, iterator or metaclass of a stranger is ever called: the
exact types of the language are read by the language's own functions, everything else by its real `type`, its
instance dictionary and its slots, each fetched through the descriptor that C made. (A plain `repr` of a
half-built object kills the traced request: Werkzeug's `HeaderSet` does.) Sets of types are sets of `id`s here,
because hashing a class would call its metaclass.

Two moments: a hook calls `snapshot` for what can still change, which copies one level and nothing more; the
writer calls `describe` later, for text. The `parts` of a description are the objects directly inside, by label:
what "held" means later on.
"""

from __future__ import annotations

import types
from typing import Any, NamedTuple

#: How many parts of a container or an object are described.
PARTS = 64
#: How much of a bytearray is copied each time it passes a hook, in bytes.
BYTES = 1 << 16


class Description(NamedTuple):
    """`type` is the qualified name; `kind` one of atom, text, bytes, container, object, code, exception.

    `size` counts characters, bytes or items; -1 where there is no such thing. `data` is what is kept of it:
    text (`str`), bytes, or None; `cut` is true where that is not all.
    """

    type: str
    kind: str
    size: int
    data: str | bytes | None
    cut: bool
    parts: tuple[tuple[str, Any], ...] = ()


class Snapshot:
    """An object that can change, as it was when a hook saw it: its items and attributes, one level deep."""

    __slots__ = ("attributes", "items", "object", "size")

    def __init__(self, value: Any, size: int, items: Any, attributes: Any) -> None:
        self.object = value
        self.size = size
        self.items = items
        self.attributes = attributes


def _ids(*kinds: type) -> frozenset[int]:
    return frozenset(map(id, kinds))


_ATOMS = _ids(type(None), bool, int, float, complex, type(Ellipsis), type(NotImplemented), range, slice)
_CODE = _ids(
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodWrapperType,
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
    types.ModuleType,
    types.CodeType,
)
#: Exact types that a hook keeps as they are: they cannot change, or their description is only a name.
PLAIN = _ATOMS | _CODE | _ids(str, bytes, tuple, frozenset, memoryview, type)
#: Exact types whose items change under one identity; copied at every sight.
MUTABLE = _ids(list, dict, set, bytearray)

_mro = type.__dict__["__mro__"].__get__
_namespace = type.__dict__["__dict__"].__get__
_qualname = type.__dict__["__qualname__"].__get__
_name = type.__dict__["__name__"].__get__
_flags = type.__dict__["__flags__"].__get__
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: made by a class statement
_arguments = BaseException.__dict__["args"].__get__


def type_name(kind: type) -> str:
    """``package.module.Class`` without asking the class or its metaclass; a builtin's bare name."""
    name = str.__str__(_qualname(kind))
    module = _namespace(kind).get("__module__")
    if type(module) is not str and not _flags(kind) & _HEAP_TYPE:
        module = str.__str__(_name(kind)).rpartition(".")[0]
    return f"{module}.{name}" if type(module) is str and module not in ("builtins", "") else name


def identified(value: Any) -> bool:
    """Whether `id(value)` says anything: false for what the interpreter shares between strangers
    (None, numbers, empty and one-character strings, empty tuples)."""
    kind = type(value)
    if id(kind) in _ATOMS:
        return False
    if kind is str or kind is bytes:
        return len(value) > 1
    if kind is tuple or kind is frozenset:
        return len(value) > 0
    return True


# --- in the hook -------------------------------------------------------------------------------------------


def snapshot(value: Any) -> Snapshot:
    """One level of what `value` holds now: at most `PARTS` items and attributes, or `BYTES` bytes."""
    kind = type(value)
    if kind is list:
        return Snapshot(value, len(value), value[:PARTS], None)
    if kind is dict:
        return Snapshot(value, len(value), _items(value), None)
    if kind is bytearray:
        return Snapshot(value, len(value), bytes(value[:BYTES]), None)
    if kind is set:
        return Snapshot(value, len(value), _first(value), None)
    _, base, read = _plan(kind)
    size, items = -1, None
    if base is dict:
        size, items = dict.__len__(value), _items(value)
    elif base is not None:
        size, items = base.__len__(value), _first(base.__iter__(value))
    return Snapshot(value, size, items, [pair for getter in read for pair in getter(value)])


def _items(value: dict[Any, Any]) -> list[tuple[Any, Any]]:
    return _first(dict.items(value)) if dict.__len__(value) > PARTS else list(dict.items(value))


def _first(items: Any) -> list[Any]:
    try:
        return [item for item, _ in zip(items, range(PARTS), strict=False)]
    except RuntimeError:  # another thread changed its size meanwhile
        return []


_plans: dict[int, tuple[type, Any, tuple[Any, ...]]] = {}


def _plan(kind: type) -> tuple[type, Any, tuple[Any, ...]]:
    """How to read objects of this type: the builtin container they extend, if any, and one reader for their
    dictionary and one for each slot. Made once a type, which is kept alive so that its id stays its own."""
    plan = _plans.get(id(kind))
    if plan is not None:
        return plan
    base = next((b for b in (dict, list, tuple, set, frozenset) if issubclass_(kind, b)), None)
    readers: list[Any] = []
    dictionary = False
    for owner in _mro(kind):
        for name, member in list(_namespace(owner).items()):
            if name == "__dict__" and type(member) is types.GetSetDescriptorType and not dictionary:
                dictionary = True
                readers.append(_dictionary_reader(member.__get__, kind))
            elif type(member) is types.MemberDescriptorType and type(name) is str and _told(name):
                readers.append(_slot_reader(member.__get__, kind, f".{name}"))
    plan = _plans[id(kind)] = (kind, base, tuple(readers[:PARTS]))
    return plan


def _told(name: str) -> bool:
    """Whether an attribute of this name says something: not the language's own, and not a traceback's position in the
    bytecode, which an engine that instruments bytecode moves."""
    return name[:2] != "__" and name != "tb_lasti"


def forget_plans() -> None:
    """Let go of the types that `_plan` kept alive."""
    _plans.clear()


def issubclass_(kind: type, base: type) -> bool:
    """`issubclass` by the real method resolution order, which no metaclass can answer for."""
    return any(owner is base for owner in _mro(kind))


def iterable(kind: type) -> bool:
    """Whether the class, or one it inherits from, says how to go through its objects."""
    return any("__iter__" in _namespace(owner) for owner in _mro(kind))


def _dictionary_reader(get: Any, kind: type) -> Any:
    def read(value: Any) -> list[tuple[str, Any]]:
        held = get(value, kind)
        if type(held) is not dict:
            return []
        return [(f".{name}", item) for name, item in _items(held) if type(name) is str]

    return read


def _slot_reader(get: Any, kind: type, label: str) -> Any:
    def read(value: Any) -> list[tuple[str, Any]]:
        try:
            return [(label, get(value, kind))]
        except AttributeError:  # a slot that is still empty
            return []

    return read


# --- in the writer -----------------------------------------------------------------------------------------


def describe(value: Any, limit: int) -> Description:
    """What `value` is; at most `limit` characters or bytes of it. A `Snapshot` is described as its object was."""
    if type(value) is Snapshot:
        return _describe_snapshot(value, limit)
    kind = type(value)
    if id(kind) in _ATOMS:
        return _describe_atom(value, kind)
    if kind is str:
        return Description("str", "text", len(value), value[:limit], len(value) > limit)
    if kind is bytes:
        return Description("bytes", "bytes", len(value), value[:limit], len(value) > limit)
    if kind is tuple or kind is frozenset:
        return Description(kind.__name__, "container", len(value), None, len(value) > PARTS, _numbered(_first(value)))
    if kind is memoryview:
        return _describe_view(value, limit)
    if id(kind) in _CODE or issubclass_(kind, type):
        return Description(type_name(kind), "code", -1, _code_name(value, kind), False)
    return _describe_snapshot(snapshot(value), limit)


def _describe_snapshot(seen: Snapshot, limit: int) -> Description:
    value, kind = seen.object, type(seen.object)
    if kind is bytearray:
        data = seen.items[:limit]
        return Description("bytearray", "bytes", seen.size, data, len(data) < seen.size)
    if id(kind) in MUTABLE:
        parts = _keyed(seen.items) if kind is dict else _numbered(seen.items)
        return Description(kind.__name__, "container", seen.size, None, len(parts) < seen.size, parts)
    name, attributes = type_name(kind), tuple(seen.attributes[:PARTS])
    if issubclass_(kind, BaseException):
        return Description(name, "exception", -1, None, False, _numbered(_arguments(value)[:PARTS]) + attributes)
    if seen.items is not None:
        inner = _keyed(seen.items) if issubclass_(kind, dict) else _numbered(seen.items)
        return Description(name, "object", seen.size, None, len(inner) < seen.size, inner + attributes)
    for text in (str, bytes):
        if issubclass_(kind, text):
            plain = text.__getitem__(value, slice(0, limit))
            return Description(name, "object", text.__len__(value), plain, False, attributes)
    for number in (int, float):
        if issubclass_(kind, number):
            return Description(name, "object", -1, _NUMBER_TEXT[number](value), False, attributes)
    return Description(name, "object", -1, None, False, attributes)


_NUMBER_TEXT: dict[type, Any] = {int: int.__repr__, float: float.__repr__}


def _describe_atom(value: Any, kind: type) -> Description:
    if kind is int and value.bit_length() > 256:
        return Description("int", "atom", -1, f"an int of {value.bit_length()} bits", True)
    if kind is slice or kind is range:
        return Description(kind.__name__, "atom", -1, kind.__name__, True)
    return Description(kind.__name__, "atom", -1, repr(value), False)  # an exact builtin type: its own repr


def _describe_view(value: memoryview, limit: int) -> Description:
    try:
        data = value[:limit].tobytes() if value.ndim == 1 and value.itemsize == 1 else value.tobytes()[:limit]
        return Description("memoryview", "bytes", value.nbytes, data, value.nbytes > limit)
    except (ValueError, NotImplementedError):  # released, or of an odd shape
        return Description("memoryview", "code", -1, "memoryview", True)


def _numbered(items: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((f"[{index}]", item) for index, item in enumerate(items))


def _keyed(items: list[tuple[Any, Any]]) -> tuple[tuple[str, Any], ...]:
    """Keys that are exact texts, bytes or ints label their item; others only by their place."""
    return tuple((_key(key, index), item) for index, (key, item) in enumerate(items))


def _key(key: Any, index: int) -> str:
    if type(key) is str or type(key) is bytes:
        return f"[{key[:80]!r}]"
    return f"[{key}]" if type(key) is int else f"[key {index}]"


def _code_name(value: Any, kind: type) -> str:
    """The dotted name of a function, method, class, module or code object."""
    if issubclass_(kind, type):
        return type_name(value)
    if kind is types.ModuleType:
        name = types.ModuleType.__getattribute__(value, "__dict__").get("__name__")
        return name if type(name) is str else "module"
    if kind is types.CodeType:
        return str(value.co_name)
    if kind is types.MethodType:
        inner = value.__func__
        return _code_name(inner, type(inner)) if id(type(inner)) in _CODE else type_name(type(inner))
    name = getattr(value, "__qualname__", "")
    module = getattr(value, "__module__", None)
    return f"{module}.{name}" if type(module) is str and type(name) is str else str(name)
