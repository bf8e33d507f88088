"""Run the suite again under the other Pythons of this machine: what is recorded must not depend on the interpreter.

Looks for 3.10 to 3.13 on PATH and among pyenv's versions, makes a virtual environment for each minor version that
is not the one running this, and runs there what depends on the interpreter. `sys.monitoring` came with 3.12, so one
of them has to be 3.12 or newer; where none is found this fails in CI and says so elsewhere.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
MINORS = (10, 12, 13)
#: What depends on the interpreter most, under each of them; the newest runs all that depends on it at all.
CORE = (
    "test_engines.py", "test_lifetimes.py", "test_wiretap.py", "test_values.py", "test_scope.py",
    "test_scenarios.py", "test_index.py", "test_chain.py", "test_journeys.py", "test_flow.py",
)  # fmt: skip
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


def main() -> int:
    """Run them all; 0 if every one passed."""
    mine = sys.version_info[1]
    others = {minor: python for minor, python in interpreters().items() if minor != mine}
    if max([mine, *others], default=0) < 12:
        print("no Python 3.12 or newer was found: the monitoring engine was not tested", flush=True)
        return 1 if os.environ.get("CI") else 0
    for minor, python in others.items():
        if not _run(minor, python):
            print(f"the suite failed under Python 3.{minor}", flush=True)
            return 1
    print(f"also passed under Python {', '.join(f'3.{minor}' for minor in others)}", flush=True)
    return 0


def _run(minor: int, python: str) -> bool:
    venv = ROOT / f".venv-3.{minor}"
    inside = venv / "bin" / "python"
    print(f"--- Python 3.{minor}", flush=True)
    commands: list[list[str]] = []
    if not inside.exists():
        commands.append([python, "-m", "venv", str(venv)])
    pip = [str(inside), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    commands.append([*pip, "-r", "requirements.txt"])
    tests = [f"tests/{name}" for name in (CORE + MORE if minor == max(MINORS) else CORE)]
    commands.append([str(inside), "-m", "pytest", "-p", "no:cacheprovider", *tests])
    commands.append([str(inside), "-m", "unmagic", "pages", "--check"])
    return all(subprocess.run(command, cwd=ROOT, check=False).returncode == 0 for command in commands)


if __name__ == "__main__":
    sys.exit(main())
