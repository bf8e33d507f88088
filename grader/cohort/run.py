"""Grade a class: every hand-in once, each result written as it comes, and what is there already not done again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..coursework.assignment import Assignment
from ..coursework.submission import SubmissionError
from .hand_ins import HandIn
from .ledger import Key, Ledger, key, lines
from .supervised import Graded, Settings, data, grade, packed, refused, unreachable

#: How many hand-ins wait in the engine for each that is being graded: their bytes are in memory.
_AHEAD = 3


def graded_by(assignment: Assignment, settings: Settings) -> str:
    """Changes with all that decides what comes of a hand-in: the assignment, its tests, ours, the tier, the key."""
    made = hashlib.sha256()
    roots = [Path(settings.assignment), assignment.tests, Path(__file__).parent.parent / "coursework"]
    if assignment.of_notebooks:  # whose cases, and what is right, are the course's own
        roots.append(assignment.source / "course")
    for root in roots:
        for path in sorted(root.rglob("*")):
            if path.suffix in (".py", ".toml") and path.is_file():
                made.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    decides = (settings.key, settings.stages, settings.tier, sorted(asdict(settings.limits).items()))
    made.update(repr(decides).encode())
    return f"{assignment.name} {assignment.version} {made.hexdigest()[:16]}"


def finished(paths: Sequence[Path]) -> dict[Key, dict[str, Any]]:
    """The last line about each key; faults of ours are not finished. Raises `LedgerError`."""
    found = {key(line): line for path in paths for line in lines(path)}
    return {name: line for name, line in found.items() if line.get("status") in ("graded", "refused")}


def run(
    hand_ins: Sequence[HandIn], settings: Settings, version: str, ledger: Ledger, pool: Executor, jobs: int,
    on_done: Callable[[dict[str, Any]], None] = lambda line: None,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """A line for each hand-in, those of an earlier run first, as `ledger` has them. Raises `LedgerError`."""
    there = finished([ledger.path])
    todo = []
    for one in hand_ins:
        line = there.get((one.id, one.sha256, version)) if one.sha256 else None
        if line is None:
            todo.append(one)
        else:
            yield line
    for one, graded in _all(todo, settings, pool, jobs * _AHEAD):
        line = {"id": one.id, "sha256": one.sha256, "graded_by": version, **data(graded)}
        ledger.add(line)
        on_done(line)
        yield line


def _all(todo: Sequence[HandIn], settings: Settings, pool: Executor, most: int) -> Iterator[tuple[HandIn, Graded]]:
    waiting, running = list(reversed(todo)), dict[Future[Graded], HandIn]()
    while waiting or running:
        while waiting and len(running) < most:
            one = waiting.pop()
            try:
                hand_in = packed(one.path)
            except SubmissionError as error:
                yield one, refused(one.id, settings, str(error))
                continue
            running[pool.submit(grade, one.id, hand_in, settings)] = one
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            one = running.pop(future)
            yield one, _result(future, one.id, settings)


def _result(future: Future[Graded], name: str, settings: Settings) -> Graded:
    """What came of it; where a worker took it along more often than an engine tries again, a fault."""
    try:
        return future.result()
    except Exception as error:
        return unreachable(name, settings, f"its worker was lost ({type(error).__name__})")
