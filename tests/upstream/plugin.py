"""Inside pytest: put our names in place before a test is imported, and write down how each one ended (outcome.py).

The result has also {"originals": [files of the original libraries that were loaded all the same: there must be none]}.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from reference_impl import server

from . import names
from .outcome import pytest_collectreport, pytest_runtest_logreport, write

__all__ = ["pytest_collectreport", "pytest_runtest_logreport", "pytest_sessionfinish"]
LIBRARIES = ("flask_sock", "simple_websocket", "wsproto")

sys.modules.update(names.modules())
server.CLOSE_TIMEOUT = 0.1  # the sockets of some tests are no sockets, and never end


def pytest_sessionfinish() -> None:
    loaded: list[Any] = [getattr(module, "__file__", None) or "" for module in list(sys.modules.values())]
    write(originals=[path for path in loaded if Path(path).parent.name in LIBRARIES])
