"""A notebook that was run, made the same on every run: no times, no chunks of a stream, no page that a script draws.

The page to step through is some hundred kilobytes, and nobody sees it before the notebook is run: a notebook that is
not trusted shows no frame, and neither does GitHub. So it is not kept; the table before it is.
"""

from __future__ import annotations

import re

import nbformat
from nbformat import NotebookNode

FRAME = re.compile(r"<iframe [^>]*></iframe>", re.DOTALL)
INSTEAD = "<p><i>Run this cell, and the page to step through appears here.</i></p>"


def tidy(notebook: NotebookNode) -> NotebookNode:
    """The same notebook as it is committed; what it was made of is left alone."""
    made = nbformat.from_dict(notebook)
    made.metadata = NotebookNode(kernelspec=notebook.metadata.kernelspec, language_info=NotebookNode(name="python"))
    for cell in made.cells:
        cell.metadata = NotebookNode({k: v for k, v in cell.metadata.items() if k in ("tags", "jupyter", "nbgrader")})
        if cell.cell_type == "code":
            cell.outputs = _joined([_tidied(output) for output in cell.outputs])
    return made


def _tidied(output: NotebookNode) -> NotebookNode:
    output.pop("transient", None)
    if "data" in output:
        output.metadata = NotebookNode()
        if "text/html" in output.data:
            output.data["text/html"] = FRAME.sub(INSTEAD, output.data["text/html"])
    return output


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """What a cell printed comes in pieces, cut by chance: neighbours of one stream are one."""
    found: list[NotebookNode] = []
    for output in outputs:
        if found and output.output_type == found[-1].output_type == "stream" and output.name == found[-1].name:
            found[-1].text += output.text
        else:
            found.append(output)
    return found


def written(notebook: NotebookNode) -> str:
    """The text of its file."""
    return nbformat.writes(notebook, version=4, indent=1, sort_keys=True, ensure_ascii=False).rstrip("\n") + "\n"
