"""What `make upstream-traced` decides, without the network; and that a suite is recorded where it says so."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .traced import Run, differences, judge, run_suite

ALIKE = {"t.py::good": "passed", "t.py::known": "failed", "t.py::left": "skipped"}


def test_counts_are_told() -> None:
    assert Run({**ALIKE, "t.py::other": "passed"}, {}).count() == "2 passed, 1 failed, 1 skipped"


def test_what_fails_both_ways_is_no_difference() -> None:
    assert differences(Run(ALIKE, {}), Run(ALIKE, {})) == []


def test_each_difference_is_told_with_what_was_said() -> None:
    traced = Run({**ALIKE, "t.py::good": "failed", "t.py::known": "passed"}, {"t.py::good": "E: no"})
    untraced = Run({**ALIKE, "t.py::gone": "passed"}, {"t.py::known": "E: yes"})
    assert differences(untraced, traced) == [
        "t.py::gone: passed untraced, not run traced: ",
        "t.py::good: passed untraced, failed traced: E: no",
        "t.py::known: failed untraced, passed traced: E: yes",
    ]


@pytest.mark.parametrize(
    ("untraced", "traced", "said"),
    [
        (Run(ALIKE, {}), Run(ALIKE, {}, 9, 1), ""),
        (Run(ALIKE, {}), Run(ALIKE, {}, 9, 1, ("a.trace: E",)), "PROBLEM: a.trace: E"),
        (Run(ALIKE, {}), Run(ALIKE, {}, 0, 1), "PROBLEM: nothing was recorded"),
        (Run({}, {}), Run({}, {}, 9, 1), "PROBLEM: nothing was run"),
    ],
)
def test_the_verdict(untraced: Run, traced: Run, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert judge("wsproto", "settrace", untraced, traced) is (not said)
    assert said in capsys.readouterr().out


SUITE = """\
import subprocess, sys, pytest

def test_good(): pass
def test_recorder(): assert any(name.startswith("_unmagic") for name in sys.modules)
def test_child(): assert subprocess.run([sys.executable, "child.py"], check=False).returncode == 3
@pytest.mark.skip
def test_left(): pass
"""


@pytest.mark.thorough
def test_a_suite_is_recorded_with_what_it_starts(tmp_path: Path) -> None:
    """A test that fails without the recorder is a difference, told as one."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_it.py").write_text(SUITE)
    (tmp_path / "child.py").write_text("def end():\n    raise SystemExit(3)\n\n\nend()\n")
    sources, python = tmp_path, Path(sys.executable)
    untraced, traced = (run_suite(python, sources, "tests", engine, tmp_path / "out") for engine in (None, "settrace"))
    assert untraced.count() == "2 passed, 1 failed, 1 skipped" and traced.count() == "3 passed, 1 skipped"
    assert traced.traces == 2 and traced.calls > 4 and traced.faults == ()
    (found,) = differences(untraced, traced)
    assert found.startswith("tests/test_it.py::test_recorder: failed untraced, passed traced: ")
