"""JSON Lines: a line for each report, for programs of one's own."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..record import Record
from .whole import told


def write(records: Sequence[Record]) -> str:
    """A line for each record; `points` is null where a report could not be read."""
    return "".join(json.dumps(_line(record), ensure_ascii=False) + "\n" for record in records)


def _line(record: Record) -> dict[str, object]:
    return {
        "report": record.report,
        "points": None if record.problem else record.points,
        "most": record.most,
        "problem": record.problem,
        "parts": [{"id": p.id, "points": p.points, "most": p.most, "said": told(p)} for p in record.parts],
        "confirmed_by": record.by,
        "confirmed_at": record.at,
    }
