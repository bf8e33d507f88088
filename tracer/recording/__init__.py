"""The half that runs inside the traced process: standard library only, and a guest there.

    from tracer.recording import Options, record

    with record("run.trace", Options(scope=("installed", "program"))):
        ...

It imports nothing of ours but its own files, by relative imports, so that it can be loaded from its folder under
any name into any Python from 3.10 on. See docs/trace-format.md for what it writes.
"""

from .program import Guest, compile_program
from .recorder import Options, Recorder, RecorderError, Summary, record
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
    "compile_program",
    "record",
]
