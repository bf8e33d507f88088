"""Hints found by what went wrong: tables of diagnosers, pure functions from what was sent, expected and got.

Each diagnoser knows one fault, and says its sentence only if the bytes bear it out; else it says nothing. The first one
that speaks is heard. Where none does, the test's own sentence stands; where there is none, what fits many faults.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ..exchange import Exchange, Kind, Wrong
from . import frames, functions, general, handshake, http

Diagnoser = Callable[[Exchange], str]
TABLES: dict[Kind, Sequence[Diagnoser]] = {
    Kind.HTTP: (*handshake.TABLE, *http.TABLE),
    Kind.FRAMES: frames.TABLE,
    Kind.LINES: frames.LINES,
    Kind.FUNCTION: functions.TABLE,
    Kind.PAYLOAD: (),
}
GENERAL: dict[Kind, Sequence[Diagnoser]] = {
    Kind.HTTP: (*http.GENERAL, general.said),
    Kind.FRAMES: (*frames.GENERAL, general.said),
    Kind.LINES: (*frames.GENERAL, general.said),
    Kind.FUNCTION: (general.said,),
    Kind.PAYLOAD: (general.said,),
}


def hint(wrong: Wrong, raised: str) -> str:
    """One sentence for a student. `raised` is the exception that the server printed meanwhile, if there was one."""
    if raised.startswith("NotImplementedError"):
        return raised.partition(": ")[2] or raised
    exchange = replace(wrong.exchange, facts={**wrong.exchange.facts, "raised": raised})
    for diagnoser in TABLES[exchange.kind]:
        if said := diagnoser(exchange):
            return said
    if wrong.hint:
        return wrong.hint
    if raised:
        return f"the server failed meanwhile: {raised}"
    return next((said for diagnoser in GENERAL[exchange.kind] if (said := diagnoser(exchange))), "")


__all__ = ["GENERAL", "TABLES", "hint"]
