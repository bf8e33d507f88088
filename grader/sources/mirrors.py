"""Clones of git repositories on this machine: any commit, and what a branch showed on a day.

A clone is found in the folder by its name (owner+name, owner/name, name, each with or without .git) or by its origin.
It is only read: no checkout, no hooks, nothing is fetched.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tracer.reading.clone import Git, environment
from tracer.reading.links import repository_url
from tracer.reading.lock import LockError

from ..links import CodeLink
from .source import LARGEST, Absent, Answer, made


@dataclass(frozen=True)
class Mirrors:
    """The clones in `folder`. `day` (YYYY-MM-DD) is when the report was written: what a branch showed then."""

    folder: Path
    day: str = ""

    def find(self, link: CodeLink) -> Answer:
        """The file at the link's reference; of a branch, as it was on the day, else as it is now."""
        clone = _clone(self.folder, link.repository)
        if clone is None:
            return None
        commit = branch_on(clone, link.reference, self.day) if link.moves else _commit(clone, link.reference)
        if not commit:
            whole = not link.moves and len(link.reference) == 40 and not _shallow(clone)
            return Absent(f"{link.repository} has no commit {link.reference[:12]}") if whole else None
        data = _blob(clone, commit, link.path)
        if data is None and link.moves and not self.day:  # whoever wrote the link saw it there before
            commit = _last_with(clone, commit, link.path) or commit
            data = _blob(clone, commit, link.path)
        if data is None:
            return Absent(f"{link.repository} has no file {link.path} at {commit[:12]}")
        when = f" on {self.day}" if link.moves and self.day else ""
        return made(data, commit, f"{link.repository} at {commit[:12]}{when}, from a clone")

    def now(self, link: CodeLink) -> Answer:
        """What a branch shows now."""
        return Mirrors(self.folder).find(link)


@lru_cache(maxsize=256)
def _clone(folder: Path, repository: str) -> Path | None:
    owner, _, name = repository.partition("/")
    for stem in (f"{owner}+{name}", f"{owner}/{name}", f"{owner}-{name}", f"{owner}_{name}", name):
        for path in (folder / stem, folder / f"{stem}.git", folder / stem / "repo", folder / stem / ".git"):
            if _is_clone(path):
                return path
    return next(
        (path for path in _all(folder) if _origin(path).lower() == f"https://github.com/{repository}".lower()), None
    )


def _is_clone(path: Path) -> bool:
    return (path / "HEAD").is_file() or (path / ".git").exists()


@lru_cache(maxsize=16)
def _all(folder: Path) -> tuple[Path, ...]:
    found = [path for path in sorted(folder.glob("*")) if path.is_dir()]
    return tuple(path for one in found for path in (one, one / "repo") if _is_clone(path))


@lru_cache(maxsize=256)
def _origin(clone: Path) -> str:
    try:
        return repository_url(Git(clone).remote())
    except LockError:
        return ""


@lru_cache(maxsize=4096)
def _commit(clone: Path, reference: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z_./+-]{0,200}", reference):
        return ""
    for name in (reference, f"refs/tags/{reference}"):
        found = _git(clone, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        if found:
            return found.decode("ascii", "replace").strip()
    return ""


@lru_cache(maxsize=4096)
def branch_on(clone: Path, branch: str, day: str) -> str:
    """The commit that a branch stood at on a day, by its first parents; '' where it is not known."""
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z_./+-]{0,200}", branch):
        return ""
    until = ["--before", f"{day} 23:59:59"] if day else []
    for name in (f"refs/heads/{branch}", f"refs/remotes/origin/{branch}", branch):
        found = _git(clone, "rev-list", "--first-parent", "--max-count=1", *until, name, "--")
        if found:
            return found.decode("ascii", "replace").strip()
    # A branch that was renamed since: master was what main is.
    return branch_on(clone, "HEAD", day) if branch in ("main", "master") else ""


@lru_cache(maxsize=1024)
def _last_with(clone: Path, commit: str, path: str) -> str:
    """The last commit before one, by first parents, that had a file which is gone; '' where there never was one."""
    gone = _git(clone, "--literal-pathspecs", "rev-list", "--first-parent", "--max-count=1", commit, "--", path)
    before = _git(clone, "rev-parse", "--verify", "--quiet", f"{gone.decode().strip()}^1") if gone else None
    return before.decode().strip() if before else ""


@lru_cache(maxsize=64)
def _shallow(clone: Path) -> bool:
    return _git(clone, "rev-parse", "--is-shallow-repository") != b"false\n"


@lru_cache(maxsize=1024)
def _blob(clone: Path, commit: str, path: str) -> bytes | None:
    data = _git(clone, "cat-file", "blob", f"{commit}:{path}")
    return data if data is not None and len(data) <= LARGEST else None


def _git(clone: Path, *arguments: str) -> bytes | None:
    """What git answers, or None (no git, no such thing)."""
    try:
        done = subprocess.run(
            ["git", "-C", str(clone), *arguments], capture_output=True, timeout=60, stdin=subprocess.DEVNULL,
            env=environment(clone), check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None
