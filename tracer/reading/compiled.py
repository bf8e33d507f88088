"""Calls into compiled code, which Python's hooks do not see: told where something shows that one must have been there.

A function that is called back has for its caller the line that called the compiled code: ``self.parser.feed(data)``
begins ``on_header``. If that line names a method of an object whose type is a compiled module's, and not the function
that came, then that method stands between the two. What compiled code does without calling back stays unseen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from .steps import Step
from .trace import Code, Span, Trace

#: How the recorder begins the reason of its decision about a compiled module; the module's dotted name follows.
REASON = "compiled: "


@dataclass(frozen=True)
class Method:
    """A method of a compiled class: the package that it belongs to, and ``HttpRequestParser.feed_data``."""

    lane: str
    name: str


class Compiled:
    """Finds calls into compiled code in one trace."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        told = (reason for _, _, _, reason in trace.scope if reason.startswith(REASON))
        self._modules = tuple(reason.removeprefix(REASON).partition(",")[0] for reason in told)
        self._calls: dict[int, dict[int, list[ast.Call]]] = {}

    def between(self, steps: Sequence[Step], depth: int) -> list[Step]:
        """The steps, those in a row that compiled code called at one line inside a step that says so."""
        found: list[Step] = []
        for step in steps:
            method = self._method(step) if self._modules and step.kind == "call" else None
            if method is None:
                found.append(step)
                continue
            last = found[-1] if found else None
            if last is None or (last.compiled, last.line) != (method, step.line):
                last = replace(
                    step, kind="compiled", code=None, arguments=(), ended="", outcome=None, again=(), children=(),
                    depth=depth, crosses=True, compiled=method,
                )  # fmt: skip
                found.append(last)
            found[-1] = replace(last, children=(*last.children, step))
        return found

    def _method(self, step: Step) -> Method | None:
        """The compiled method through which a call came, if one shows."""
        call = self._trace.calls[step.call]
        first = call.first
        if step.caller is None or not step.caller.recorded or step.code is None:
            return None
        lines = self._lines(step.caller)
        calls = lines.get(step.line, [])
        names = {_last(one.func) for one in calls}
        own = step.code.qualname.split(".")
        if not calls or names & {own[-1], own[-2] if len(own) > 1 and own[-1] == "__init__" else own[-1]}:
            return None
        return next((m for one in calls if (m := self._of_compiled(one.func, first, step.caller)) is not None), None)

    def _of_compiled(self, func: ast.expr, span: Span, caller: Code) -> Method | None:
        """``self.parser.feed_data``: the type of what `self` holds as `parser`, if its module is compiled."""
        match func:
            case ast.Attribute(value=ast.Attribute(value=ast.Name(id=owner), attr=held), attr=method):
                kind = self._type_of(span, owner, held)
            case _:
                return None
        module = next((m for m in self._modules if kind.startswith(m + ".")), "")
        return Method(module.partition(".")[0], f"{kind[len(module) + 1 :]}.{method}") if module else None

    def _type_of(self, span: Span, owner: str, held: str) -> str:
        """The qualified type of an attribute of one of the arguments of the call that called; '' where unknown."""
        around = self._trace.calls.get(span.parent)
        if around is None:
            return ""
        given = dict(zip(around.code.arguments, around.arguments, strict=False)).get(owner, 0)
        value = self._trace.value(given)
        return self._held.get((value.object, "." + held), "") if value is not None and value.object else ""

    @cached_property
    def _held(self) -> dict[tuple[int, str], str]:
        """The type of each attribute that is of a compiled module's, by the object that has it."""
        found = {}
        for holder, parts in self._trace.parts.items():
            value = self._trace.value(holder)
            for label, child in parts:
                inside = self._trace.value(child)
                if value is not None and inside is not None and inside.type.startswith(self._modules):
                    found[value.object, label] = inside.type
        return found

    def _lines(self, code: Code) -> dict[int, list[ast.Call]]:
        """The calls that stand on each line of a file."""
        if code.file.id not in self._calls:
            lines: dict[int, list[ast.Call]] = {}
            self._calls[code.file.id] = lines
            for node in _calls(code.file.source or ""):
                for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                    lines.setdefault(line, []).append(node)
        return self._calls[code.file.id]


def _calls(source: str) -> Iterator[ast.Call]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _last(func: ast.expr) -> str:
    """The name that is called: ``feed_data``."""
    if isinstance(func, ast.Attribute):
        return func.attr
    return func.id if isinstance(func, ast.Name) else ""
