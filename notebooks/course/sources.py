"""`source(function)`: the lines of a function, with the place that they stand at; ours or a library's.

In: a function, a method or a class. Out: its text as a notebook shows it, under the file and the lines that it has; no
path of this machine is told.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from .table import Shown

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True, repr=False)
class Source(Shown):
    """Lines `first` to `last` of `place`."""

    place: str
    first: int
    text_: str

    @property
    def _title(self) -> str:
        last = self.first + len(self.text_.splitlines()) - 1
        return f"{self.place}, lines {self.first} to {last}"

    def html(self) -> str:
        style = "border-left:4px solid #6b6f76;padding-left:0.8em;text-align:left;overflow:auto"
        # `code`, since nbconvert's pages give a bare `pre` the font of prose; and both of them would break long lines
        lines = f'<code style="white-space:pre">{escape(self.text_)}</code>'
        return f'<p>{escape(self._title)}</p><pre style="{style}">{lines}</pre>'

    def text(self) -> str:
        return f"{self._title}\n\n{textwrap.indent(self.text_, '    ')}"


def source(function: Callable[..., Any] | type, first: int = 1, last: int | None = None) -> Source:
    """The text of `function`; of its lines, the `first` to the `last` alone, counted from 1."""
    lines, begin = inspect.getsourcelines(inspect.unwrap(function))
    chosen = lines[first - 1 : last]
    return Source(_place(function), begin + first - 1, textwrap.dedent("".join(chosen)).rstrip())


def _place(function: Any) -> str:
    """``reference_impl/frames.py``, ``flask_sock/__init__.py``: never a path of this machine."""
    path = Path(inspect.getsourcefile(inspect.unwrap(function)) or "")
    if path.is_relative_to(ROOT) and "site-packages" not in path.parts:
        return path.relative_to(ROOT).as_posix()
    package = inspect.getmodule(function)
    depth = package.__name__.count(".") + (2 if path.name == "__init__.py" else 1) if package else 1
    return "/".join(path.parts[-depth:])
