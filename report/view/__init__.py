"""The one value that every page, the notebook and the grader are given: `make` a `View` of traces, `to_json` writes it.

The dataclasses are in `model.py`; the JSON form is told in docs/view-format.md and held by view.schema.json.
"""

from __future__ import annotations

from .encode import to_json
from .make import Source, make
from .model import SCHEMA, View

__all__ = ["SCHEMA", "Source", "View", "make", "to_json"]
