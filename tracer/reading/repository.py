"""The program's own repository: which remote and which commit its files belong to, noted in the trace.

Asked right after the run, on the machine where it ran, by whoever started it: while the program runs, no process of
ours may be started in it. Files outside a repository, and repositories without a remote, stay as they are.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
from pathlib import Path


def note_repository(trace: Path) -> int:
    """Fill `remote`, `revision`, `relative` and `unchanged` of the program's files in the trace at `trace`; the
    number of files filled. A file is unchanged where its blob is the one of that commit."""
    db = sqlite3.connect(trace)
    try:
        rows = db.execute("select id, path, blob from file where kind in ('program', 'other')").fetchall()
        filled = 0
        for number, path, blob in rows:
            found = _where(Path(path))
            if found is not None:
                remote, revision, relative, committed = found
                values = (remote, revision, relative, int(committed == blob), number)
                db.execute("update file set remote=?, revision=?, relative=?, unchanged=? where id=?", values)
                filled += 1
        db.commit()
        return filled
    finally:
        db.close()


def _where(path: Path) -> tuple[str, str, str, str] | None:
    """(remote, commit, path in the repository, blob of the file at that commit), if there is all of that."""
    folder = path.parent
    root = _git(folder, "rev-parse", "--show-toplevel")
    revision = _git(folder, "rev-parse", "HEAD") if root else ""
    remote = _git(folder, "config", "--get", "remote.origin.url") if root else ""
    if not remote or not revision:
        return None
    relative = os.path.relpath(path, root).replace(os.sep, "/")
    return remote, revision, relative, _git(folder, "rev-parse", f"HEAD:{relative}")


def _git(folder: Path, *arguments: str) -> str:
    """What `git` answers, or '' (no git, no repository, no answer)."""
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, env=environment, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
