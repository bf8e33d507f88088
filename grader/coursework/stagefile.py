"""The files of staged tests, loaded as what they are: data of an assignment, outside of any package."""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

from .assignment import FILE, Assignment, AssignmentError, Stage
from .staged import Asked


@dataclass(frozen=True)
class Test:
    """One test of a stage."""

    __test__ = False  # pytest collects what is called so

    id: str  # stage.name
    name: str  # the docstring's first line
    points: int
    hidden: bool
    run: Callable[[Asked], None]


def tests(assignment: Assignment, stage: Stage) -> tuple[Test, ...]:
    """The stage's tests in the table's order. Raises `AssignmentError` if file and table do not agree."""
    path = assignment.tests / f"{stage.id}.py"
    found = {
        name: function
        for name, function in vars(_module(assignment, stage)).items()
        if inspect.isfunction(function) and not name.startswith("_") and function.__code__.co_filename == str(path)
    }
    for name in (*stage.points, *found):
        if name not in found:
            raise AssignmentError(f"{path}: {FILE} counts a test {name!r}, which is not there")
        if name not in stage.points:
            raise AssignmentError(f"{path}: {name!r} has no points in {FILE}")
    return tuple(
        Test(f"{stage.id}.{name}", _title(found[name]), count, name in stage.hidden, found[name])
        for name, count in stage.points.items()
    )


def _title(function: Callable[[Asked], None]) -> str:
    return (inspect.getdoc(function) or function.__name__).splitlines()[0].rstrip(".")


def _module(assignment: Assignment, stage: Stage) -> ModuleType:
    path = assignment.tests / f"{stage.id}.py"
    spec = None
    if path.is_file():
        content = str(path).encode() + path.read_bytes()
        name = f"_coursework_{hashlib.sha256(content).hexdigest()[:12]}_{stage.id}"
        if name in sys.modules:
            return sys.modules[name]
        spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise AssignmentError(f"{path}: there is no such file, which should have the tests of stage {stage.id!r}")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise AssignmentError(f"{path}: it cannot be loaded ({type(error).__name__}: {error})") from None
    sys.modules[name] = module
    return module
