"""A hand-in of notebooks as a submission: the cells that count, to be called one by one behind a shim.

In: the bytes of one notebook, or of several of one student, and an assignment whose stages are exercises. Out: the
files of a submission, and the stages that can be graded by it. No cell is run here; of other cells nothing is taken.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..notebook import NotebookError, extract, tagged
from .assignment import Assignment, Stage
from .submission import SubmissionError, files

ENDING = ".ipynb"
#: What the shim reads.
FILE = "exercises.json"
#: What stands in a cell that nobody has written anything into.
UNWRITTEN = "raise NotImplementedError"
#: A folder of copies that JupyterLab keeps.
_COPIES = ".ipynb_checkpoints"


@dataclass(frozen=True)
class LaidOut:
    """`files` of a submission by name; `stages` are the exercises of the notebooks that were handed in; `flags` say of
    each notebook that cannot be read why."""

    files: Mapping[str, bytes]
    stages: tuple[Stage, ...]
    flags: tuple[str, ...] = ()


def is_archive(data: bytes) -> bool:
    """Whether these bytes begin as an archive does: a zip, a compressed file, a tar.

    >>> is_archive(b"PK"), is_archive(b'{"cells": []}')
    (True, False)
    """
    return data.startswith((b"PK", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")) or data[257:262] == b"ustar"


def in_folder(folder: Path) -> dict[str, bytes]:
    """The notebooks of a folder by their names. Raises `SubmissionError`."""
    found = [path for path in files(folder) if path.suffix == ENDING and _COPIES not in path.parts]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def _the_one(id: str, every: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What counts for an exercise: what was taken from the only notebook that has a cell for it. A cell that is still
    as it was handed out is no answer where there is another: JupyterLab leaves such copies behind."""
    written = [one for one in every if UNWRITTEN not in one.get("source", "")] or every
    if len(written) > 1:
        return {"missing": f"two notebooks have a cell for {id}, and nobody can say which one counts"}
    return written[0]


def laid_out(notebooks: Mapping[str, bytes], assignment: Assignment, wanted: Iterable[str] = ()) -> LaidOut:
    """The submission that these notebooks are. `wanted`: the ids of the stages to be graded; none for the exercises of
    each notebook that has a tagged cell here. A notebook that cannot be read takes nothing from the others. Raises
    `SubmissionError` if nothing in them is an exercise."""
    if not notebooks:
        raise SubmissionError(f"there is no notebook in it: no file that ends with {ENDING}")
    ids = [stage.id for stage in assignment.stages]
    cells: dict[str, list[dict[str, Any]]] = {}
    flags: list[str] = []
    for path, data in notebooks.items():
        try:
            there = tagged(data)
            found = extract(data, [id for id in ids if id in there])
        except NotebookError as error:
            flags.append(f"{path}: {error}")
            continue
        for id in (*found.sources, *found.missing):
            source, fault = found.sources.get(id), found.missing.get(id)
            cells.setdefault(id, []).append({"missing": fault} if source is None else {"source": source})
    taken: dict[str, dict[str, Any]] = {id: _the_one(id, every) for id, every in cells.items()}
    if not taken and flags:
        raise SubmissionError(flags[0])
    if not taken:
        raise SubmissionError("no cell of it is tagged as an exercise: there is nothing that could be graded")
    seen = {stage.notebook for stage in assignment.stages if stage.id in taken}
    chosen = set(wanted) or {stage.id for stage in assignment.exercises(seen)}
    before: dict[str, list[str]] = {}
    for stage in assignment.stages:
        why = "; ".join((f"no cell is tagged exercise:{stage.id}", *flags))
        one = taken.setdefault(stage.id, {"missing": why})
        others = before.setdefault(stage.notebook, [])
        if "source" in one:
            one |= {"given": stage.given, "before": list(others)}
            others.append(stage.id)
    made = {path.name: path.read_bytes() for path in sorted(assignment.starter.iterdir()) if path.is_file()}
    made[FILE] = json.dumps(taken, sort_keys=True).encode()
    return LaidOut(made, tuple(stage for stage in assignment.stages if stage.id in chosen), tuple(flags))
