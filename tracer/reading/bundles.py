"""What is handed on together: the lists and dictionaries inside a container.

``return {"title": title}, 201``, ``f(*args)``, ``{"items": [{"name": name}]}``: what is in the inner ones is handed on,
too, and the recorder looks into them as far as `DEPTH` says. What is deeper is known by another description, if at all,
which may be older.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..recording.events import DEPTH, OPENED
from .trace import Trace, Value


def bundled(trace: Trace, value: Value) -> Iterator[tuple[str, Value]]:
    """(label, value) of the lists and dictionaries that `value` hands on together with what else is in it."""
    loose = value.type == "dict" and not value.object  # a call's further arguments by name
    return _inside(trace, value, DEPTH.get("tuple" if loose else value.type, 0))


def _inside(trace: Trace, value: Value, depth: int) -> Iterator[tuple[str, Value]]:
    for label, number in trace.parts.get(value.id, ())[:OPENED] if depth else ():
        child = trace.value(number)
        if child is not None and child.type in ("list", "dict"):
            yield label, child
            yield from ((label + inner, one) for inner, one in _inside(trace, child, depth - 1))
