"""CSV for gradebooks: a line for each report, a column for each part. Without a score the cells are empty, no zeros.

A spreadsheet takes a cell that begins with = + - @ for a formula, so such a name gets an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from ..record import Record
from .whole import printable


def write(records: Sequence[Record]) -> str:
    """The text of the CSV file, with a heading."""
    ids = list(dict.fromkeys(part.id for record in records for part in record.parts))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["report", "points", "most", *ids, "problem", "confirmed by"])
    for record in records:
        points = {part.id: f"{part.points:g}" for part in record.parts}
        total = "" if record.problem else f"{record.points:g}"
        most = "" if record.problem else record.most
        cells = [_cell(record.report), total, most, *(points.get(name, "") for name in ids)]
        writer.writerow([*cells, _cell(record.problem), _cell(record.by)])
    return out.getvalue()


def _cell(text: str) -> str:
    one_line = " ".join(printable(text).split())
    return f"'{one_line}" if one_line.startswith(("=", "+", "-", "@")) else one_line
