"""The record of a checked report: suggested points, and those that a person confirmed, which alone are written out.

It is the JSON of `faces/data.py`. Until somebody has confirmed it, `confirmed` is null and emitters refuse it.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .result import SCHEMA


class RecordError(Exception):
    """A record cannot be used; the message is one sentence that says why."""


@dataclass(frozen=True)
class Scored:
    """One part of a confirmed record: what `Part` is in a result, with the points that count."""

    id: str
    title: str
    points: float
    most: int
    said: str
    note: str

    @property
    def passed(self) -> bool:
        """Whether all points were got."""
        return self.points >= self.most


@dataclass(frozen=True)
class Record:
    """A confirmed record. `problem`: the report could not be read, so there is no score; that is never a zero."""

    report: str
    title: str
    parts: tuple[Scored, ...]
    problem: str
    by: str
    at: str

    @property
    def points(self) -> float:
        """All points."""
        return round(sum(part.points for part in self.parts), 2)

    @property
    def most(self) -> int:
        """The points that there are."""
        return sum(part.most for part in self.parts)


def load(path: Path) -> dict[str, Any]:
    """The record in a file, checked. Raises `RecordError`."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecordError(f"{path}: it cannot be read ({error.strerror or error}).") from None
    except ValueError as error:
        raise RecordError(f"{path}: it is no JSON ({error}).") from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA or not isinstance(data.get("parts"), list):
        raise RecordError(f"{path}: it is no record that `unmagic check` wrote.")
    try:
        for part in data["parts"]:
            _check(part, path)
        _ = (str(data["report"]), str(data["title"]), str(data["problem"]), data["confirmed"])
    except (KeyError, TypeError) as error:
        raise RecordError(f"{path}: it is no record that `unmagic check` wrote ({error}).") from None
    return data


def _check(part: dict[str, Any], path: Path) -> None:
    most = part["most"]
    for name in ("points", "suggested"):
        value = part[name]
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if (value is not None or name == "suggested") and not (number and 0 <= value <= most):
            raise RecordError(f"{path}: {part['id']}: {value!r} are no points between 0 and {most}.")


def confirm(data: dict[str, Any], by: str, at: str, changes: dict[str, float], notes: dict[str, str]) -> dict[str, Any]:
    """The record with every part's points said: as suggested, or as in `changes`. Raises `RecordError`."""
    known = {part["id"]: part for part in data["parts"]}
    for name, points in changes.items():
        if name not in known:
            raise RecordError(f"there is no part {name!r}; there are {', '.join(known) or 'none'}.")
        if not 0 <= points <= known[name]["most"]:
            raise RecordError(f"{name}: {points:g} are no points between 0 and {known[name]['most']}.")
    parts = [
        {
            **part,
            "points": changes.get(part["id"], part["suggested"] if part["points"] is None else part["points"]),
            "note": notes.get(part["id"], part.get("note", "")),
        }
        for part in data["parts"]
    ]
    return {**data, "parts": parts, "confirmed": {"by": by, "at": at}}


def confirmed(data: dict[str, Any], name: str) -> Record:
    """A record for the emitters. Raises `RecordError` where nobody has confirmed it."""
    said = data["confirmed"]
    if not isinstance(said, dict) or any(part["points"] is None for part in data["parts"]):
        raise RecordError(f"{name}: nobody has confirmed these points yet; see unmagic confirm --help.")
    parts = tuple(
        Scored(
            str(p["id"]), str(p["title"]), float(p["points"]), int(p["most"]), str(p["said"]), str(p.get("note", ""))
        )
        for p in data["parts"]
    )
    return Record(
        str(data["report"]),
        str(data["title"]),
        parts,
        str(data["problem"]),
        str(said.get("by", "")),
        str(said.get("at", "")),
    )


def write(text: str, path: Path) -> None:
    """Write beside, then rename. Raises `RecordError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except OSError as error:
        raise RecordError(f"cannot write {path}: {error.strerror or error}.") from None


def dump(data: dict[str, Any]) -> str:
    """A record as text."""
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"
