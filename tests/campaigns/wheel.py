"""Build a wheel, install it in a fresh environment, and use the coursework from there, far from any checkout.

    make wheel

Exit codes: 0 it is handed out, tried, graded (the starter 0 points, the solution all), packed; 1 not so.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def run(*words: object, cwd: Path, codes: tuple[int, ...] = (0,)) -> str:
    """What a command prints; it has to end with one of these codes."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run([*map(str, words)], cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in codes:
        sys.exit(
            f"{' '.join(map(str, words))} ended with {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return done.stdout


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="unmagic-wheel-") as made:
        here = Path(made)
        run("git", "clone", "--quiet", ROOT, here / "source", cwd=here)
        quiet = ("--quiet", "--disable-pip-version-check")
        run(sys.executable, "-m", "pip", "wheel", *quiet, "--no-deps", "-w", here, here / "source", cwd=here)
        run(sys.executable, "-m", "venv", here / "fresh", cwd=here)
        run(here / "fresh/bin/pip", "install", *quiet, next(here.glob("*.whl")), cwd=here)
        unmagic = here / "fresh/bin/unmagic"
        run(unmagic, "coursework", "new", "work", cwd=here)
        told = run(unmagic, "coursework", "try", "work", cwd=here, codes=(1,))
        print(f"starter, tried: {told.strip().splitlines()[-1]}")
        run(unmagic, "coursework", "solution", "whole", cwd=here)
        for name in ("work", "whole"):
            outcome = json.loads(run(unmagic, "grade", name, "--format", "json", cwd=here))["outcome"]
            print(f"{name}, graded: {outcome['points']} of {outcome['max_points']}, tier {outcome['tier']}")
            if outcome["points"] != (0 if name == "work" else outcome["max_points"]):
                sys.exit("that is wrong")
        run(unmagic, "coursework", "pack", "autolab", "-o", "lab", cwd=here)
        print("packed for Autolab")


if __name__ == "__main__":
    main()
