"""`unmagic coursework`, as a student calls it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "unmagic", "coursework", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_from_a_starter_to_the_first_stage(tmp_path: Path):
    work = tmp_path / "work"
    done = run("new", work)
    assert done.returncode == 0, done.stderr
    assert (work / "submission.toml").exists() and f"unmagic coursework try {work}" in done.stdout

    tried = run("try", work, "--stage", "headers")
    assert tried.returncode == 1, tried.stderr
    assert "0 of 2 stages, 0 of 25 points" in tried.stdout
    assert "tcp.one_request  A request for a page is answered, whatever its method" in tried.stdout
    assert "hint     stage 1, tcp: write http." in tried.stdout
    assert "after tcp" in tried.stdout
    assert all(line == line.rstrip() for line in tried.stdout.splitlines()), "nothing but text where nobody looks"

    assert run("new", work).returncode == 2
    assert "is there already" in run("new", work).stderr


def test_a_solution_as_far_as_a_stage(tmp_path: Path):
    work = tmp_path / "solution"
    done = run("solution", work, "--until", "tcp")
    assert (done.returncode, done.stdout) == (0, f"{work} has the stages tcp\n"), done.stderr
    tried = run("try", work, "--stage", "tcp")
    assert (tried.returncode, tried.stderr) == (0, "")
    assert "1 of 1 stages, 13 of 13 points" in tried.stdout and "seed " in tried.stdout


def test_what_is_wrong_is_told_in_a_sentence(tmp_path: Path):
    for arguments, sentence in (
        (("solution", tmp_path / "x", "--until", "tpc"), "there is no stage 'tpc': choose from tcp, headers"),
        (("try", tmp_path), "there is no submission.toml in it"),
        (("try", tmp_path / "nowhere"), "does not exist"),
        (
            ("new", tmp_path / "x", "--assignment", tmp_path),
            "stages.toml: it cannot be read (No such file or directory)",
        ),
    ):
        done = run(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("unmagic: ") and sentence in done.stderr and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
