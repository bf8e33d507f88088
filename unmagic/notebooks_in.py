"""Handed-in notebooks on the command line: whether these are some, whose assignment it is, which exercises count."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from grader.coursework import assignment as assignments
from grader.coursework.assignment import Assignment
from grader.coursework.exercises import ENDING
from grader.coursework.submission import FILE
from grader.notebook import LARGEST

GRADED = click.option(
    "--assignment", "folder", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
    show_default="unmagic's coursework; for notebooks, the course's exercises",
    help="The folder of another stages.toml.",
)  # fmt: skip
NOTEBOOK = click.option(
    "--notebook", "notebooks", multiple=True, metavar="NAME",
    help="Of handed-in notebooks: all exercises of this one of the course, such as 05_frame. May be repeated.",
)  # fmt: skip
_MARKS = re.compile(rb'"exercise:(\w{1,80})"|"grade_id":\s{0,9}"(\w{1,80})"')


def folder_of(paths: Iterable[Path], folder: Path | None, notebooks: Sequence[str]) -> Path:
    """The assignment's folder: `folder`, or else ours for what these hand-ins are."""
    if folder is not None:
        return folder
    return assignments.NOTEBOOKS if notebooks or any(_some(path) for path in paths) else assignments.OURS


def _some(path: Path) -> list[Path]:
    """The notebooks that a hand-in is made of; none if it is another one."""
    if not path.is_dir():
        return [path] if path.suffix == ENDING else []
    if (path / FILE).exists():
        return []
    return sorted(one for depth in ("*", "*/*") for one in path.glob(depth + ENDING) if one.is_file())


def mostly(assignment: Assignment, paths: Iterable[Path]) -> tuple[str, ...]:
    """The notebooks of which more than half of these hand-ins have an exercise: what the class was set. By marks in the
    text alone, since a stranger's file is opened only by its supervisor."""
    by_exercise = {stage.id: stage.notebook for stage in assignment.stages}
    counted: Counter[str] = Counter()
    looked = 0
    for path in paths:
        found = {by_exercise.get(name, "") for one in _some(path) for name in _marked(one)} - {""}
        looked += bool(found)
        counted.update(found)
    return tuple(sorted(name for name, count in counted.items() if 2 * count > looked))


def _marked(path: Path) -> set[str]:
    try:
        with path.open("rb") as file:
            return {(one[1] or one[2]).decode() for one in _MARKS.finditer(file.read(LARGEST))}
    except (OSError, ValueError):
        return set()
