"""The hand-ins of a class: folders and archives in one folder, each called by its name, each with a hash of its
content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from ..coursework.submission import FILE, SubmissionError, digest
from ..sandbox.unpack import ARCHIVES


@dataclass(frozen=True)
class HandIn:
    """One hand-in. `sha256` is of what was handed in; empty if it cannot be read."""

    id: str
    path: Path
    sha256: str


def hand_ins(folder: Path, more: tuple[str, ...] = ()) -> list[HandIn]:
    """Those in a folder, in order: what is a folder, an archive or a file with one of `more` endings, and not hidden.
    Raises OSError, and `SubmissionError` if two have one name or the folder is itself a hand-in."""
    if (folder / FILE).exists():
        raise SubmissionError(f"{folder} is one hand-in, not a folder of them: see unmagic grade")
    found: dict[str, HandIn] = {}
    endings = (*ARCHIVES, *more)
    for path in sorted(folder.iterdir()):
        if not _is_one(path, endings):
            continue
        name = _name(path, endings)
        if name in found:
            raise SubmissionError(f"{folder}: {found[name].path.name} and {path.name} are both called {name}")
        found[name] = HandIn(name, path, _hash(path))
    return list(found.values())


def passed_over(folder: Path, more: tuple[str, ...] = ()) -> list[str]:
    """The names of what lies in a class's folder and is none, so that nobody is missing without a word."""
    endings = (*ARCHIVES, *more)
    return [one.name for one in sorted(folder.iterdir()) if not one.name.startswith(".") and not _is_one(one, endings)]


def _is_one(path: Path, endings: tuple[str, ...]) -> bool:
    plain = path.is_file() and path.name.lower().endswith(endings)
    return not path.name.startswith(".") and (path.is_dir() or plain)


def _name(path: Path, endings: tuple[str, ...]) -> str:
    lower = path.name.lower()
    ending = "" if path.is_dir() else next(end for end in sorted(endings, key=len, reverse=True) if lower.endswith(end))
    return path.name[: len(path.name) - len(ending)] or path.name


def _hash(path: Path) -> str:
    try:
        if path.is_dir():
            return digest(path)
        with path.open("rb") as file:
            made = hashlib.sha256()
            while piece := file.read(1 << 20):
                made.update(piece)
        return made.hexdigest()
    except (OSError, SubmissionError):
        return ""


def shard(all_of_them: list[HandIn], number: int, count: int) -> list[HandIn]:
    """Part `number` (from 1) of `count`: every hand-in is in one part, by its name alone.

    >>> [len(shard([HandIn(str(n), Path(), "") for n in range(100)], part, 3)) for part in (1, 2, 3)]
    [36, 36, 28]
    """
    return [one for one in all_of_them if int(hashlib.sha256(one.id.encode()).hexdigest(), 16) % count == number - 1]
