"""The interpreters of a campaign: this one, and another with `sys.monitoring` where this one has it not."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from other_pythons import interpreters, prepared, python_of  # noqa: E402 (only now can it be found)


def with_engines() -> dict[str, list[str]]:
    """The engines by the interpreter that runs them; every Python of this machine from 3.12 on has both. An environment
    with what requirements.txt pins is made where there is none."""
    found = {sys.executable: engines(sys.version_info[1])}
    for minor, python in sorted(interpreters().items()):
        if minor >= 12 and minor != sys.version_info[1] and prepared(minor, python):
            found[str(python_of(minor))] = engines(minor)
    return found


def engines(minor: int) -> list[str]:
    """The engines of Python 3.`minor`."""
    return ["settrace", "monitoring"] if minor >= 12 else ["settrace"]
