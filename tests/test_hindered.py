"""What befalls a trace while it is written never changes the program: same answers, same exit code, and it is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from helpers_recording import ENGINES, PROGRAMS, ROOT, consistent, environment
from helpers_run import Done, done, unmagic

from tracer.reading.trace import Trace

PROGRAM = PROGRAMS / "steady.py"
GONE = "the recording is not whole: the trace {} was taken away while it was recorded"
REPLACED = "the recording is not whole: the trace {} was replaced by another file while it was recorded"
#: What is said of each mischief, as far as anything is to be said.
SAID = {
    "nothing": "calls, 3 threads",
    "full_disk": "the recorder stopped early, by a fault of its own: the trace could not be written any further",
    "folder_removed": GONE,
    "file_removed": GONE,
    "file_replaced": REPLACED,
    "replaced_and_forked": REPLACED,
    "no_descriptors": "calls, 3 threads",
}


def ran(folder: Path, words: list[str]) -> Done:
    env = environment(PYTHONPATH=str(ROOT))
    return done([sys.executable, *words], folder, env=env)


def recorded(folder: Path, engine: str, trace: Path, words: list[str]) -> Done:
    env = environment(PYTHONPATH=str(ROOT))
    return unmagic("run", "--engine", engine, "--python", sys.executable, "-o", trace, *words, cwd=folder, env=env)


def program(mischief: str, trace: Path, end: str = "3") -> list[str]:
    return [str(PROGRAM), mischief, str(trace), end]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("mischief", SAID)
def test_the_program_is_the_same_and_what_happened_is_told(tmp_path, mischief, engine):
    """Ended with 3, which says what the program did; and with 0, which nothing of ours may change either."""
    for end in ("3", "0"):
        plain, traced = tmp_path / f"plain{end}", tmp_path / f"traced{end}"
        trace = traced / "in" / "t.trace"
        (plain / "in").mkdir(parents=True)
        trace.parent.mkdir(parents=True)
        untraced = ran(plain, program(mischief, plain / "in" / "t.trace", end))
        run = recorded(traced, engine, trace, program(mischief, trace, end))
        assert (run.code, run.out) == (untraced.code, untraced.out)
        assert run.code == int(end)
        assert run.theirs == untraced.err == "a word on the other stream\n"
        assert any(SAID[mischief].format(trace) in line for line in run.ours), run.ours
        left = {path.name for path in trace.parent.iterdir()} if trace.parent.exists() else set()
        if "replaced" in mischief:
            assert trace.read_text() == "somebody else's\n", "what is not ours stays"
            assert left - {"t.2.trace"} == {"t.trace"}
        elif "removed" in mischief:
            assert left == set()
        else:
            assert left == {"t.trace"}
            with Trace.open(trace) as opened:
                consistent(opened)
                assert len(opened.calls) > 1000
                assert ("faults" in opened.meta) == (mischief == "full_disk")
                assert "lost" not in opened.meta


@pytest.fixture
def tmpfs(tmp_path):
    """A disk of two megabytes, where one can be had."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("nothing can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_disk_that_is_full_in_earnest(tmp_path, tmpfs, engine):
    plain = ran(tmp_path, program("nothing", tmp_path / "none.trace"))
    run = recorded(tmp_path, engine, tmpfs / "t.trace", program("nothing", tmp_path / "none.trace"))
    assert (run.code, run.out) == (plain.code, plain.out)
    assert "database or disk is full" in run.err and "Traceback" not in run.err
