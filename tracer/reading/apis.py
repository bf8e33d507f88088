"""APIs: the functions of libraries that a program's own lines call, found from the trace and grouped.

In: a trace. Out: `Api`s, in the order in which the program first called them: importing comes before serving, so a
decorator and a registration stand before what a request does. What Python puts between a line and the function that it
means is looked through: a wrapper or an attribute access that passes on what the function inside returned stands for
that function, and a closure belongs to the function that made it, or to whatever gave it back on the same line: a
decorator with arguments is two calls, and one thing to its user. No library's name is known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from .trace import Call, Code, Trace

#: What Python calls for a line that reads an attribute.
ATTRIBUTE = frozenset({"__get__", "__getattr__", "__getattribute__"})
LOCALS = ".<locals>"


#: The file and the name that an API is known by.
Key = tuple[int, str]


@dataclass(frozen=True)
class Use:
    """One call of an API by the program: `call` is the call as the line made it, `through` what stands for it."""

    call: Call
    through: Call

    @property
    def site(self) -> tuple[int, int]:
        """The calling function's number and the line."""
        return self.call.first.caller, self.call.first.line


@dataclass(frozen=True)
class Api:
    """One function of a library, with every use of it. `code` is the function that stands for it."""

    code: Code
    uses: tuple[Use, ...]

    @property
    def qualname(self) -> str:
        """The name as a reader writes it."""
        return outer(self.code.qualname)

    @property
    def name(self) -> str:
        """``module:qualname``, by which a command is asked for it."""
        return f"{self.code.file.module}:{self.qualname}"

    @property
    def sites(self) -> tuple[tuple[int, int], ...]:
        """Where the program calls it, each place once: the calling function's number and the line."""
        return tuple(dict.fromkeys(use.site for use in self.uses))

    @property
    def plumbing(self) -> bool:
        """Whether it is no function that somebody writes the name of: private, or an attribute access."""
        parts = self.qualname.split(".")
        return parts[-1] in ATTRIBUTE or any(part.startswith("_") and not dunder(part) for part in parts)


class Apis:
    """Finds the APIs of one trace."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    @cached_property
    def all(self) -> tuple[Api, ...]:
        """Every API, in the order of the first call."""
        found: dict[Key, list[Use]] = {}
        codes: dict[Key, Code] = {}
        makers: dict[tuple[int, int], Key] = {}
        for call in self._trace.calls.values():
            if not self.is_use(call):
                continue
            use = Use(call, self.meant(call))
            code = use.through.code
            key = (code.file.id, outer(code.qualname))
            if LOCALS in code.qualname:
                key = makers.get(use.site, key)
            given = self._trace.value(use.call.last.value)
            if given is not None and given.kind == "code":
                makers[use.site] = key
            found.setdefault(key, []).append(use)
            if key not in codes or (LOCALS in codes[key].qualname and LOCALS not in code.qualname):
                codes[key] = code
        return tuple(Api(codes[key], tuple(uses)) for key, uses in found.items())

    def is_use(self, call: Call) -> bool:
        """Whether a line of the program's own called a function of a library."""
        caller = self._trace.codes.get(call.first.caller)
        return of_program(caller) and not of_program(call.code)

    def meant(self, call: Call) -> Call:
        """The call that stands for one: a wrapper's, or an attribute access's, last inner call, if that gave back the
        very object that the outer one did; where there was none, if it got the same object first."""
        while LOCALS in call.code.qualname or call.code.qualname.rpartition(".")[2] in ATTRIBUTE:
            inner = self._last_inside.get(call.id)
            if inner is None or not self._passes_on(call, inner):
                break
            call = inner
        return call

    def _passes_on(self, call: Call, inner: Call) -> bool:
        given, back = self._object(call.last.value), self._object(inner.last.value)
        if given or back:
            return given == back
        first = self._object(call.arguments[0]) if call.arguments else 0
        return bool(first and inner.arguments and first == self._object(inner.arguments[0]))

    def _object(self, number: int) -> int:
        value = self._trace.value(number)
        return value.object if value is not None else 0

    @cached_property
    def _last_inside(self) -> dict[int, Call]:
        """The latest call directly inside each call."""
        return {call.first.parent: call for call in self._trace.calls.values() if call.first.parent}


def outer(qualname: str) -> str:
    """The function that a closure belongs to: ``Sock.route`` of ``Sock.route.<locals>.decorator``."""
    return qualname.partition(LOCALS)[0]


def dunder(name: str) -> bool:
    """Whether Python itself calls a method of this name."""
    return name.startswith("__") and name.endswith("__")


def of_program(code: Code | None) -> bool:
    """Whether a function is the program's own."""
    return code is not None and code.file.facts.kind == "program"
