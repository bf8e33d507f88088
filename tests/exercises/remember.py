"""The exercise `remember` of notebook 03_blueprints: a decorator that remembers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grader.coursework.staged import Asked
from notebooks.course.checking import judge
from notebooks.course.exercise import Case


def _remembered(remember: Callable[..., Any], paths: list[str]) -> list[str]:
    """What becomes of a function for each path, and of the list."""
    routes: list[Any] = [("/before", len)]
    functions = [lambda number=number: number for number in range(len(paths))]
    names = {id(function): f"function {number}" for number, function in enumerate([*functions, len])}
    came = [remember(routes, path)(function) for path, function in zip(paths, functions, strict=True)]
    told = [names.get(id(one), "another") for one in came]
    return [*told, *(f"{path}: {names.get(id(function), 'another')}" for path, function in routes)]


def cases(t: Asked) -> None:
    """Two decorated functions."""
    t.judged("remember", lambda function: judge("remember", function, patience=t.patience.answer))


def others(t: Asked) -> None:
    """Functions at other paths, and lists that hold something already."""
    paths = [f"/{t.word()}" for _ in range(4)]
    drawn = [Case("decorated functions", lambda function: _remembered(function, paths))]
    t.judged("remember", lambda function: judge("remember", function, drawn, t.patience.answer))
