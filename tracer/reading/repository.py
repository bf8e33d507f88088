"""The program's own repository: which remote and which commit its files belong to, noted in the trace.

Asked right after the run, on the machine where it ran, by whoever started it: while the program runs, no process of
ours may be started in it. Files outside a repository, and repositories without a remote, stay as they are.
"""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

_CREDENTIALS = re.compile(r"\A([a-z][a-z0-9+.-]*://)[^/]*@", re.I)
_QUERY = re.compile(r"[?#].*", re.S)


@dataclass(frozen=True)
class Repository:
    """Where a working tree stands: its folder, the URL of its remote, the commit that is checked out."""

    root: str
    remote: str
    revision: str


def note_repository(trace: Path) -> int:
    """Fill `remote`, `revision`, `relative` and `unchanged` of the program's files in the trace at `trace`; the
    number of files filled. A file is unchanged where its blob is the one of that commit."""
    with closing(sqlite3.connect(trace)) as db:
        rows = db.execute("select id, path, blob from file where kind in ('program', 'other')").fetchall()
    values = _values([(number, Path(path), blob) for number, path, blob in rows])
    if values:
        with closing(sqlite3.connect(trace)) as db, db:
            db.executemany("update file set remote=?, revision=?, relative=?, unchanged=? where id=?", values)
    return len(values)


def _values(files: list[tuple[int, Path, str]]) -> list[tuple[str, str, str, int, int]]:
    """A row for each file of a repository: remote, commit, path in the repository, unchanged, number."""
    folders = {folder: _repository(folder) for folder in {path.parent for _, path, _ in files}}
    inside: dict[Repository, dict[str, tuple[int, str]]] = {}
    for number, path, blob in files:
        found = folders[path.parent]
        if found is not None:
            relative = os.path.relpath(path, found.root).replace(os.sep, "/")
            inside.setdefault(found, {})[relative] = (number, blob)
    return [
        (repository.remote, repository.revision, relative, int(committed.get(relative) == blob), number)
        for repository, its in inside.items()
        for committed in (_blobs(repository, list(its)),)
        for relative, (number, blob) in its.items()
    ]


def _repository(folder: Path) -> Repository | None:
    """The repository around `folder`; None where there is none with a remote and a commit."""
    root = _git(folder, "rev-parse", "--show-toplevel")
    revision = _git(folder, "rev-parse", "HEAD") if root else ""
    remote = _remote(folder) if revision else ""
    return Repository(root, remote, revision) if remote else None


def _remote(folder: Path) -> str:
    """The URL that the branch is pulled from, else that of `origin`, else of the only remote that there is."""
    names = _git(folder, "remote").split()
    branch = _git(folder, "symbolic-ref", "--short", "-q", "HEAD")
    tracked = _git(folder, "config", "--get", f"branch.{branch}.remote") if branch else ""
    for name in (tracked, "origin", *(names if len(names) == 1 else ())):
        if name in names and (url := _git(folder, "config", "--get", f"remote.{name}.url")):
            return _without_credentials(url)
    return ""


def _without_credentials(url: str) -> str:
    """A URL without who asks, and without a query: a clone made with a token has it there, and a trace is given to
    others. `git@host:path` is none and stays as it is."""
    return _CREDENTIALS.sub(r"\1", _QUERY.sub("", url) if "://" in url else url)


def _blobs(repository: Repository, paths: list[str]) -> dict[str, str]:
    """The blobs of these files at the commit, by their paths in the repository."""
    listed = _git(Path(repository.root), "ls-tree", "-z", "--full-tree", repository.revision, "--", *paths)
    entries = [entry.partition("\t") for entry in listed.split("\0") if entry]
    return {path: about.split()[2] for about, _, path in entries}


def _git(folder: Path, *arguments: str) -> str:
    """What `git` answers, or '' (no git, no repository, no answer)."""
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, env=environment, check=False)
    except (OSError, subprocess.SubprocessError, UnicodeError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
