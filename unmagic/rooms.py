"""Our own packages are found where we are, whatever else the path holds: a project may have a report.py of its own, and
be on PYTHONPATH, which comes before what is installed."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

HOME = Path(__file__).parent.parent
ROOMS = frozenset({"tracer", "report", "grader", "reference_impl"})


class Ours:
    """A finder for our packages alone."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Where one of them is; None for whatever is not ours."""
        return PathFinder.find_spec(name, [str(HOME)]) if path is None and name in ROOMS else None


def ours_first() -> None:
    """Have them found first from now on."""
    if Ours not in sys.meta_path:
        sys.meta_path.insert(0, Ours)


def leave_the_folder() -> None:
    """Of `python -m unmagic`: no module of the folder in which it was called is ours to import."""
    if sys.path and sys.path[0] == os.getcwd() and Path(sys.path[0]) != HOME:
        del sys.path[0]
