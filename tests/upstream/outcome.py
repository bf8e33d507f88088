"""Inside pytest: write down how each test ended.

The file that UPSTREAM_RESULT names gets {"outcomes": {test: passed | failed | skipped}, "broken": [files that cannot be
imported], "said": {test: the end of what a failed one said}}.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

OUTCOMES: dict[str, str] = {}
BROKEN: list[str] = []
SAID: dict[str, str] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        OUTCOMES[report.nodeid] = report.outcome
    if report.failed:
        SAID[report.nodeid] = _last_line(report.longrepr)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed:
        BROKEN.append(f"{report.nodeid}: {_last_line(report.longrepr)}")


def pytest_sessionfinish() -> None:
    write()


def write(**more: Any) -> None:
    """All that was noted, and `more`."""
    result = {"outcomes": OUTCOMES, "broken": BROKEN, "said": SAID, **more}
    Path(os.environ["UPSTREAM_RESULT"]).write_text(json.dumps(result), encoding="utf-8")


def _last_line(said: Any) -> str:
    return (str(said).strip().splitlines() or [""])[-1]
