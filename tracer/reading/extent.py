"""What a function's source says, by the text that the trace keeps: its last line, and its literals.

A code object knows the last line that has bytecode, which leaves out a closing bracket, and differs between Pythons.
"""

from __future__ import annotations

import ast
from functools import lru_cache

from .trace import Code


def last_line(code: Code) -> int:
    """The last line of `code`'s definition; what the bytecode says where the source has no such definition (a lambda,
    a module, syntax of a newer Python)."""
    name = code.qualname.rpartition(".")[2]
    return _ends(code.file.source or "").get((code.first, name), code.last)


@lru_cache(maxsize=4096)
def literals(code: Code) -> frozenset[str | bytes]:
    """The text and bytes that stand in the source of `code`, f-strings' own pieces among them."""
    first, last = code.first, max(code.last, last_line(code))
    return frozenset(data for line, data in _constants(code.file.source or "") if first <= line <= last)


@lru_cache(maxsize=256)
def _constants(source: str) -> tuple[tuple[int, str | bytes], ...]:
    nodes = (node for node in ast.walk(_tree(source)) if isinstance(node, ast.Constant))
    return tuple((node.lineno, node.value) for node in nodes if isinstance(node.value, (str, bytes)))


@lru_cache(maxsize=256)
def _ends(source: str) -> dict[tuple[int, str], int]:
    """(first line, decorators included; name) -> last line, of every function and class."""
    found = {}
    for node in ast.walk(_tree(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            found[first, node.name] = node.end_lineno or node.lineno
    return found


@lru_cache(maxsize=64)
def _tree(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])
