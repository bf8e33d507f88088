"""What a checker has to know of a source file: its functions and classes, and what their lines do.

In: Python source. Out: `Symbols`, which can be kept as JSON in place of the source. A `Fact` is something that a line
does: it calls or raises a name, returns, or begins a branch; with the conditions that it stands under.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Condition:
    """One condition above a statement: its source, and whether it must hold."""

    text: str
    holds: bool


@dataclass(frozen=True)
class Fact:
    """`kind` is call, raise, return, branch or statement; `name` what is called or raised, dotted, or the condition.
    `first` and `last` are the lines of the statement."""

    kind: str
    name: str
    line: int
    first: int
    last: int
    under: tuple[Condition, ...] = ()

    @property
    def short(self) -> str:
        """The name's last part: `pop` of `self.input_buffer.pop`."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True)
class Symbol:
    """A function or class. `names` are its parameters, or its bases."""

    qualname: str
    kind: str
    first: int
    line: int
    last: int
    names: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """Its own name."""
        return self.qualname.rpartition(".")[2]


@dataclass(frozen=True)
class Symbols:
    """One file. `lines` is how many it has; 0 where that is not known. `partial`: there may be more than is told."""

    symbols: tuple[Symbol, ...]
    facts: tuple[Fact, ...] = ()
    lines: int = 0
    partial: bool = False

    def at(self, line: int) -> Symbol | None:
        """The innermost function or class around a line."""
        around = [one for one in self.symbols if one.first <= line <= one.last]
        return max(around, key=lambda one: (one.first, -one.last), default=None)

    def get(self, qualname: str) -> Symbol | None:
        """One by its qualified name."""
        return self._by_name.get(qualname)

    def called(self, short: str) -> list[Symbol]:
        """All whose own name is `short`."""
        return [one for one in self.symbols if one.short == short]

    def inside(self, symbol: Symbol) -> list[Fact]:
        """What the lines of a function do, without those of functions inside it."""
        return [
            fact for fact in self.facts if symbol.first <= fact.line <= symbol.last and self.at(fact.line) == symbol
        ]

    def facts_at(self, first: int, last: int) -> list[Fact]:
        """What the statements do that touch these lines; of nested ones only what begins or stands there."""
        return [fact for fact in self.facts if fact.first <= last and fact.last >= first]

    @cached_property
    def _by_name(self) -> dict[str, Symbol]:
        return {one.qualname: one for one in reversed(self.symbols)}


#: Longer conditions and names are cut.
LONGEST = 80


