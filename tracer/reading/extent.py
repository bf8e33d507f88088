"""What a function's source says, by the text that the trace keeps: its last line, and its literals.

A code object knows the last line that has bytecode, which leaves out a closing bracket, and differs between Pythons.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from .trace import Code


def last_line(code: Code) -> int:
    """The last line of `code`'s definition; what the bytecode says where the source has no such definition (a lambda,
    a module, syntax of a newer Python)."""
    name = code.qualname.rpartition(".")[2]
    return _facts(code.file.source or "").ends.get((code.first, name), code.last)


@lru_cache(maxsize=4096)
def literals(code: Code) -> frozenset[str | bytes]:
    """The text and bytes that stand in the source of `code`, f-strings' own pieces among them."""
    first, last = code.first, max(code.last, last_line(code))
    return frozenset(data for line, data in _facts(code.file.source or "").literals if first <= line <= last)


def defaults(code: Code) -> frozenset[str | bytes]:
    """The text and bytes that its parameters have where nothing is passed."""
    return _facts(code.file.source or "").defaults.get((code.first, code.qualname.rpartition(".")[2]), frozenset())


@dataclass
class _Facts:
    """`ends`: (first line, decorators included; name) -> last line, of every function and class. `defaults`: the same
    -> what its parameters are by default, of every function. `literals`: the line and the content of each."""

    ends: dict[tuple[int, str], int] = field(default_factory=dict)
    defaults: dict[tuple[int, str], frozenset[str | bytes]] = field(default_factory=dict)
    literals: list[tuple[int, str | bytes]] = field(default_factory=list)


@lru_cache(maxsize=1024)
def _facts(source: str) -> _Facts:
    found = _Facts()
    for node in ast.walk(_tree(source)):
        if isinstance(node, ast.Constant):
            if isinstance(node.value, (str, bytes)):
                found.literals.append((node.lineno, node.value))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            found.ends[first, node.name] = node.end_lineno or node.lineno
            if not isinstance(node, ast.ClassDef):
                found.defaults[first, node.name] = frozenset(_defaults(node.args))
    return found


def _defaults(arguments: ast.arguments) -> Iterator[str | bytes]:
    for node in (*arguments.defaults, *arguments.kw_defaults):
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
            yield node.value


def _tree(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])
