"""What the tests of values share: a function that is given values, recorded, and what was recorded of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from helpers_recording import consistent, from_source, named, recorded
from hypothesis import HealthCheck, settings

from tracer.reading.trace import Trace, Value

QUICK = settings(
    max_examples=40, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

GIVE = "def give(x):\n    return x\n\n\ndef each(xs):\n    for x in xs:\n        give(x)\n"


def given_to(tmp_path: Path, *values: Any, **options: Any) -> tuple[Trace, list[Value]]:
    """Record `give(value)` for each; the trace and what is in it of each argument."""
    module = from_source(GIVE, tmp_path)
    options = {"program": str(tmp_path), "scope": ("made:give", "made:each"), **options}
    done = recorded(tmp_path / "t.trace", module.each, values, **options)
    assert done.error is None
    trace = done.trace()
    consistent(trace)
    return trace, [trace.value(a) for c in named(trace, "give") for a in c.arguments]  # type: ignore[misc]
