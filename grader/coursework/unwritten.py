"""Which functions of a stage a submission has not written yet, by the sentences that the starter has put there.

Read as text, from files that are never run for it; a submission in another language has no such sentences.
"""

from __future__ import annotations

import re

from .assignment import Stage
from .submission import Submission, SubmissionError, files

MAX_SOURCE = 1 << 20  # bytes of one file


def sentence(stage: str, number: int, function: str) -> str:
    """What stands in an emptied function.

    >>> sentence("lengths", 7, "frames.FrameParser._read_length")
    'stage 7, lengths: write frames.FrameParser._read_length'
    """
    return f"stage {number}, {stage}: write {function}"


def unwritten(submission: Submission, stage: Stage) -> tuple[str, ...]:
    """The functions in the order of the table."""
    said = re.compile(rf"\bstage \d+, {stage.id}: write ([\w.]+)")
    found: set[str] = set()
    try:
        for path in files(submission.folder):
            if path.suffix == ".py" and path.stat().st_size <= MAX_SOURCE:
                found.update(said.findall(path.read_text(encoding="utf-8", errors="replace")))
    except (OSError, SubmissionError):
        return ()
    return tuple(function for function in stage.functions if function in found)
