"""What the tests of the trace on disk share: look at all that it has, and at the sentence that refuses it."""

from __future__ import annotations

import os

from helpers_recording import consistent, load, text

from tracer.reading.trace import Trace

shapes = load("shapes")
ROOT_USER = hasattr(os, "geteuid") and os.geteuid() == 0


def everything(trace: Trace) -> None:
    """Look at all that a trace has."""
    consistent(trace)
    assert trace.meta and isinstance(trace.scope, tuple) and isinstance(trace.raised, tuple)
    assert len(trace.spans) >= len(trace.calls) and trace.lines is not None
    assert trace.distributions is not None and trace.connections is not None
    for call in trace.calls.values():
        assert all(isinstance(text(trace, a), str) for a in call.arguments)


def sentence(error: BaseException) -> None:
    """One sentence that names the file."""
    assert ".trace" in str(error) or ".txt" in str(error) or ".db" in str(error), str(error)
    assert "\n" not in str(error) and len(str(error)) > 10
