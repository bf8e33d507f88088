"""A submission: a folder with a submission.toml that says how its server starts.

    server = ["python3", "server.py"]        # listens on 127.0.0.1, on the port that the variable PORT says
    functions = ["python3", "functions.py"]  # optional: answers one JSON line on stdin with one on stdout

A command is a list of words, run in the folder, without a shell; the server may be in any language.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = "submission.toml"
MAX_FILE = 1 << 16  # bytes of submission.toml
MAX_WORDS, MAX_WORD = 100, 4096  # of a command, and characters of a word
MAX_FILES, MAX_BYTES = 2000, 64 << 20  # of a whole submission
#: Folders that no submission is made of: neither hashed nor carried anywhere.
IGNORED = frozenset({"__pycache__", ".git", ".venv", "venv", "node_modules", ".mypy_cache", ".pytest_cache"})


class SubmissionError(Exception):
    """A folder cannot be graded as it is; the message is one sentence that names the file."""


@dataclass(frozen=True)
class Submission:
    """A folder to be graded."""

    name: str
    folder: Path
    server: tuple[str, ...]
    functions: tuple[str, ...]  # empty if there are none
    sha256: str  # of its files' names and bytes


def load(folder: Path, name: str = "") -> Submission:
    """Read and check a folder. Raises `SubmissionError`."""
    path = folder / FILE
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise SubmissionError(f"{path}: it must be a plain file")
        text = _some(path).decode("utf-8-sig")  # some editors put a mark of the encoding in front
        said = tomllib.loads(text)
    except FileNotFoundError:
        raise SubmissionError(f"{folder}: there is no {FILE} in it, which says how the server starts") from None
    except OSError as error:
        raise SubmissionError(f"{path}: it cannot be read ({error.strerror or error})") from None
    except (ValueError, RecursionError) as error:
        raise SubmissionError(f"{path}: it is no TOML ({error})") from None
    server, functions = _command(said, "server", path), _command(said, "functions", path)
    if not server:
        raise SubmissionError(f'{path}: there is no line such as server = ["python3", "server.py"]')
    return Submission(name or folder.resolve().name, folder, server, functions, digest(folder))


def _some(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise SubmissionError(f"{path}: it is longer than {MAX_FILE} bytes")
    return data


def _command(said: dict[str, Any], key: str, path: Path) -> tuple[str, ...]:
    words = said.get(key, [])
    if not isinstance(words, list) or not all(isinstance(word, str) and word and "\0" not in word for word in words):
        raise SubmissionError(f'{path}: {key} must be a list of words, such as ["python3", "{key}.py"]')
    if len(words) > MAX_WORDS or max(map(len, words), default=0) > MAX_WORD:
        raise SubmissionError(
            f"{path}: {key} has more than {MAX_WORDS} words, or one of more than {MAX_WORD} characters"
        )
    return tuple(words)


def files(folder: Path) -> list[Path]:
    """The plain files of a submission, in order; links are none. Raises `SubmissionError` if there are too many."""
    found: list[Path] = []
    for top, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in IGNORED)
        found += [Path(top, name) for name in sorted(names) if stat.S_ISREG(os.lstat(os.path.join(top, name)).st_mode)]
        if len(found) > MAX_FILES:
            raise SubmissionError(f"{folder}: it has more than {MAX_FILES} files")
    return found


def digest(folder: Path) -> str:
    """SHA-256 over names, lengths and bytes of all files. Raises `SubmissionError`."""
    whole, total = hashlib.sha256(), 0
    for path in files(folder):
        try:
            total += path.stat().st_size
            if total > MAX_BYTES:
                raise SubmissionError(f"{folder}: its files have more than {MAX_BYTES >> 20} MiB")
            data = path.read_bytes()
        except OSError as error:
            raise SubmissionError(f"{path}: it cannot be read ({error.strerror or error})") from None
        name = path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape")
        whole.update(b"%d %d\n%b\n" % (len(name), len(data), name) + data)
    return whole.hexdigest()
