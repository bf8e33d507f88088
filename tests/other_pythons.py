"""Run the suite again under the other Pythons of this machine: what is recorded must not depend on the interpreter.

Looks for 3.10 to 3.13 on PATH and among pyenv's versions, makes a virtual environment for each minor version that
is not the one running this, and runs there what depends on the interpreter. `sys.monitoring` came with 3.12, so one
of them has to be 3.12 or newer; where none is found this fails in CI and says so elsewhere.

The environments are made side by side, since that is mostly waiting; the suites run one after the other, each on all
cores, and all of them run even if one fails. Words after the script's name go to pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parent.parent
MINORS = (10, 12, 13)
#: What depends on the interpreter most, under each of them; the newest runs all that depends on it at all.
CORE = (
    "test_engines.py", "test_lifetimes.py", "test_wiretap.py", "test_values.py", "test_scope.py",
    "test_scenarios.py", "test_index.py", "test_chain.py", "test_journeys.py", "test_flow.py",
)  # fmt: skip
#: The committed pages are what this Python makes, too; with the recordings that the other tests have.
PAGES = ("test_cli.py::test_check_of_the_committed_pages_agrees",)
MORE = ("test_secrets.py", "test_store.py", "test_cli.py", "reference_impl")


def interpreters() -> dict[int, str]:
    """A working interpreter for each minor version, the first one found."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found: dict[int, str] = {}
    for minor in MINORS:
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
        ready = dict(zip(others, pool.map(_prepared, others, others.values()), strict=True))
    told = []
    for minor in others:
        began = time.monotonic()
        passed = ready[minor] and _passed(minor, words)
        told.append((passed, f"Python 3.{minor}: {'passed' if passed else 'FAILED'}, {time.monotonic() - began:.0f} s"))
    for _, line in told:
        print(line, flush=True)
    return 0 if all(passed for passed, _ in told) else 1


def _python(minor: int) -> Path:
    return ROOT / f".venv-3.{minor}" / "bin" / "python"


def _prepared(minor: int, python: str) -> bool:
    """Whether there is an environment with what requirements.txt pins; made if there is none."""
    inside = _python(minor)
    commands: list[list[str]] = []
    if not inside.exists():
        commands.append([python, "-m", "venv", str(inside.parents[1])])
    commands.append(
        [str(inside), "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", "requirements.txt"]
    )
    return all(subprocess.run(command, cwd=ROOT, check=False).returncode == 0 for command in commands)


def _passed(minor: int, words: list[str]) -> bool:
    print(f"--- Python 3.{minor}", flush=True)
    tests = [f"tests/{name}" for name in CORE + (MORE if minor == max(MINORS) else PAGES)]
    command = [str(_python(minor)), "-m", "pytest", "-p", "no:cacheprovider", *words, *tests]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
