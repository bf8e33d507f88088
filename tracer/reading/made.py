"""Whether Python ran a file, or what was made of it: a template's code has the template's name, and lines of its own.

In: a path and the text of its file. Out: yes or no. Nothing is asked of the library that made it.
"""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import PurePath

_PYTHON = (".py", ".pyw", "")


@lru_cache(maxsize=4096)
def made_of(path: str, source: str | None) -> bool:
    """True where a file is called as none of Python's is, and is none: its lines are not those that ran."""
    if source is None or PurePath(path).suffix.lower() in _PYTHON:
        return False
    try:
        compile(source, path, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return False
