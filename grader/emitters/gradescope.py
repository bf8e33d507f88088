"""Gradescope: results.json, a test for each part. Without a score there is no number, and a test says why."""

from __future__ import annotations

import json

from ..record import Record
from .whole import printable, told


def write(record: Record) -> str:
    """The text of results.json."""
    if record.problem:
        test = {"name": "the report could not be read", "status": "failed", "output": printable(record.problem)}
        return _text({"tests": [{**test, "visibility": "visible"}], "output": "Not graded: a person has to look."})
    tests = [
        {
            "name": part.title, "number": str(number), "score": part.points, "max_score": part.most,
            "status": "passed" if part.passed else "failed", "output": told(part), "output_format": "text",
            "visibility": "visible", "extra_data": {"id": part.id},
        }
        for number, part in enumerate(record.parts, 1)
    ]  # fmt: skip
    return _text({"score": record.points, "tests": tests, "visibility": "visible", "stdout_visibility": "hidden"})


def _text(data: dict[str, object]) -> str:
    return json.dumps(data, indent=1) + "\n"
