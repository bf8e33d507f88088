"""The files of a class, made from what the ledgers say: gradebook.csv for a gradebook, index.html for the instructor.

Made from all ledgers in the folder, so the last shard to end makes them whole. Each is written beside and renamed.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..coursework import outcome as outcomes
from ..coursework.assignment import Assignment
from ..coursework.starter import made
from ..coursework.submission import SubmissionError
from ..emitters import gradebook
from ..record import write
from ..sandbox.unpack import unpack
from .hand_ins import HandIn
from .ledger import LedgerError, lines
from .page import page
from .record import record
from .similar import NoSimilarity, Pair, pairs, shingles, sources


def write_all(
    folder: Path, every: Sequence[HandIn], version: str, assignment: Assignment, tier: str, passed: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Write them; the lines that they were made from, one for each hand-in that has one. `passed` are the names of what
    was passed over. Raises `LedgerError`, `RecordError`."""
    note, alike, beside = "", list[Pair](), list[Pair]()
    try:
        alike, beside = similar(every, assignment)
    except NoSimilarity as error:
        note = str(error)
    with _alone(folder):
        chosen = _lines(folder, every, version)
        table = gradebook.write([record(outcomes.outcome(line["outcome"])) for line in chosen])
        write(table, folder / "gradebook.csv")
        write(page(assignment.name, chosen, tier, alike, beside, note, passed), folder / "index.html")
    return chosen


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One shard at a time reads and writes: else one that has read before another's last line could write after it."""
    try:
        lock = os.open(folder / ".pages.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        fcntl.flock(lock, fcntl.LOCK_EX)
    except OSError as error:
        raise LedgerError(f"{folder}: it cannot be locked ({error.strerror or error})") from None
    try:
        yield
    finally:
        os.close(lock)


def _lines(folder: Path, every: Sequence[HandIn], version: str) -> list[dict[str, Any]]:
    wanted = {(one.id, one.sha256) for one in every}
    last: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("results*.jsonl")):
        for line in lines(path):
            if (line["id"], line["sha256"]) in wanted and line["graded_by"] == version:
                last[line["id"]] = line
    return [last[one.id] for one in every if one.id in last]


def similar(every: Sequence[HandIn], assignment: Assignment) -> tuple[list[Pair], list[Pair]]:
    """Pairs of hand-ins, and hand-ins beside the reference. Raises `NoSimilarity`."""
    if assignment.of_notebooks:
        raise NoSimilarity("exercises of a few lines are alike by themselves: they were not compared")
    given = shingles(made(assignment))
    reference = shingles(made(assignment, assignment.stages))
    classes: dict[str, frozenset[int]] = {}
    by_content: dict[str, frozenset[int]] = {}
    for one in every:
        if one.sha256 not in by_content:
            by_content[one.sha256] = _shingles(one)
        classes[one.id] = by_content[one.sha256]
    return pairs(classes, given, reference)


def _shingles(one: HandIn) -> frozenset[int]:
    try:
        with tempfile.TemporaryDirectory(prefix="unmagic-") as there:
            return shingles(sources(unpack(one.path, Path(there), one.id)))
    except (SubmissionError, OSError, RecursionError):
        return frozenset()
