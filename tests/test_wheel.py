"""What a wheel holds of the coursework: enough to hand it out and to grade it without a checkout. That it does so is
tried by `make wheel`; here, that nothing which its tables name would be left out."""

from __future__ import annotations

import sys
from pathlib import Path

from grader.coursework.assignment import NOTEBOOKS, OURS, load

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent


def test_all_that_the_tables_name_is_carried():
    said = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    packages, patterns = said["packages"]["find"]["include"], said["package-data"]["coursework"]
    assert "coursework" in packages
    carried = {path for pattern in patterns for path in OURS.glob(pattern)}
    carried |= {path for link in OURS.glob("**/tests") for path in link.iterdir()}  # a wheel has what links lead to
    for folder in (OURS, NOTEBOOKS):
        assignment = load(folder)
        assert {
            folder / "stages.toml",
            *(folder / "tests" / f"{stage.id}.py" for stage in assignment.stages),
        } <= carried
        assert {path for path in assignment.starter.iterdir() if path.is_file()} <= carried
        assert assignment.source.parent == ROOT and f"{assignment.source.name}*" in [
            f"{p.rstrip('*')}*" for p in packages
        ]
