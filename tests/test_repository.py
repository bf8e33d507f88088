"""The program's own files are linked by its own Git remote, at the commit that ran."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tracer.reading import lock
from tracer.reading.links import Links, Status
from tracer.reading.trace import Trace

ROOT = Path(__file__).parent.parent


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    return subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "app.py").write_text("def hello():\n    return 'hi'\n\nprint(hello())\n")
    git(folder, "init", "-q")
    git(folder, "remote", "add", "origin", "git@github.com:someone/their-app.git")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


def run(project: Path, trace: Path) -> None:
    command = [sys.executable, "-m", "unmagic", "run", "-o", str(trace), str(project / "src" / "app.py")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "hi\n"), done.stderr


def link(trace: Path):
    with Trace.open(trace) as opened:
        code = next(c for c in opened.codes.values() if c.qualname == "hello")
        return Links(lock.load()).link(code.file.facts, code.first, code.last)


def test_a_committed_file_is_linked_at_its_commit(project: Path, tmp_path: Path) -> None:
    run(project, tmp_path / "t.trace")
    found = link(tmp_path / "t.trace")
    revision = git(project, "rev-parse", "HEAD")
    assert found.url == f"https://github.com/someone/their-app/blob/{revision}/src/app.py#L1-L2"
    assert found.status is Status.OWN


def test_a_changed_file_is_not_called_its_own_commit(project: Path, tmp_path: Path) -> None:
    (project / "src" / "app.py").write_text("\ndef hello():\n    return 'hi'\n\nprint(hello())\n")
    run(project, tmp_path / "t.trace")
    found = link(tmp_path / "t.trace")
    assert found.status is Status.UNPROVEN, found


def test_without_a_remote_there_is_no_link(project: Path, tmp_path: Path) -> None:
    git(project, "remote", "remove", "origin")
    run(project, tmp_path / "t.trace")
    assert link(tmp_path / "t.trace").url == ""
