"""Values as safe text: what an argument or a result was, told without running a line of the program's code.

What has parts is told by its `Layout` (`layouts.py`); here are those that say something by themselves.
(A plain `repr` of a half-built object kills the traced request: Werkzeug's `HeaderSet` does.)
"""

from __future__ import annotations

import types
from typing import Any, NamedTuple

from .kinds import ATOMS, CODE, plan, type_name


class Description(NamedTuple):
    """`type` is the qualified name; `kind` one of atom, text, bytes, container, code.

    `size` counts characters, bytes or items; -1 where there is no such thing. `data` is what is kept of it:
    text (`str`), bytes, or None; `cut` is true where that is not all.
    """

    type: str
    kind: str
    size: int
    data: str | bytes | None
    cut: bool


def describe(value: Any, limit: int) -> Description:
    """What `value` is: an atom, text, bytes, code or a class; at most `limit` characters or bytes of it."""
    kind = type(value)
    if kind is str or kind is bytes:
        return Description(
            kind.__name__, "text" if kind is str else "bytes", len(value), value[:limit], len(value) > limit
        )
    if kind is tuple or kind is frozenset:
        return Description(kind.__name__, "container", len(value), None, False)
    if id(kind) in ATOMS:
        return _of_atom(value, kind)
    return Description(type_name(kind), "code", -1, code_name(value), False)


def _of_atom(value: Any, kind: type) -> Description:
    if kind is int and value.bit_length() > 256:
        return Description("int", "atom", -1, f"an int of {value.bit_length()} bits", True)
    if kind is slice or kind is range:
        return Description(kind.__name__, "atom", -1, kind.__name__, True)
    return Description(kind.__name__, "atom", -1, repr(value), False)  # an exact builtin type: its own repr


def code_name(value: Any) -> str:
    """The dotted name of a function, class, module or code object; of anything else that can be called, its type's."""
    kind = type(value)
    if plan(kind).base is type:
        return type_name(value)
    if kind is types.ModuleType:
        name = types.ModuleType.__getattribute__(value, "__dict__").get("__name__")
        return name if type(name) is str else "module"
    if kind is types.CodeType:
        return str(value.co_name)
    if id(kind) not in CODE:
        return type_name(kind)
    name = getattr(value, "__qualname__", "")
    module = getattr(value, "__module__", None)
    return f"{module}.{name}" if type(module) is str and type(name) is str else str(name)
