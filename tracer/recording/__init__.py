"""The half that runs inside the traced process: standard library only, and a guest there.

    from tracer.recording import Options, record

    with record("run.trace", Options(scope=("installed", "program"))):
        ...

It imports nothing of ours but its own files, by relative imports, so that it can be loaded from its folder under
any name into any Python from 3.10 on. See docs/trace-format.md for what it writes.
"""

from .begin import beginning
from .options import Options, RecorderError, Summary
from .parts import record, recorded
from .program import Guest
from .recorder import Recorder
from .scope import DEFAULT, Scope, Verdict

__all__ = [
    "DEFAULT",
    "Guest",
    "Options",
    "Recorder",
    "RecorderError",
    "Scope",
    "Summary",
    "Verdict",
    "beginning",
    "record",
    "recorded",
]
