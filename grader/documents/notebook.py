"""A Jupyter notebook, as JSON: its Markdown cells as Markdown, its code cells as text. Outputs are nobody's words: what
a program printed is no report, so that they are left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from . import markdown, text
from .document import DocumentError, Read, joined


def read(path: Path) -> Read:
    """The blocks of a notebook. Raises `DocumentError`."""
    try:
        cells = json.loads(text.decoded(path))["cells"]
        return joined(_cell(cell, number) for number, cell in enumerate(cells, 1))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DocumentError(f"{path}: the notebook is damaged, or of a format before 4.") from None


def _cell(cell: dict[str, Any], number: int) -> Read:
    source = cell["source"]
    said = source if isinstance(source, str) else "".join(source)
    read = {"markdown": markdown.blocks, "code": text.blocks, "raw": text.blocks}[cell["cell_type"]](said)
    return read.placed(f"cell {number}")
