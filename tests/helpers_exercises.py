"""What tests of graded notebooks share: what a notebook gave before a cell, and hand-ins made of the course's."""

from __future__ import annotations

import ast
import builtins
import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from notebooks.making.reading import exercise_of, read

ROOT = Path(__file__).parent.parent


@cache
def source(notebook: str) -> Any:
    """A notebook of the course, as its source makes it."""
    path = ROOT / "notebooks" / "src" / f"{notebook}.py"
    return read(path.read_text(encoding="utf-8"), notebook)


def exercises() -> Iterator[tuple[str, str]]:
    """(notebook, exercise) of every cell of the course that is tagged for one, in order."""
    for path in sorted((ROOT / "notebooks" / "src").glob("*.py")):
        for cell in source(path.stem).cells:
            if name := exercise_of(cell):
                yield path.stem, name


def solution(notebook: str, exercise: str) -> str:
    """The cell of an exercise as the course solves it."""
    return next(str(cell.source) for cell in source(notebook).cells if exercise_of(cell) == exercise)


def given(notebook: str, exercise: str) -> str:
    """What the notebook has defined before the cell of an exercise, of all that needs the standard library alone:
    imports of it, constants, and functions that use nothing else."""
    known, taken = {*vars(builtins), "__name__"}, []
    for cell in source(notebook).cells:
        if exercise_of(cell) == exercise:
            return "\n".join(taken)
        if cell.cell_type == "code" and not exercise_of(cell):
            for node in ast.parse(cell.source).body:
                if names := _needs_nothing(node, known):
                    known |= names
                    taken.append(ast.unparse(node))
    raise LookupError(f"{notebook} has no exercise {exercise}")


def _needs_nothing(node: ast.stmt, known: set[str]) -> set[str]:
    """The names that a statement defines, if it may be given; else none."""
    if isinstance(node, ast.Import) and all(
        one.name.partition(".")[0] in sys.stdlib_module_names for one in node.names
    ):
        return {(one.asname or one.name).partition(".")[0] for one in node.names}
    if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in sys.stdlib_module_names:
        return {one.asname or one.name for one in node.names}
    if isinstance(node, ast.FunctionDef) and _free(node) <= known:
        return {node.name}
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
        return {node.targets[0].id} if _free(node) <= known else set()
    return set()


def _free(node: ast.AST) -> set[str]:
    """The names that it reads and nothing in it defines."""
    names = [one for one in ast.walk(node) if isinstance(one, ast.Name)]
    own = {one.id for one in names if isinstance(one.ctx, ast.Store)}
    own |= {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}
    own |= {one.name for one in ast.walk(node) if isinstance(one, ast.FunctionDef)}
    return {one.id for one in names} - own


def cell(code: str, *tags: str, **more: Any) -> dict[str, Any]:
    """A cell of code."""
    made = {
        "cell_type": "code",
        "metadata": {"tags": list(tags)},
        "source": code,
        "outputs": [],
        "execution_count": None,
    }
    return made | more


def notebook(*cells: Any) -> bytes:
    """A notebook of these cells."""
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def handed_in(name: str, changed: Mapping[str, str] = {}) -> bytes:
    """A notebook of the course, with the exercises in `changed` written so instead, by their names."""
    cells = [{**one} for one in source(name).cells]
    for one in cells:
        if (exercise := exercise_of(one)) in changed:
            one["source"] = changed[exercise]
    return notebook(*cells)
