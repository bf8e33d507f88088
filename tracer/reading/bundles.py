"""What is handed on together: the lists and dictionaries in a tuple and in what a call makes of its further arguments,
and the dictionaries in a list.

``return {"title": title}, 201`` and ``f(*args)`` hand on what is in the tuple, not the tuple, and a list of rows is
there for its rows: the recorder looks into these as if each had been handed on itself (`Hand.bundled`).
"""

from __future__ import annotations

from collections.abc import Iterator

from .trace import Trace, Value

#: Of a value's exact type, the exact types of what is looked into there; of that, what is not in here has no more.
OPENED = {"tuple": frozenset({"list", "dict"}), "list": frozenset({"dict"})}


def bundled(trace: Trace, value: Value) -> Iterator[tuple[str, Value]]:
    """(label, value) of the lists and dictionaries that `value` hands on together with what else is in it."""
    loose = value.type == "dict" and not value.object  # a call's further arguments by name
    opened = OPENED.get("tuple" if loose else value.type, ())
    for label, number in trace.parts.get(value.id, ()) if opened else ():
        child = trace.value(number)
        if child is not None and child.type in opened:
            yield label, child
            yield from ((label + inner, one) for inner, one in bundled(trace, child))
