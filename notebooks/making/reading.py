"""A source in jupytext's percent format as a notebook whose ids and metadata are always the same.

In: the text of ``src/NN_title.py``. Out: an `nbformat` notebook, not run yet. Ids are the notebook's name and the
cell's number (jupytext makes random ones). A cell tagged ``exercise:NAME``, and the one that is ``check("NAME")``, get
what nbgrader wants, so that a course which uses it can take the notebook as it is.
"""

from __future__ import annotations

import re
from typing import Any

import jupytext
from nbformat import NotebookNode

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
EXERCISE = "exercise:"
#: The tag of a cell whose code is folded in JupyterLab and on the site: that of a drawing, which says nothing.
FOLDED = "hide-input"
_CHECK = re.compile(r'check\("(\w+)"\)')


def read(text: str, name: str) -> NotebookNode:
    """The notebook of a source. `name` is that of its file, without the ending."""
    notebook = jupytext.reads(text, fmt="py:percent")
    notebook.metadata = NotebookNode(kernelspec=NotebookNode(KERNEL), language_info=NotebookNode(name="python"))
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{name.replace('_', '-')}-{number:02}"
        cell.metadata = NotebookNode(_metadata(cell))
    return notebook


def exercise_of(cell: Any) -> str:
    """The name of the exercise that a cell is for; '' for every other cell."""
    tags = cell.get("metadata", {}).get("tags", [])
    return next((tag.removeprefix(EXERCISE) for tag in tags if tag.startswith(EXERCISE)), "")


def _metadata(cell: NotebookNode) -> dict[str, Any]:
    """Its tags, whether it is folded, and for an exercise and its check what nbgrader wants (its schema 3)."""
    tags = cell.metadata.get("tags", [])
    metadata: dict[str, Any] = {"tags": tags} if tags else {}
    if FOLDED in tags:
        metadata["jupyter"] = NotebookNode(source_hidden=True)
    checked = _CHECK.fullmatch(cell.source.strip()) if cell.cell_type == "code" else None
    if exercise := exercise_of(cell):
        metadata["nbgrader"] = _nbgrader(exercise, solution=True)
    elif checked:
        metadata["nbgrader"] = _nbgrader(f"check-{checked[1]}", solution=False)
    return metadata


def _nbgrader(name: str, *, solution: bool) -> NotebookNode:
    told = {"grade": not solution, "grade_id": name, "locked": not solution, "schema_version": 3, "solution": solution}
    return NotebookNode(told if solution else {**told, "points": 1})
