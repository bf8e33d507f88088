"""A local git repository, asked for its tags and trees; nothing is checked out and nothing is fetched."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .lock import LockError, is_id


@dataclass(frozen=True)
class Git:
    """One repository, read by `git` as a subprocess: no checkout, no network, nothing of its hooks or filters."""

    clone: Path | str

    def tags(self) -> list[str]:
        return self._run("for-each-ref", "--format=%(refname:strip=2)", "refs/tags").splitlines()

    def commit(self, tag: str) -> str:
        commit = self._run("rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}").strip()
        if not is_id(commit):
            raise LockError(f"{self.clone}: the id of tag {tag}, {commit!r}, is not a sha1 of 40 hexadecimal digits.")
        return commit

    def tree(self, commit: str) -> dict[str, str]:
        """Path -> blob id of every regular file of the commit (a symbolic link's bytes are not the file's)."""
        listed = self._run("ls-tree", "-r", "-z", "--full-tree", commit)
        rows = (row.partition("\t") for row in listed.split("\0") if row)
        return {path: head.split()[2] for head, _, path in rows if head.startswith("100")}

    def remote(self) -> str:
        return self._run("config", "--get", "remote.origin.url", allowed=(0, 1)).strip()

    def _run(self, *arguments: str, allowed: tuple[int, ...] = (0,)) -> str:
        clone = Path(self.clone).absolute()
        if not clone.is_dir():
            raise LockError(f"{self.clone}: there is no such folder to look for a git repository in.")
        try:
            done = subprocess.run(
                ["git", "-C", str(clone), *arguments],
                capture_output=True,
                timeout=120,
                stdin=subprocess.DEVNULL,
                env=environment(clone),
            )
        except FileNotFoundError:
            raise LockError("There is no `git` on the PATH, and without it no commit can be read.") from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LockError(f"{self.clone}: git did not run ({error}).") from None
        if done.returncode not in allowed:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it gave no reason"]
            if "not a git repository" in said[0]:
                raise LockError(f"{self.clone}: this is not a git repository.")
            raise LockError(f"{self.clone}: `git {arguments[0]}` failed: {said[0]}")
        return done.stdout.decode("utf-8", "surrogateescape")


def environment(clone: Path) -> dict[str, str]:
    """The environment that makes git read this folder's own objects and nothing else."""
    ours = {name: value for name, value in os.environ.items() if name in _GIT_KEPT or not name.startswith("GIT_")}
    ours["GIT_CEILING_DIRECTORIES"] = str(clone.parent)  # a plain folder inside somebody's repository is no clone
    ours["GIT_NO_REPLACE_OBJECTS"] = "1"  # a replacement is local: the code host shows the real commit
    ours["GIT_ALLOW_PROTOCOL"] = "none"  # a partial clone must fail here, not fetch
    ours["GIT_NO_LAZY_FETCH"] = "1"
    ours["LC_ALL"] = "C"
    return ours


_GIT_KEPT = {"GIT_EXEC_PATH", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"}
