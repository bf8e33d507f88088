"""Run the suite again under the other Pythons of this machine: what is recorded must not depend on the interpreter.

Looks for 3.10 to 3.13 on PATH and among pyenv's versions, makes a virtual environment for each minor version that
is not the one running this, and runs there what depends on the interpreter. `sys.monitoring` came with 3.12, so one
of them has to be 3.12 or newer; where none is found this fails in CI and says so elsewhere.

The environments are made side by side, since that is mostly waiting. The suites run side by side too, each in one
process, as many at once as there are cores; what one says is printed when it ends, and all of them run even if one
fails. Words after the script's name go to pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parent.parent
#: What hooks into the interpreter, under each of them: both engines, sockets, lifetimes, how values are described.
CORE = (
    "test_engines_shapes.py", "test_engines_threads.py", "test_engines_alike.py", "test_engines_hooks.py",
    "test_engines_left.py", "test_engines_guest.py", "test_lifetimes.py", "test_wiretap_bytes.py",
    "test_wiretap_connections.py", "test_wiretap_same.py", "test_wiretap_tls.py", "test_values_strangers.py",
    "test_values_text.py", "test_values_moment.py", "test_scope.py", "test_tasks.py", "test_parts_block.py",
    "test_parts_decorator.py", "test_sharing.py", "test_shared.py", "test_taking_turns.py",
)  # fmt: skip
#: Every scenario recorded, followed, and told on pages that are the committed ones: all of the reading half.
PAGES = ("test_cli_pages.py::test_check_of_the_committed_pages_agrees",)
#: The suite of each minor version, the longest first. What only reads a trace gives the same wherever it runs.
SUITES = {
    13: (
        *CORE,
        *PAGES,
        "test_scenarios.py",
        "test_bootstrap_process.py",
        "test_bootstrap_modules.py",
        "test_journeys.py",
        "test_notebooks_checks.py::test_a_student_can_run_all_cells_before_anything_is_solved",
        "test_notebooks_checks.py::test_every_notebook_runs_whole_under_another_python_too",
        "test_run_module.py::test_a_project_with_modules_of_our_names",  # what the interpreter itself needs by then
    ),
    12: (
        *CORE,
        "test_journeys.py",
        "test_pytest_plugin.py",
        "test_magic.py",
        "test_run_parts.py",
        "test_secrets.py",
        "reference_impl",
    ),
    10: (*CORE, *PAGES),
}


def interpreters() -> dict[int, str]:
    """A working interpreter for each minor version, the first one found."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found: dict[int, str] = {}
    for minor in sorted(SUITES):
        candidates = [f"python3.{minor}", *(str(p / "bin" / "python") for p in sorted(pyenv.glob(f"3.{minor}.*")))]
        for candidate in candidates:
            if _minor(candidate) == minor:
                found[minor] = candidate
                break
    return found


def _minor(python: str) -> int | None:
    try:
        done = subprocess.run(
            [python, "-c", "import sys, venv, ensurepip; print(sys.version_info[1])"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    except OSError:
        return None
    return int(done.stdout) if done.returncode == 0 else None


def main(words: list[str]) -> int:
    """Run them all; 0 if every one passed."""
    mine = sys.version_info[1]
    others = {minor: python for minor, python in interpreters().items() if minor != mine}
    if max([mine, *others], default=0) < 12:
        print("no Python 3.12 or newer was found: the monitoring engine was not tested", flush=True)
        return 1 if os.environ.get("CI") else 0
    if others:
        print(f"--- making environments: {', '.join(f'.venv-3.{minor}' for minor in others)}", flush=True)
    with ThreadPoolExecutor() as pool:
        ready = dict(zip(others, pool.map(prepared, others, others.values()), strict=True))
    wanted = [minor for minor in SUITES if minor in others]
    print(f"--- running the suites, up to {os.cpu_count()} at once", flush=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        lines = list(pool.map(lambda minor: _verdict(minor, ready[minor], words), wanted))
    print(*lines, sep="\n", flush=True)
    return 1 if any("FAILED" in line for line in lines) else 0


def _verdict(minor: int, ready: bool, words: list[str]) -> str:
    began = time.monotonic()
    passed = ready and _passed(minor, words)
    return f"Python 3.{minor}: {'passed' if passed else 'FAILED'}, {time.monotonic() - began:.0f} s"


def python_of(minor: int) -> Path:
    return ROOT / f".venv-3.{minor}" / "bin" / "python"


def prepared(minor: int, python: str) -> bool:
    """Whether there is an environment with what requirements.txt pins; made if there is none."""
    inside = python_of(minor)
    commands: list[list[str]] = []
    if not inside.exists():
        commands.append([python, "-m", "venv", str(inside.parents[1])])
    commands.append(
        [str(inside), "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", "requirements.txt"]
    )
    return all(subprocess.run(command, cwd=ROOT, check=False).returncode == 0 for command in commands)


def _passed(minor: int, words: list[str]) -> bool:
    tests = [f"tests/{name}" for name in SUITES[minor]]
    command = [str(python_of(minor)), "-m", "pytest", "-p", "no:cacheprovider", "-m", "not thorough", *words, *tests]
    done = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(f"--- Python 3.{minor}\n{done.stdout}", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
