"""The version that students get: no outputs, each solution a line that says what to do, links from a folder deeper.

Cuts what stands between ``### BEGIN SOLUTION`` and ``### END SOLUTION``, and drops ``### BEGIN HIDDEN TESTS`` to
``### END HIDDEN TESTS``: nbgrader's own marks.
"""

from __future__ import annotations

import re

import nbformat
from nbformat import NotebookNode

INSTEAD = 'raise NotImplementedError("write your lines here")'
_END = r"[ \t]*$"
_SOLUTION = re.compile(rf"^([ \t]*)### BEGIN SOLUTION{_END}.*?^[ \t]*### END SOLUTION{_END}", re.DOTALL | re.MULTILINE)
#: A link to a file that is not one of the notebooks, which lie beside each other in both folders.
_ELSEWHERE = re.compile(r"\]\((?!\w+:|#|[\w.]+\.ipynb)")
_HIDDEN = re.compile(rf"^[ \t]*### BEGIN HIDDEN.*?^[ \t]*### END HIDDEN TESTS{_END}\n?", re.DOTALL | re.MULTILINE)


def for_students(notebook: NotebookNode) -> NotebookNode:
    """A copy without solutions and outputs, for the folder below."""
    made = nbformat.from_dict(notebook)
    for cell in made.cells:
        if cell.cell_type == "code":
            cell.source = cut(cell.source)
            cell.outputs, cell.execution_count = [], None
        else:
            cell.source = _ELSEWHERE.sub("](../", cell.source)
    return made


def cut(source: str) -> str:
    """The text of a cell without its solutions. Raises ValueError where a mark has no partner."""
    found = _HIDDEN.sub("", _SOLUTION.sub(lambda match: f"{match[1]}{INSTEAD}", source))
    if "### BEGIN" in found or "### END" in found:
        raise ValueError("a ### BEGIN SOLUTION without its ### END SOLUTION, or the other way round")
    return found
