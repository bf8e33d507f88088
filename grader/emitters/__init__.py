"""What other systems take: each file writes a confirmed record in the form of one of them, and knows its traps.

A report that could not be read has no score. Where a form has a way to say so it is taken; where it has none, the
emitter says `NotGraded`, and nothing is written that a gradebook would take for a zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..record import Record
from . import autolab, classroom50, gradebook, gradescope, jsonlines, junit, prairielearn
from .whole import NotGraded

#: Formats of one record.
ONE: dict[str, Callable[[Record], str]] = {
    "autolab": autolab.write, "gradescope": gradescope.write, "classroom50": classroom50.write,
    "prairielearn": prairielearn.write,
}  # fmt: skip
#: Formats of a whole class.
MANY: dict[str, Callable[[Sequence[Record]], str]] = {
    "junit": junit.write, "jsonl": jsonlines.write, "csv": gradebook.write,
}  # fmt: skip

__all__ = ["MANY", "ONE", "NotGraded"]
