"""What a trace says of itself, as its rows of `meta`: how it was recorded, known when it begins, and how it ended.

A trace without `complete` is one whose recording did not come to its end: its process was killed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence

from .options import LOST, Options


def about(options: Options, engine: str) -> dict[str, str]:
    """What is known at the beginning. `started` is in seconds since 1970, `clock` the nanoseconds of `perf_counter_ns`
    at the same moment."""
    return {
        "recorder": "unmagic",
        "python": ".".join(map(str, sys.version_info[:3])),
        "implementation": sys.implementation.name,
        "platform": sys.platform,
        "engine": engine,
        "scope": " ".join(options.scope),
        "exclude": " ".join(options.exclude),
        "lines": " ".join(options.lines),
        "values": str(int(options.values)),
        "max_value": str(options.max_value),
        "thorough": str(int(options.thorough)),
        "keep": str(options.keep),
        "secrets": "shown" if options.show_secrets else "masked",
        "program": options.program or "",
        "started": str(time.time()),
        "clock": str(time.perf_counter_ns()),
        **options.about,
    }


def closing(
    forgotten: int, forks: int, stopped: str, unmatched: Iterable[str], lost: bool, faults: Sequence[str]
) -> dict[str, str]:
    """What is known at the end: how many values were forgotten for their number, how often the process forked, why the
    recording stopped before the program did, which words of the scope met nothing, whether somebody took our hook, and
    errors of our own."""
    told = {"complete": "1", "ended": str(time.time()), "forgotten": str(forgotten), "forks": str(forks)}
    if stopped:
        told["stopped"] = stopped
    told["unmatched"] = " ".join(unmatched)
    if lost and not faults:
        told["lost"] = LOST
    if faults:
        told["faults"] = "\n".join(faults)
    return told
