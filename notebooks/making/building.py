"""Make the notebooks of `src/`, or tell where those that are committed differ from what would be made."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .reading import read
from .running import run
from .student import for_students
from .tidying import tidy, written

HOME = Path(__file__).parent.parent
SOURCES = HOME / "src"
#: Kernels that run side by side.
AT_ONCE = 2


def names() -> list[str]:
    """The notebooks, in order."""
    return sorted(path.stem for path in SOURCES.glob("[0-9]*.py"))


def make(name: str) -> dict[Path, str]:
    """The files of one notebook, and their text: run, and for students. Raises `RunError`, ValueError."""
    unrun = read((SOURCES / f"{name}.py").read_text(encoding="utf-8"), name)
    student = written(for_students(unrun))
    return {
        HOME / f"{name}.ipynb": written(tidy(run(unrun, name, HOME))),
        HOME / "student" / f"{name}.ipynb": student,
    }


def make_all(wanted: Sequence[str], say: Callable[[str], None]) -> dict[Path, str]:
    """The files of all these notebooks; `say` is told as each is done."""

    def one(name: str) -> dict[Path, str]:
        made = make(name)
        say(name)
        return made

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {path: text for made in pool.map(one, wanted) for path, text in made.items()}


def write(files: dict[Path, str]) -> None:
    """Each beside its place, then renamed."""
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".unfinished")
        beside.write_text(text, encoding="utf-8", newline="\n")
        os.replace(beside, path)


def differing(files: dict[Path, str]) -> Iterator[str]:
    """A sentence for each file that is not as it would be made."""
    for path, text in files.items():
        name = path.relative_to(HOME.parent)
        if not path.exists():
            yield f"{name} is missing"
        elif path.read_text(encoding="utf-8") != text:
            yield f"{name} differs from what its source makes"
