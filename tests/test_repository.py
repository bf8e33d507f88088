"""The program's own files are linked by its own Git remote, at the commit that ran."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tracer.reading import lock
from tracer.reading.links import Links, Status
from tracer.reading.repository import note_repository
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


# --- what the remote may be; the same recording is noted again ------------------------------------------------

LINES = {
    "git@github.com:someone/their-app.git": "https://github.com/someone/their-app/blob/{}/src/app.py#L1-L2",
    "https://token:x@github.com/someone/their-app": "https://github.com/someone/their-app/blob/{}/src/app.py#L1-L2",
    "ssh://git@ssh.github.com:443/someone/their-app.git": "https://github.com/someone/their-app/blob/{}/src/app.py#L1-L2",
    "git@gitlab.com:group/sub/app.git": "https://gitlab.com/group/sub/app/-/blob/{}/src/app.py#L1-2",
    "https://gitlab.example.org/group/app.git": "https://gitlab.example.org/group/app/-/blob/{}/src/app.py#L1-2",
    "git@bitbucket.org:team/app.git": "https://bitbucket.org/team/app/src/{}/src/app.py#lines-1:2",
    "ssh://git@codeberg.org/someone/app.git": "https://codeberg.org/someone/app/src/commit/{}/src/app.py#L1-L2",
    "/srv/git/app.git": "",
    "git@host-of-ours:app.git": "",
    "https://example.org/app.git": "",
}


@pytest.fixture
def traced(project: Path, tmp_path: Path) -> Path:
    run(project, tmp_path / "t.trace")
    return tmp_path / "t.trace"


def noted(trace: Path):
    assert note_repository(trace) == 1
    return link(trace)


def test_every_kind_of_remote(project: Path, traced: Path) -> None:
    revision = git(project, "rev-parse", "HEAD")
    for remote, wanted in LINES.items():
        git(project, "remote", "set-url", "origin", remote)
        assert noted(traced).url == wanted.format(revision), remote


@pytest.mark.parametrize(
    "remote",
    ["https://me:ghp_hunter2@github.com/me/app", "https://ghp_hunter2@github.com/me/app.git", "ssh://me:hunter2@x.org/a",
     "https://me:a@hunter2@github.com/me/app", "https://github.com/me/app?token=hunter2#hunter2"],
)  # fmt: skip
def test_a_token_in_the_remote_is_not_in_the_trace(project: Path, traced: Path, remote: str) -> None:
    git(project, "remote", "set-url", "origin", remote)
    assert note_repository(traced) == 1
    assert not any(b"hunter2" in path.read_bytes() for path in traced.parent.glob("t.trace*"))
    assert "x.org" in remote or link(traced).url.startswith("https://github.com/me/app/blob/")


def test_the_remote_that_the_branch_is_pulled_from(project: Path, traced: Path) -> None:
    git(project, "remote", "rename", "origin", "mine")
    assert "/someone/their-app/" in noted(traced).url, "the only one that there is"
    git(project, "remote", "add", "upstream", "https://github.com/upstream/app")
    assert note_repository(traced) == 0, "of two that are called neither way none is chosen"
    git(project, "config", f"branch.{git(project, 'branch', '--show-current')}.remote", "upstream")
    assert "/upstream/app/" in noted(traced).url
    git(project, "checkout", "-q", "--detach")
    git(project, "remote", "rename", "mine", "origin")
    assert "/someone/their-app/" in noted(traced).url, "without a branch, origin"


def test_a_file_that_is_not_committed_and_one_in_a_worktree(project: Path, traced: Path, tmp_path: Path) -> None:
    git(project, "rm", "-q", "--cached", "src/app.py")
    git(project, "-c", "user.name=A", "commit", "-qm", "without")
    assert noted(traced).status is Status.UNPROVEN
    git(project, "checkout", "-q", "HEAD~", "--", "src/app.py")
    git(project, "commit", "-qm", "with it")
    git(project, "worktree", "add", "-q", str(tmp_path / "other tree"), "HEAD")
    run(tmp_path / "other tree", tmp_path / "w.trace")
    found = link(tmp_path / "w.trace")
    assert found.status is Status.OWN and git(project, "rev-parse", "HEAD") in found.url


def test_many_files_in_one_repository(project: Path, tmp_path: Path) -> None:
    names = [f"part {n}" if n % 2 else f"pärt_{n}" for n in range(40)]
    for name in names:
        (project / "src" / name).mkdir()
        (project / "src" / name / "mod.py").write_text("def f(): pass\n")
    source = "".join(f"import importlib; importlib.import_module({name + '.mod'!r}).f()\n" for name in names)
    (project / "src" / "app.py").write_text(source + "print('hi')\n")
    git(project, "add", ".")
    git(project, "commit", "-qm", "parts")
    (project / "src" / names[3] / "mod.py").write_text("def f(): return 1\n")
    run(project, tmp_path / "t.trace")
    with Trace.open(tmp_path / "t.trace") as opened:
        facts = {code.file.facts.relative: code.file.facts for code in opened.codes.values() if code.qualname == "f"}
    assert set(facts) == {f"src/{name}/mod.py" for name in names}
    assert [name for name, fact in facts.items() if fact.dirty] == [f"src/{names[3]}/mod.py"]
