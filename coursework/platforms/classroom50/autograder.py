"""Classroom 50 runs this in the student's checkout and reads ./result.json: exit 0 graded, anything else no result.

Lies in CLASSROOM/autograders/ASSIGNMENT/ with `unmagic/` and `key` beside it. Nothing is run with the checkout as the
working directory but the sandboxed submission: `python -m pip` would import a pip.py that a student has committed.
"""

import contextlib
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
OURS = HERE / "unmagic"
CHECKOUT = Path.cwd()


def main() -> int:
    result = CHECKOUT / "result.json"
    result.unlink(missing_ok=True)  # one that was committed is no result
    with contextlib.suppress(OSError):  # Ubuntu closes user namespaces, which bubblewrap needs; else it is tier C
        subprocess.run(["sudo", "-n", "sysctl", "-qw", "kernel.apparmor_restrict_unprivileged_userns=0"], check=False)
    needs = OURS / "coursework" / "platforms" / "requirements.txt"
    if subprocess.run([sys.executable, "-m", "pip", "install", "-q", "-r", needs], cwd=OURS, check=False).returncode:
        return 1
    key = (HERE / "key").read_text(encoding="utf-8").strip()
    words = ["-m", "unmagic", "grade", CHECKOUT, "--format", "classroom50", "--seed", key, "-o", result]
    return subprocess.run([sys.executable, *words], cwd=OURS, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