def of_source(source: str) -> Symbols | None:
    """The symbols of a Python file; None where it is no Python that can be parsed here."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    walker = _Walker()
    walker.block(tree.body, "", ())
    return Symbols(tuple(walker.symbols), tuple(walker.facts), source.count("\n") + (not source.endswith("\n")))


class _Walker:
    """Collects symbols and facts from the statements of a file."""

    def __init__(self) -> None:
        self.symbols: list[Symbol] = []
        self.facts: list[Fact] = []

    def block(self, body: list[ast.stmt], outer: str, under: tuple[Condition, ...]) -> None:
        """The statements of a block. What follows an `if` that always leaves stands under its opposite."""
        for statement in body:
            self._statement(statement, outer, under)
            if isinstance(statement, ast.If) and _leaves(statement.body) and not statement.orelse:
                under = (*under, Condition(_text(statement.test), False))

    def _statement(self, node: ast.stmt, outer: str, under: tuple[Condition, ...]) -> None:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self._definition(node, outer)
        elif isinstance(node, (ast.If, ast.While)):
            text = _text(node.test)
            self._fact("branch", text, node.lineno, node.lineno, node.test.end_lineno or node.lineno, under)
            self._expressions(node.test, under, node.lineno, node.test.end_lineno or node.lineno)
            self.block(node.body, outer, (*under, Condition(text, True)))
            self.block(node.orelse, outer, (*under, Condition(text, False)))
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.With, ast.AsyncWith, ast.Try)):
            first, last = node.lineno, node.body[0].lineno - 1 if node.body[0].lineno > node.lineno else node.lineno
            for field in ("iter", "items"):
                for part in _listed(getattr(node, field, [])):
                    self._expressions(part, under, first, max(first, last))
            self._inner_blocks(node, outer, under)
        else:
            self._simple(node, under)

    def _inner_blocks(self, node: ast.stmt, outer: str, under: tuple[Condition, ...]) -> None:
        for field in ("body", "orelse", "finalbody"):
            self.block(getattr(node, field, []), outer, under)
        for handler in getattr(node, "handlers", []):
            caught = _text(handler.type) if handler.type is not None else "any exception"
            self.block(handler.body, outer, (*under, Condition(f"except {caught}", True)))

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, outer: str) -> None:
        qualname = f"{outer}{node.name}"
        first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
        is_class = isinstance(node, ast.ClassDef)
        names = tuple(_text(base) for base in node.bases) if isinstance(node, ast.ClassDef) else _parameters(node)
        kind = "class" if is_class else "function"
        self.symbols.append(Symbol(qualname, kind, first, node.lineno, node.end_lineno or node.lineno, names))
        self.block(node.body, f"{qualname}." if is_class else f"{qualname}.<locals>.", ())

    def _simple(self, node: ast.stmt, under: tuple[Condition, ...]) -> None:
        first, last = node.lineno, node.end_lineno or node.lineno
        if isinstance(node, ast.Raise):
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            self._fact("raise", _text(raised) if raised is not None else "", first, first, last, under)
        elif isinstance(node, ast.Return):
            self._fact("return", _text(node.value) if node.value is not None else "None", first, first, last, under)
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            self._fact("statement", "", first, first, last, under)
        self._expressions(node, under, first, last)

    def _expressions(self, node: ast.AST, under: tuple[Condition, ...], first: int, last: int) -> None:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call):
                self._fact("call", _text(inner.func), inner.lineno, first, last, under)

    def _fact(self, kind: str, name: str, line: int, first: int, last: int, under: tuple[Condition, ...]) -> None:
        self.facts.append(Fact(kind, name, line, first, last, under))


def _listed(value: Any) -> Iterator[ast.AST]:
    yield from value if isinstance(value, list) else [value]


def _leaves(body: list[ast.stmt]) -> bool:
    return isinstance(body[-1], (ast.Return, ast.Raise, ast.Continue, ast.Break))


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[str, ...]:
    given = node.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    return tuple(one.arg for one in [*named, *(one for one in (given.vararg, given.kwarg) if one)])


def _text(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:LONGEST]


# As JSON ---------------------------------------------------------------------------------------------------


def plain(symbols: Symbols) -> dict[str, Any]:
    """The symbols for JSON: lists in place of objects, since there are many."""
    conditions: dict[Condition, int] = {}
    for fact in symbols.facts:
        for one in fact.under:
            conditions.setdefault(one, len(conditions))
    return {
        "lines": symbols.lines,
        "symbols": [[s.qualname, s.kind, s.first, s.line, s.last, list(s.names)] for s in symbols.symbols],
        "conditions": [[one.text, one.holds] for one in conditions],
        "facts": [[f.kind, f.name, f.line, f.first, f.last, [conditions[c] for c in f.under]] for f in symbols.facts],
    }


def of_plain(data: dict[str, Any]) -> Symbols:
    """The symbols that `plain` wrote. Raises `ValueError`, `KeyError`, `TypeError`, `IndexError` for anything else."""
    known = [Condition(str(text), bool(holds)) for text, holds in data["conditions"]]
    return Symbols(
        tuple(Symbol(str(q), str(k), int(f), int(d), int(e), tuple(n)) for q, k, f, d, e, n in data["symbols"]),
        tuple(Fact(str(k), str(n), int(a), int(f), int(e), tuple(known[c] for c in u))
              for k, n, a, f, e, u in data["facts"]),
        int(data["lines"]),
    )  # fmt: skip
