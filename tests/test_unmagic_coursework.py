"""`unmagic coursework`, as a student calls it."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from grader.coursework import assignment as assignments
from grader.coursework import outcome as outcomes
from grader.coursework.outcome import Outcome, StageOutcome
from unmagic.stages import Told

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


def told(outcome: Outcome, *, everything: bool) -> str:
    """What a terminal would show of an outcome in the first stage."""
    assignment, text = assignments.load(), io.StringIO()
    told = Told(Console(file=text, width=100), assignment, assignment.stages[:1], everything=everything)
    for tested in outcome.tests:
        told.test(tested)
    for stage in outcome.stages:
        told.stage(stage)
    told.end(outcome)
    return text.getvalue()


def test_the_same_failure_is_explained_once_and_what_was_left_out_has_a_reason():
    failed = outcomes.Tested("tcp.one", "One", "tcp", 0, 1, "failed", "visible", "then     it ended", "write it", 0.1)
    tests = (
        failed,
        replace(failed, id="tcp.two"),
        replace(failed, id="tcp.hidden", visibility="hidden", output="nothing came", hint=""),
        replace(failed, id="tcp.other", hint="another"),
        replace(failed, id="tcp.secret", visibility="hidden", output="nothing came", hint=""),
        replace(failed, id="tcp.left", status="skipped", output="not run, because it was late", hint=""),
        replace(failed, id="tcp.last", status="skipped", output="not run, because it was late", hint=""),
    )
    outcome = Outcome("work", "00", "a", "b", "none", tests, (StageOutcome("tcp", "TCP", 0, 9, False, False),))
    everything = told(outcome, everything=True)
    assert everything.count("it ended") == 2 and everything.count("write it") == 1
    assert "  So, too: tcp.two\n" in everything
    assert everything.count("nothing came") == 2, "of a hidden test the name says more than the rest"
    assert everything.count("· in tcp: not run, because it was late\n") == 1
    first = told(outcome, everything=False)
    assert "So, too: tcp.two" in first and "Then: tcp.hidden, tcp.other, tcp.secret (--all" in first
    waiting = replace(outcome, stages=(replace(outcome.stages[0], skipped_for="nothing"),))
    assert "· in tcp" not in told(waiting, everything=True)
