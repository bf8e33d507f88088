"""Inside pytest: record the Python programs that a test starts (Werkzeug's tests start their servers so).

Not one with a reloader: the server that it starts again would write the same trace.

RECORD_CHILDREN is a JSON object: the fields of the recorder's `Options`, `folder` for the traces, and `bootstrap`.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

CONFIG = json.loads(os.environ["RECORD_CHILDREN"])
NUMBER = itertools.count(1)
original = subprocess.Popen.__init__


def recorded(command: list[str]) -> list[str]:
    """The same command, under the recorder."""
    fields = {key: value for key, value in CONFIG.items() if key not in ("folder", "bootstrap")}
    trace = Path(CONFIG["folder"]) / f"child-{next(NUMBER)}.trace"
    config = {**fields, "trace": str(trace), "program": os.path.dirname(command[1])}
    return [command[0], CONFIG["bootstrap"], json.dumps(config), *command[1:]]


def start(self: Any, args: Any, *more: Any, **options: Any) -> None:
    if isinstance(args, list) and args[0] == sys.executable and args[1].endswith(".py") and "reloader" not in str(args):
        args = recorded(args)
    original(self, args, *more, **options)


subprocess.Popen.__init__ = start  # type: ignore[method-assign]
