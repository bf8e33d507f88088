"""What tests of the sandbox share: the ways in which it can be run here, and a door to run something behind it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
BEHIND = ROOT / "tests" / "sandbox" / "behind.py"
INSPECTOR = (ROOT / "tests" / "sandbox" / "inspector.py").read_text(encoding="utf-8")
NOBODY = 1000


@dataclass(frozen=True)
class Way:
    """A tier, and who grades."""

    tier: str
    root: bool

    def __str__(self) -> str:
        return f"{self.tier}-{'root' if self.root else 'user'}"

    def command(self) -> tuple[list[str], dict[str, str]]:
        """How Python is started so, and its environment. Skips where this machine cannot."""
        if self.root and os.geteuid() != 0:
            pytest.skip("this needs root")
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "SECRET_TOKEN": "a-secret-of-the-grader"}
        if self.root or os.geteuid() != 0:
            return [sys.executable, "-B"], environment
        home = public_copy()
        python = "/usr/bin/python3"
        if shutil.which("setpriv") is None or not Path(python).exists() or not _new_enough(python):
            pytest.skip("this needs setpriv and a system Python of 3.11")
        words = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", python, "-B"]
        return words, {**environment, "PYTHONPATH": str(home), "HOME": "/tmp"}


A_ROOT, A_USER, B_ROOT, C_USER = Way("A", True), Way("A", False), Way("B", True), Way("C", False)
#: The ways that exist for whoever runs the tests.
EVERY = (A_ROOT, A_USER, B_ROOT, C_USER)


@cache
def _new_enough(python: str) -> bool:
    asked = "import sys; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([python, "-c", asked], check=False).returncode == 0


@cache
def public_copy() -> Path:
    """Our files where any user may read them: a checkout may lie in root's own folder."""
    import atexit

    folder = Path(tempfile.mkdtemp(prefix="unmagic-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in ("grader", "reference_impl", "report", "tracer"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "tests" / "sandbox").mkdir(parents=True)
    shutil.copy(BEHIND, folder / "tests" / "sandbox")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def behind(way: Way, timeout: float = 90, jobs: Path | None = None, **asked: Any) -> dict[str, Any]:
    """What came of running something behind the wall of `way`; see sandbox/behind.py. `jobs`: a folder for temporary
    files of its own."""
    words, environment = way.command()
    if jobs is not None:
        environment["TMPDIR"] = str(jobs)
    script = Path(environment["PYTHONPATH"]) / "tests" / "sandbox" / "behind.py"
    done = subprocess.run(
        [*words, str(script)], input=json.dumps({"tier": way.tier, **asked}), env=environment, cwd="/",
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert "place error" not in told, told["place error"]
    assert told["left"] == [] and not told["folder is there"], told
    return told


def program(source: str, **files: str) -> dict[str, str]:
    """The files of a submission whose program is `source`."""
    return {"main.py": source, **files}


def talker(source: str) -> dict[str, str]:
    """The same; what it prints goes to stderr, since stdout is for a shim's answers."""
    return program(f"import sys\nsys.stdout = sys.stderr\n{source}")


MAIN = ["python3", "main.py"]
