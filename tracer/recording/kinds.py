"""Types, asked nothing: which exact types can be kept as they are, what a class is called, how its objects are read.

No `__repr__`, `__eq__`, `__hash__`, `__len__`, property, iterator or metaclass of a stranger is ever called: the exact
types of the language are read by the language's own functions, everything else by its real `type`, its instance
dictionary and its slots, each fetched through the descriptor that C made. Sets of types are sets of `id`s here, because
hashing a class would call its metaclass.
"""

from __future__ import annotations

import types
import weakref
from typing import Any, NamedTuple


def _ids(*kinds: type) -> frozenset[int]:
    return frozenset(map(id, kinds))


ATOMS = _ids(type(None), bool, int, float, complex, type(Ellipsis), type(NotImplemented), range, slice)
CODE = _ids(
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
PLAIN = (ATOMS | CODE | _ids(str, bytes, frozenset, type)) - _ids(types.MethodType)
#: Exact types whose items change under one identity; looked at again at every sight.
MUTABLE = _ids(list, dict, set, bytearray)

_mro = type.__dict__["__mro__"].__get__
namespace = type.__dict__["__dict__"].__get__
_qualname = type.__dict__["__qualname__"].__get__
_module = type.__dict__["__module__"].__get__
_weak = type.__dict__["__weakrefoffset__"].__get__
_flags = type.__dict__["__flags__"].__get__
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: made by a class statement
#: How an object is held so that its `id` stays its own: itself; by a weak reference; by its dictionary of attributes,
#: which is as much its own; or not at all, and it has no identity to follow.
ITSELF, WEAKLY, BY_ATTRIBUTES, NOT = range(4)
#: These hold all that a call has. Held by us, it would go later than without us: a file would be closed later, a
#: generator end on our thread.
_FRAMES = _ids(types.FrameType, types.TracebackType)
#: Weak references: one that the program has let go of calls nobody; held by us, it would. Those of a class that can be
#: referred to weakly itself are held so.
_WEAK_REFERENCES = (weakref.ref, weakref.ProxyType, weakref.CallableProxyType)
#: The dictionary of an exception of whatever type. (What is put into it is held along; its traceback is not in it.)
attributes: Any = BaseException.__dict__["__dict__"].__get__
#: The builtin types whose own content is told, of the classes that extend them.
_BASES = (dict, list, tuple, set, frozenset, BaseException, str, bytes, int, float, type)


def type_name(kind: type) -> str:
    """``package.module.Class`` without asking the class or its metaclass; a builtin's bare name."""
    name = str.__str__(_qualname(kind))
    module = namespace(kind).get("__module__")
    if type(module) is not str and not _flags(kind) & _HEAP_TYPE:
        module = _module(kind)  # of a class that C made, from its full name
    return f"{module}.{name}" if type(module) is str and module not in ("builtins", "") else name


def identified(value: Any) -> bool:
    """Whether `id(value)` says anything: false for what the interpreter shares between strangers
    (None, numbers, empty and one-character strings, empty tuples)."""
    kind = type(value)
    if id(kind) in ATOMS:
        return False
    if kind is str or kind is bytes:
        return len(value) > 1
    if kind is tuple or kind is frozenset:
        return len(value) > 0
    return True


def issubclass_(kind: type, base: type) -> bool:
    """`issubclass` by the real method resolution order, which no metaclass can answer for."""
    return any(owner is base for owner in _mro(kind))


def iterable(kind: type) -> bool:
    """Whether the class, or one it inherits from, says how to go through its objects."""
    return any("__iter__" in namespace(owner) for owner in _mro(kind))


class Plan(NamedTuple):
    """How to read objects of one type: its name, the builtin type that it extends, if any, the getter of their
    dictionary (called with the object and its type), if they have one, the slots (label without dot, getter),
    how they are held (`ITSELF` and so on), and what the items of a named tuple are called."""

    kind: type
    name: str
    base: type | None
    dictionary: Any
    slots: tuple[tuple[str, Any], ...]
    held: int
    fields: tuple[str, ...] = ()


_plans: dict[int, Plan] = {}


def plan(kind: type) -> Plan:
    """The plan of a type, made once; it keeps the type alive, so that its id stays its own."""
    found = _plans.get(id(kind))
    if found is None:
        found = _plans[id(kind)] = _plan(kind)
    return found


def _plan(kind: type) -> Plan:
    base = next((b for b in _BASES if issubclass_(kind, b)), None)
    dictionary: Any = None
    slots: list[tuple[str, Any]] = []
    for owner in _mro(kind):
        for name, member in list(namespace(owner).items()):
            if name == "__dict__" and type(member) is types.GetSetDescriptorType:
                dictionary = dictionary or member.__get__
            elif type(member) is types.MemberDescriptorType and type(name) is str and _told(name):
                slots.append((name, member.__get__))
    return Plan(kind, type_name(kind), base, dictionary, tuple(slots), _held(kind, base), _fields(kind, base))


def _held(kind: type, base: type | None) -> int:
    if _weak(kind):
        return WEAKLY
    if base is BaseException:
        return BY_ATTRIBUTES
    if id(kind) in _FRAMES or any(issubclass_(kind, base) for base in _WEAK_REFERENCES):
        return NOT
    return NOT if any("__del__" in namespace(owner) for owner in _mro(kind)) else ITSELF  # its end would come later


def _fields(kind: type, base: type | None) -> tuple[str, ...]:
    """The names of a named tuple's items, as its class says them; none where that is no tuple of exact texts."""
    if base is not tuple:
        return ()
    told = next((names for owner in _mro(kind) if type(names := namespace(owner).get("_fields")) is tuple), ())
    return told if all(type(name) is str for name in told) else ()


def _told(name: str) -> bool:
    """Whether an attribute of this name says something: not the language's own, and not a traceback's position in the
    bytecode, which an engine that instruments bytecode moves."""
    return name[:2] != "__" and name != "tb_lasti"


def forget_plans() -> None:
    """Let go of the types that `plan` kept alive."""
    _plans.clear()
