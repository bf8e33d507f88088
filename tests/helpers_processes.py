"""What the tests of a program's processes share: whether each trace is whole, and which processes are told of."""

from __future__ import annotations

import re
from pathlib import Path

from helpers_recording import consistent
from helpers_run import traces, unmagic

from tracer.reading.trace import Trace


def sound(folder: Path, *names: str) -> None:
    """Each trace is whole, and its commands work."""
    assert traces(folder) == sorted(names)
    for name in names:
        with Trace.open(folder / name) as trace:
            consistent(trace)
            assert trace.meta["complete"] == "1" and trace.meta.get("faults", "") == ""
        assert unmagic("journeys", name, cwd=folder).code == 0
        assert unmagic("scope", name, cwd=folder).code == 0


def listed(ours: list[str]) -> dict[str, str]:
    """The processes that are told of: trace -> how it came to be."""
    found = [re.fullmatch(r"  (\S+) +[\d,]+ calls?, .*?(?: \((.*)\))?", line) for line in ours]
    return {one[1]: one[2] or "" for one in found if one}
