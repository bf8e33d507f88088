"""Inside pytest: put our names in place before a test is imported, and write down how each one ended.

The file that UPSTREAM_RESULT names gets {"outcomes": {test: passed | failed | skipped}, "broken": [files that cannot be
imported], "originals": [files of the original libraries that were loaded all the same: there must be none]}.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from reference_impl import server

from . import names

LIBRARIES = ("flask_sock", "simple_websocket", "wsproto")
OUTCOMES: dict[str, str] = {}
BROKEN: list[str] = []

sys.modules.update(names.modules())
server.CLOSE_TIMEOUT = 0.1  # the sockets of some tests are no sockets, and never end


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        OUTCOMES[report.nodeid] = report.outcome


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed:
        BROKEN.append(f"{report.nodeid}: {str(report.longrepr).strip().splitlines()[-1]}")


def pytest_sessionfinish() -> None:
    loaded: list[Any] = [getattr(module, "__file__", None) or "" for module in list(sys.modules.values())]
    originals = [path for path in loaded if Path(path).parent.name in LIBRARIES]
    result = {"outcomes": OUTCOMES, "broken": BROKEN, "originals": originals}
    Path(os.environ["UPSTREAM_RESULT"]).write_text(json.dumps(result), encoding="utf-8")
