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
from weakref import ref

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
    """An object that can change, as it was when a hook saw it: its items and attributes, one level deep.

    `held` is a weak reference to it, where its type has them: what the program drops in the meantime is dropped (a file
    is closed, a finalizer runs on its own thread). Else it is the object itself.
    """

    __slots__ = ("attributes", "held", "items", "kind", "size")

    def __init__(self, value: Any, size: int, items: Any, attributes: Any) -> None:
        self.kind = type(value)
        try:
            self.held: Any = ref(value)
        except TypeError:
            self.held = value
        self.size = size
        self.items = items
        self.attributes = attributes


class Glimpse(NamedTuple):
    """An object inside another one, by a weak reference; `key` was its id."""

    kind: type
    held: Any
    key: int


_new_glimpse = tuple.__new__  # half the time of a NamedTuple's own


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
PLAIN = (_ATOMS | _CODE | _ids(str, bytes, frozenset, type)) - _ids(types.MethodType)
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


def taker(entries: dict[int, Any]) -> Any:
    """What a hook calls for a value whose type is not in `PLAIN`. What is known, and has been looked into, is its entry
    in `Known.entries`; of the rest, and of what changes under one identity, a snapshot."""
    known = entries.get

    def take(value: Any) -> Any:
        if id(type(value)) not in MUTABLE:
            entry = known(id(value))
            if entry is not None and entry.described.deep:
                return entry
        return snapshot(value)

    return take


def snapshot(value: Any) -> Any:
    """One level of what `value` holds now: at most `PARTS` items and attributes, or `BYTES` bytes. A tuple of what can
    be kept is kept as it is."""
    kind = type(value)
    if kind is tuple:
        seen = loose(value)
        return seen if any(type(item) is Glimpse for item in seen.items) else value
    if kind is list:
        return Snapshot(value, len(value), [glimpse(item) for item in value[:PARTS]], None)
    if kind is dict:
        return Snapshot(value, len(value), _glimpses(_items(value)), None)
    if kind is bytearray:
        return Snapshot(value, len(value), bytes(value[:BYTES]), None)
    if kind is set:
        return Snapshot(value, len(value), [glimpse(item) for item in _first(value)], None)
    if kind is memoryview:
        return Snapshot(value, *_view(value), None)
    if kind is types.MethodType:
        return Snapshot(value, -1, value.__func__, None)
    _, base, read = _plan(kind)
    size = -1
    items: Any = None
    if base is dict:
        size, items = dict.__len__(value), _glimpses(_items(value))
    elif base is BaseException:
        items = [glimpse(item) for item in _arguments(value)[:PARTS]]
    elif base is str or base is bytes:
        size, items = base.__len__(value), base.__getitem__(value, slice(0, BYTES))
    elif base is int or base is float:
        items = base.__repr__(value)
    elif base is not None:
        size, items = base.__len__(value), [glimpse(item) for item in _first(base.__iter__(value))]
    return Snapshot(value, size, items, _glimpses([pair for getter in read for pair in getter(value)]))


def without_variable(arguments: tuple[Any, ...], count: int) -> tuple[Any, ...]:
    """The arguments of a call, the last `count` of them let go (`loose`)."""
    return (*arguments[:-count], *map(_let_go, arguments[-count:]))


def _let_go(value: Any) -> Any:
    if type(value) is Snapshot:
        return value if value.held is None else loose(value.held)
    return loose(value) if type(value) is tuple else value


def loose(value: Any) -> Any:
    """The tuple or dictionary that a call makes of its further arguments: nobody else has it, so it has no identity to
    follow, and it must not keep its items."""
    kind = type(value)
    seen = Snapshot.__new__(Snapshot)
    seen.kind, seen.held, seen.size, seen.attributes = kind, None, len(value), None
    seen.items = _glimpses(_items(value)) if kind is dict else [glimpse(item) for item in value[:PARTS]]
    return seen


def glimpse(value: Any) -> Any:
    """A part of something, kept without being held: itself, where holding it changes nothing."""
    kind = type(value)
    if id(kind) in PLAIN:
        return value
    try:
        return _new_glimpse(Glimpse, (kind, ref(value), id(value)))
    except TypeError:
        return value


def _glimpses(pairs: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    plain = PLAIN
    return [pair if id(type(pair[1])) in plain else (pair[0], glimpse(pair[1])) for pair in pairs]


def _view(value: memoryview) -> tuple[int, bytes | None]:
    try:
        data = value[:BYTES].tobytes() if value.ndim == 1 and value.itemsize == 1 else value.tobytes()[:BYTES]
    except (ValueError, NotImplementedError):  # released, or of an odd shape
        return -1, None
    return value.nbytes, data


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
    bases = (dict, list, tuple, set, frozenset, BaseException, str, bytes, int, float)
    base = next((b for b in bases if issubclass_(kind, b)), None)
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
    if id(kind) in _CODE or issubclass_(kind, type):
        return Description(type_name(kind), "code", -1, _code_name(value, kind), False)
    return _describe_snapshot(snapshot(value), limit)


def _describe_snapshot(seen: Snapshot, limit: int) -> Description:
    kind = seen.kind
    if kind is bytearray or kind is memoryview:
        if seen.items is None:
            return Description("memoryview", "code", -1, "memoryview", True)
        data = seen.items[:limit]
        return Description(kind.__name__, "bytes", seen.size, data, len(data) < seen.size)
    if kind is types.MethodType:
        function = seen.items
        return Description(type_name(kind), "code", -1, _callable_name(function), False)
    if id(kind) in MUTABLE or kind is tuple:
        parts = _keyed(seen.items) if kind is dict else _numbered(seen.items)
        return Description(kind.__name__, "container", seen.size, None, len(parts) < seen.size, parts)
    name, attributes = type_name(kind), tuple(seen.attributes[:PARTS])
    if issubclass_(kind, BaseException):
        return Description(name, "exception", -1, None, False, _numbered(seen.items) + attributes)
    if type(seen.items) is list:
        inner = _keyed(seen.items) if issubclass_(kind, dict) else _numbered(seen.items)
        return Description(name, "object", seen.size, None, len(inner) < seen.size, inner + attributes)
    if type(seen.items) is str or type(seen.items) is bytes:
        return Description(name, "object", seen.size, seen.items[:limit], False, attributes)
    return Description(name, "object", -1, None, False, attributes)


def describe_gone(kind: type) -> Description:
    """What is left to say of an object that was only glimpsed, and is no more."""
    return Description(type_name(kind), "object", -1, None, False)


def _describe_atom(value: Any, kind: type) -> Description:
    if kind is int and value.bit_length() > 256:
        return Description("int", "atom", -1, f"an int of {value.bit_length()} bits", True)
    if kind is slice or kind is range:
        return Description(kind.__name__, "atom", -1, kind.__name__, True)
    return Description(kind.__name__, "atom", -1, repr(value), False)  # an exact builtin type: its own repr


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
    name = getattr(value, "__qualname__", "")
    module = getattr(value, "__module__", None)
    return f"{module}.{name}" if type(module) is str and type(name) is str else str(name)


def _callable_name(function: Any) -> str:
    kind = type(function)
    return _code_name(function, kind) if id(kind) in _CODE else type_name(kind)
