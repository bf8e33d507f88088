"""The starter: the source with the functions of the stages emptied, and the files that are given; so it cannot drift
from the source. A partial solution is the same with fewer functions emptied.

In: an `Assignment`, and which stages are done. Out: a folder, written beside and renamed: whole, or not at all.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from .assignment import FILE, Assignment, AssignmentError, Stage
from .emptied import Body, NoSuchFunction, emptied
from .readme import readme
from .unwritten import sentence

#: A file of whose text a word is replaced; others are copied byte by byte.
_TEXT = frozenset({".py", ".html", ".md", ".toml"})


def write(assignment: Assignment, folder: Path, done: Iterable[Stage] = ()) -> None:
    """Write the starter into `folder`, which must not exist, or be empty; `done` are the stages that are filled in.

    Raises `AssignmentError` if the table names a function that the source does not have, or if it cannot be written.
    """
    files = made(assignment, done)
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise AssignmentError(f"{folder} is there already: choose a new folder, so that nothing of yours is lost")
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            for name, content in files.items():
                (beside / name).parent.mkdir(parents=True, exist_ok=True)
                (beside / name).write_bytes(content)
            beside.chmod(0o755)
            if folder.exists():
                folder.rmdir()
            os.rename(beside, folder)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
    except OSError as error:
        raise AssignmentError(f"{folder} cannot be written: {error.strerror or error}") from None


def made(assignment: Assignment, done: Iterable[Stage] = ()) -> dict[str, bytes]:
    """The starter's files by name. Raises `AssignmentError`."""
    if assignment.of_notebooks:
        raise AssignmentError(f"{assignment.name} is handed out as its notebooks, and has no starter")
    ready = {stage.id for stage in done}
    bodies: dict[str, dict[str, Body]] = {}
    for number, stage in enumerate(assignment.stages, 1):
        for function in stage.functions if stage.id not in ready else ():
            module, _, name = function.partition(".")
            bodies.setdefault(module, {})[name] = _body(stage, number, function)
    files = {path.name: path.read_bytes() for path in sorted(assignment.starter.iterdir()) if path.is_file()}
    files["README.md"] = readme(assignment).encode()
    for path in sorted(p for p in assignment.source.iterdir() if p.is_file()):
        content = path.read_bytes()
        if path.suffix in _TEXT:
            text = (
                _emptied(content.decode(), bodies.pop(path.stem, {}), path)
                if path.suffix == ".py"
                else content.decode()
            )
            content = re.sub(rf"\b{assignment.source.name}\b", assignment.package, text).encode()
        files[f"{assignment.package}/{path.name}"] = content
    if bodies:
        raise AssignmentError(
            f"{FILE} names the module {next(iter(bodies))!r}, which {assignment.source} does not have"
        )
    return files


def _body(stage: Stage, number: int, function: str) -> Body:
    if code := stage.instead.get(function):
        return Body(code=f"# Enough until {sentence(stage.id, number, function)}\n{code.strip()}")
    return Body(sentence=sentence(stage.id, number, function))


def _emptied(text: str, bodies: dict[str, Body], path: Path) -> str:
    try:
        return emptied(text, bodies)
    except NoSuchFunction as error:
        raise AssignmentError(f"{FILE} names {path.stem}.{error}, which {path} does not have") from None
