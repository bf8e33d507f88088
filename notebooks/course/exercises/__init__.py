"""The exercises and predictions of all notebooks, by name; one file for each notebook that has some."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from ..exercise import Exercise, Guess

_files = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]

EXERCISES: dict[str, Exercise] = {one.name: one for file in _files for one in file.EXERCISES}
GUESSES: dict[str, Guess] = {one.name: one for file in _files for one in file.GUESSES}
