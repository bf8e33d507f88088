"""How the interpreter begins a program, of each kind that it knows: a script, a folder or an archive, ``-m MODULE``,
``-c CODE``.

In: the words of the command line from the program on, and the names that a `__main__` has from the start. Out: a
`Beginning`. Nothing of the program has run by then; where it cannot even be compiled there is none, and the
interpreter itself shall say so.
"""

from __future__ import annotations

import os
import sys
import warnings
from _frozen_importlib import BuiltinImporter
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType
from typing import Any

Names = dict[str, Any]
#: What only the `__main__` of a file has from the start.
OF_A_FILE = ("__file__", "__cached__")


@dataclass(frozen=True)
class Beginning:
    """`argv` and `names` are what `sys.argv` and `__main__` hold at first, `path` comes first in `sys.path` (None:
    nothing is put there), `run` executes the program in the names of `__main__`."""

    argv: list[str]
    path: str | None
    names: Names
    run: Callable[[Names], object]


def beginning(words: list[str], names: Names) -> Beginning | None:
    """How the program that `words` name begins; `names` are those of a script's `__main__`, ours. None where it cannot
    be read or compiled."""
    if words[0] == "-m":
        return _module(words, names)
    if words[0] == "-c":
        return _code(words, names)
    return _file(words, names)


def _file(words: list[str], names: Names) -> Beginning | None:
    path = os.path.join(os.getcwd(), words[0])  # as the interpreter makes it absolute
    if _imports_from(path):
        return Beginning(words, path, _of_no_file(names), lambda _: _runpy()._run_module_as_main("__main__", False))
    code = compile_program(path)
    if code is None:
        return None
    loader = type(names["__loader__"])("__main__", path)
    told = {**names, "__doc__": None, "__file__": path, "__loader__": loader}
    return Beginning(words, os.path.dirname(os.path.realpath(path)), told, _executing(code))


def _imports_from(path: str) -> bool:
    """Whether the interpreter imports a `__main__` from `path`, a folder or an archive, asked as it asks: its hooks
    say of which they can."""
    for hook in sys.path_hooks:
        try:
            hook(path)
        except ImportError:
            continue
        return True
    return False


def _module(words: list[str], names: Names) -> Beginning:
    """What is found, and what is said where nothing is, is runpy's, as it is without us."""
    name = words[1]
    try:
        here: str | None = os.getcwd()
    except OSError:  # the folder is gone
        here = None
    return Beginning(["-m", *words[2:]], here, _of_no_file(names), lambda _: _runpy()._run_module_as_main(name))


def _code(words: list[str], names: Names) -> Beginning | None:
    code = _compiled(words[1].encode(), "<string>")
    return code and Beginning(["-c", *words[2:]], "", _of_no_file(names), _executing(code))


def _of_no_file(names: Names) -> Names:
    kept = {name: value for name, value in names.items() if name not in OF_A_FILE}
    return {**kept, "__doc__": None, "__loader__": BuiltinImporter}


def _executing(code: CodeType) -> Callable[[Names], object]:
    return lambda names: exec(code, names)


def _runpy() -> Any:
    """The interpreter imports it just then, from where the program's folders may have another one, and says first where
    that fails."""
    try:
        return __import__("runpy")
    except BaseException:
        os.write(2, b"Could not import runpy module\n")
        raise


def compile_program(path: str) -> CodeType | None:
    """The program at `path`; None where it cannot be read or compiled."""
    try:
        with open(path, "rb") as file:
            return _compiled(file.read(), path)
    except OSError:
        return None


def _compiled(source: bytes, name: str) -> CodeType | None:
    """Python's warnings about it are shown only when nothing is wrong with it: else the interpreter shows them once
    more."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, name, "exec", dont_inherit=True)
        return compile(source, name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
