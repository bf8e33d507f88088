"""PrairieLearn: results.json with a score between 0 and 1; what could not be read is not gradable."""

from __future__ import annotations

import json

from ..record import Record
from .whole import printable, told


def write(record: Record) -> str:
    """The text of /grade/results/results.json."""
    if record.problem:
        data: dict[str, object] = {"gradable": False, "format_errors": [printable(record.problem)]}
    else:
        tests = [
            {
                "name": part.title,
                "description": part.id,
                "points": part.points,
                "max_points": part.most,
                "message": told(part),
            }
            for part in record.parts
        ]
        score = record.points / record.most if record.most else 0.0
        data = {"gradable": True, "score": round(score, 6), "message": printable(record.title), "tests": tests}
    return json.dumps(data, indent=1) + "\n"
