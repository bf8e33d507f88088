"""Where a function's source ends: the line a reader would call its last, by the source that the trace keeps.

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


@lru_cache(maxsize=256)
def _ends(source: str) -> dict[tuple[int, str], int]:
    """(first line, decorators included; name) -> last line, of every function and class."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            found[first, node.name] = node.end_lineno or node.lineno
    return found
