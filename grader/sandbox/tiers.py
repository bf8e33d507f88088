"""Which wall stands here: the best that this machine has, by trying each. What is chosen is recorded in every result.

A: bubblewrap (user namespaces). B: another user, Landlock, seccomp (root in a container). C: the same user, and as much
of the rest as there is.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cache

from .call import words

TIERS = ("A", "B", "C")
WHAT = {
    "A": "bubblewrap: namespaces of its own, a private network, seccomp",
    "B": "another user, Landlock, seccomp",
    "C": "the same user, Landlock, seccomp: for one's own work, not for a class",
}


@dataclass(frozen=True)
class Tried:
    """One tier on this machine; `why_not` is a sentence, empty where it works."""

    tier: str
    why_not: str


class NoTier(Exception):
    """Nothing can be run safely here; the message is one sentence."""


@cache
def tried() -> tuple[Tried, ...]:
    """Each tier, tried in a process of its own that runs a real program behind the wall."""
    return tuple(Tried(tier, _try(tier)) for tier in TIERS)


@cache
def best() -> str:
    """The first tier that works. Raises `NoTier`."""
    for tier in TIERS:
        if not _try(tier):
            return tier
    raise NoTier("no sandbox works on this machine: see unmagic doctor")


@cache
def _try(tier: str) -> str:
    if not sys.platform.startswith("linux"):
        return "this is no Linux"
    try:
        done = subprocess.run(
            words(), input=json.dumps({"probe": tier}), capture_output=True, text=True, timeout=60, check=False
        )
        told = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return "it did not answer within a minute"
    except (OSError, ValueError):
        return f"trying it failed: {done.stderr.strip()[-300:] or 'it said nothing'}"
    return str(told.get("fault", ""))
