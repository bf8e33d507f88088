"""Programs that set a trace function of their own: `sys.settrace` has one place a thread, and who comes last has it."""

from __future__ import annotations

import os
from collections.abc import Sequence

#: Debuggers, coverage and tracers, by the name of the module, or of the command, that is run.
RIVALS = frozenset({"pdb", "pdb3", "ipdb", "ipdb3", "pudb", "pudb3", "bdb", "trace", "coverage", "hunter", "snoop"})
#: What is said of one where the recording begins.
RIVAL = (
    "sets a trace function of its own, and ours is gone from there on: what runs then is not recorded. The engine "
    "monitoring (Python 3.12 and newer) records beside it"
)


def rival_in(words: Sequence[str]) -> str:
    """The rival that the words of a program begin, '' where it is none. Coverage is none where it was told to use
    `sys.monitoring`."""
    if not words:
        return ""
    word = words[1] if words[0] == "-m" and len(words) > 1 else words[0]
    module = word.removeprefix("-m").partition(".")[0]
    name = module if words[0].startswith("-m") else os.path.basename(word)  # `trace.py` is a program of the user's
    if name == "coverage" and os.environ.get("COVERAGE_CORE") == "sysmon":
        return ""
    return name if name in RIVALS else ""
