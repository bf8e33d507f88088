"""Autolab: two lines at the end of the output, feedback and then scores.

Before Autolab parses the last line it puts quotes around every word before a colon, strings included; so in that line
no colon follows a letter or digit. The keys are the problems of the assessment, by the parts' ids.
A report without a score gives no line: Autolab would take one for zeros.
"""

from __future__ import annotations

import json

from ..record import Record
from .whole import must_be_graded, named, told

#: Autolab cuts the middle out of longer output.
LARGEST = 500_000


def write(record: Record) -> str:
    """The two lines. Raises `NotGraded`."""
    must_be_graded(record)
    stages = [named(part) for part in record.parts]
    feedback: dict[str, object] = {"_presentation": "semantic", "stages": stages}
    for part in record.parts:
        check: dict[str, object] = {"passed": part.passed}
        if not part.passed:
            check["hint"] = told(part)[:2000]
        feedback[named(part)] = {part.title: check}
    scores = {"scores": {named(part): part.points for part in record.parts}}
    return f"{json.dumps(feedback)}\n{json.dumps(scores)}\n"
