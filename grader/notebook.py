"""The exercises of a handed-in notebook: the source of the cells that are tagged for them, and nothing else of it.

In: the bytes of an ``.ipynb``, and the names of exercises. Out: their sources as text, to be run in the sandbox, never
here. No other cell, no output, no id and no test of the hand-in is looked at, so whatever these say gains nothing: a
patched `check`, an AST transformer, an edited output are left behind. What is odd is told in a sentence, not guessed.

A cell is an exercise's if it has the tag ``exercise:NAME``; or, where a course's own tool took the tags away, if
nbgrader's metadata names it as a solution with that ``grade_id``.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TAG = "exercise:"
#: Bytes of a notebook, and characters of one exercise, that are read at most.
LARGEST, LONGEST = 20_000_000, 50_000


class NotebookError(Exception):
    """The hand-in is no notebook that can be read; the message is one sentence."""


@dataclass(frozen=True)
class HandIn:
    """`sources` by exercise; `missing` is one sentence for each exercise that cannot be taken from the notebook."""

    sources: Mapping[str, str]
    missing: Mapping[str, str]


def extract(data: bytes, names: Sequence[str]) -> HandIn:
    """The sources of the exercises `names`. Raises `NotebookError` where `data` is no notebook."""
    cells = list(_code_cells(_parsed(data)))
    sources: dict[str, str] = {}
    missing: dict[str, str] = {}
    for name in names:
        found = [source for its, source in cells if its == name]
        fault = _fault(name, found)
        if fault:
            missing[name] = fault
        else:
            sources[name] = found[0]
    return HandIn(sources, missing)


def tagged(data: bytes) -> frozenset[str]:
    """The names that cells are tagged for, whatever is in these. Raises `NotebookError` where `data` is no notebook."""
    return frozenset(name for name, _ in _code_cells(_parsed(data)))


def _fault(name: str, found: Sequence[str]) -> str:
    """Why what was found cannot be taken; '' if it can."""
    if not found:
        return f"no cell is tagged {TAG}{name}"
    if len(found) > 1:
        return f"{len(found)} cells are tagged {TAG}{name}, and nobody can say which one counts"
    if len(found[0]) > LONGEST:
        return f"the cell for {name} has {len(found[0]):,} characters; {LONGEST:,} are the most that is read"
    try:
        tree = ast.parse(found[0])
    except (SyntaxError, ValueError) as error:
        place = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        return f"the cell for {name} is no Python{place}: {getattr(error, 'msg', None) or error}"
    except (RecursionError, MemoryError):
        return f"the cell for {name} is nested too deeply to be read"
    kinds = (ast.FunctionDef, ast.ClassDef)
    if not any(isinstance(node, kinds) and node.name == name for node in tree.body):
        return f"the cell for {name} defines no {name}"
    return ""


def _parsed(data: bytes) -> dict[str, Any]:
    if len(data) > LARGEST:
        raise NotebookError(f"the notebook has {len(data):,} bytes; {LARGEST:,} are the most that is read")
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise NotebookError(f"this is no notebook: {error}") from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise NotebookError("this is no notebook of version 4: it has no list of cells")
    return notebook


def _code_cells(notebook: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(exercise, source) of each code cell that is for one."""
    for cell in notebook["cells"]:
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source")
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            source = "".join(source)
        metadata = cell.get("metadata")
        if isinstance(source, str) and isinstance(metadata, dict):
            for name in _names(metadata):
                yield name, source


def _names(metadata: dict[str, Any]) -> set[str]:
    tags, nbgrader = metadata.get("tags"), metadata.get("nbgrader")
    found = (
        {tag.removeprefix(TAG) for tag in tags if isinstance(tag, str) and tag.startswith(TAG)}
        if isinstance(tags, list)
        else set()
    )
    if not found and isinstance(nbgrader, dict) and nbgrader.get("solution") is True and nbgrader.get("grade") is False:
        found = {str(nbgrader.get("grade_id"))}
    return found
