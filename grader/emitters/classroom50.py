"""Classroom 50: result.json of schema v1, with whole numbers, and hyphens in two of the names.

What the runner knows comes from its environment (CLASSROOM, ASSIGNMENT, SUBMISSION_TAG, OWNER, ...); it stamps owner
and type over what stands here. A report without a score gives none: a non-zero exit is how an autograder says so there.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping

from ..record import Record
from .whole import must_be_graded, told, whole_points

_FROM = {
    "classroom": "CLASSROOM", "assignment": "ASSIGNMENT", "assignment_type": "ASSIGNMENT_TYPE", "owner": "OWNER",
    "submission": "SUBMISSION_TAG", "commit": "COMMIT_URL", "release": "RELEASE_URL", "review": "REVIEW_URL",
}  # fmt: skip


def write(record: Record, environment: Mapping[str, str] = os.environ) -> str:
    """The text of result.json. Raises `NotGraded`."""
    must_be_graded(record)
    facts = {name: environment.get(variable, "") for name, variable in _FROM.items()}
    facts["owner"] = facts["owner"] or environment.get("USERNAME", "")
    facts["assignment_type"] = facts["assignment_type"] or "individual"
    if not facts["submission"].startswith("submit/"):
        facts["submission"] = "submit/" + re.sub(r"[^\w.-]+", "-", record.report, flags=re.ASCII).strip("-")
    points = whole_points(record.parts)
    tests = [
        {"test-name": part.title, "passed": part.passed, "score": got, "max-score": part.most, "output": told(part)}
        for part, got in zip(record.parts, points, strict=True)
    ]
    data = {
        "schema": "classroom50/result/v1", **facts, "datetime": record.at,
        "score": sum(points), "max-score": record.most, "tests": tests,
    }  # fmt: skip
    return json.dumps(data, indent=1) + "\n"
