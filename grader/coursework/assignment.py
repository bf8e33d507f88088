"""An assignment: its stages, what they count, what the starter empties for them, and the tests of each.

In: the folder of a stages.toml, whose first lines say what its keys mean. Out: one frozen `Assignment`, checked: every
stage's ground exists, every test in the table is a function in the stage's file and the other way round, and so on. An
instructor may change the table, write another one, or add tests.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = "stages.toml"
#: The course's own, in a checkout.
OURS = Path(__file__).parents[2] / "coursework"
#: The exercises of the course's notebooks, in a checkout.
NOTEBOOKS = OURS / "notebooks"
Credit = Literal["objective", "test"]


class AssignmentError(Exception):
    """The instructor's files are wrong; the message is one sentence that names the file."""


@dataclass(frozen=True)
class Stage:
    """One stage, whose objective is earned when all of its tests pass."""

    id: str
    title: str
    needs: tuple[str, ...]  # stages to be earned before
    reads: str  # where it is written how this must be
    what: str
    functions: tuple[str, ...]  # module.qualname
    instead: Mapping[str, str]  # what stands in some of them until then
    points: Mapping[str, int]  # by the test's name, in the order in which they run
    hidden: frozenset[str]
    optional: bool
    notebook: str = ""  # in which it is an exercise, tagged by the stage's id; "" for coursework
    given: str = ""  # what that notebook has defined before the exercise's cell
    again: tuple[str, ...] = ()  # functions of stages before, which have to do more from here on

    @property
    def most(self) -> int:
        """All points of the stage."""
        return sum(self.points.values())


@dataclass(frozen=True)
class Assignment:
    """What students are set. Stages are in an order in which they can be done."""

    name: str
    version: str
    stages: tuple[Stage, ...]
    credit: Credit
    package: str  # the name that the student's package has
    source: Path  # the package that the starter is made from
    starter: Path  # files that are given
    tests: Path  # a file for each stage

    @property
    def of_notebooks(self) -> bool:
        """Whether notebooks are handed in, and their exercises graded."""
        return any(stage.notebook for stage in self.stages)

    def exercises(self, notebooks: Iterable[str]) -> tuple[Stage, ...]:
        """The stages of these notebooks. Raises `AssignmentError` if there is no such notebook."""
        known = list(dict.fromkeys(stage.notebook for stage in self.stages if stage.notebook))
        wanted = set(notebooks)
        if strange := sorted(wanted.difference(known)):
            raise AssignmentError(f"there is no notebook {strange[0]!r} with exercises: choose from {', '.join(known)}")
        return tuple(stage for stage in self.stages if stage.notebook in wanted)

    def stage(self, id: str) -> Stage:
        """By its id. Raises `AssignmentError` if there is none."""
        for stage in self.stages:
            if stage.id == id:
                return stage
        raise AssignmentError(f"there is no stage {id!r}: choose from {', '.join(stage.id for stage in self.stages)}")

    def until(self, id: str) -> tuple[Stage, ...]:
        """The stages up to this one and with it. Raises `AssignmentError`."""
        return self.stages[: self.stages.index(self.stage(id)) + 1]

    def ground(self, id: str) -> tuple[Stage, ...]:
        """The stage and all that it stands on, in order. Raises `AssignmentError`."""
        wanted, open_ = {id}, [self.stage(id)]
        while open_:
            for needed in open_.pop().needs:
                if needed not in wanted:
                    wanted.add(needed)
                    open_.append(self.stage(needed))
        return tuple(stage for stage in self.stages if stage.id in wanted)


def load(folder: Path = OURS) -> Assignment:
    """Read and check a folder's stages.toml. Raises `AssignmentError`."""
    path = folder / FILE
    try:
        return _load(path, path.read_text(encoding="utf-8"), os.getcwd())
    except OSError as error:
        raise AssignmentError(f"{path}: it cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError as error:
        raise AssignmentError(f"{path}: it is no TOML ({error})") from None


@lru_cache(maxsize=8)
def _load(path: Path, text: str, here: str) -> Assignment:
    """`here`: what `path` may be relative to."""
    folder = path.parent
    try:
        said = tomllib.loads(text)
    except ValueError as error:
        raise AssignmentError(f"{path}: it is no TOML ({error})") from None
    stages = tuple(_stage(each, path) for each in _get(said, "stage", list, path))
    known: set[str] = set()
    for stage in stages:
        if stage.id in known:
            raise AssignmentError(f"{path}: there are two stages {stage.id!r}")
        if missing := [need for need in stage.needs if need not in known]:
            raise AssignmentError(f"{path}: stage {stage.id!r} needs {missing[0]!r}, which no stage before it is")
        known.add(stage.id)
    functions = [function for stage in stages for function in stage.functions]
    if twice := next((f for f in functions if functions.count(f) > 1), ""):
        raise AssignmentError(f"{path}: two stages name {twice}")
    written: set[str] = set()
    for stage in stages:
        if strange := [name for name in stage.again if name not in written]:
            raise AssignmentError(f"{path}: stage {stage.id!r} has {strange[0]} again, which no stage before it writes")
        written.update(stage.functions)
    credit = _get(said, "credit", str, path)
    if credit not in ("objective", "test"):
        raise AssignmentError(f'{path}: credit is "objective" or "test", not {credit!r}')
    name, version, package = (_get(said, key, str, path) for key in ("name", "version", "package"))
    source, given, asked = ((folder / _get(said, key, str, path)).resolve() for key in ("source", "starter", "tests"))
    return Assignment(name, version, stages, credit, package, source, given, asked)


def _stage(said: dict[str, Any], path: Path) -> Stage:
    id = _get(said, "id", str, path)
    if not id.isidentifier():
        raise AssignmentError(f"{path}: the id {id!r} must be letters, digits and underscores")
    where = f"{path}: stage {id!r}"
    points, hidden = _get(said, "points", dict, where), _get(said, "hidden", list, where, [])
    instead, functions = _get(said, "instead", dict, where, {}), _get(said, "functions", list, where, [])
    for name, count in points.items():
        if type(count) is not int or count < 0:
            raise AssignmentError(f"{where}: the points of {name} must be a whole number, not {count!r}")
    if not points:
        raise AssignmentError(f"{where} has no tests")
    for name in hidden:
        if name not in points:
            raise AssignmentError(f"{where}: there is no test {name!r} to be hidden")
    for name in instead:
        if name not in functions:
            raise AssignmentError(f"{where}: {name} has something instead, but is not among the functions")
    return Stage(
        id, _get(said, "title", str, where), tuple(_get(said, "needs", list, where, [])),
        _get(said, "reads", str, where, ""), " ".join(_get(said, "what", str, where, "").split()), tuple(functions),
        MappingProxyType(instead), MappingProxyType(points), frozenset(hidden),
        _get(said, "optional", bool, where, False), _get(said, "notebook", str, where, ""),
        _get(said, "given", str, where, ""), tuple(_get(said, "again", list, where, [])),
    )  # fmt: skip


def _get(said: dict[str, Any], key: str, kind: type, where: object, otherwise: Any = None) -> Any:
    value = said.get(key, otherwise)
    if not isinstance(value, kind):
        raise AssignmentError(f"{where}: {key} is missing, or no {kind.__name__}")
    return value
