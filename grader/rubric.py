"""The rubric: what counts and how much, read from TOML and checked; `rubric.toml` is unmagic's own."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .truth import Hop
from .verdicts import Verdict

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

RUBRIC_FILE = Path(__file__).with_name("rubric.toml")
_POINTS = ("chains", "links", "presence")
_HOPS = ("wire", "handoff", "thread", "crossing", "inside")
_SHOWN = ("definition", "call_site", "statement", "passing", "wrong_line", "by_name")
#: Verdicts that cost nothing and bring nothing: a page of documentation, one's own code, what could not be looked up.
UNCOUNTED = (Verdict.NOT_SOURCE, Verdict.OWN, Verdict.UNKNOWN)


class RubricError(Exception):
    """A rubric cannot be used; the message is one sentence that names the file and the entry."""


@dataclass(frozen=True)
class Rubric:
    """`points` are whole; `hops` weights, `shown` and `links` shares between 0 and 1; `presence` words by name."""

    points: Mapping[str, int]
    hops: Mapping[str, float]
    shown: Mapping[str, float]
    links: Mapping[Verdict, float]
    presence: Mapping[str, tuple[str, ...]]
    chains: Mapping[str, float]

    def weight(self, hop: Hop) -> float:
        """How much a hop weighs inside its chain."""
        if hop.kind == "call":
            return self.hops["crossing" if hop.crosses else "inside"]
        return self.hops[hop.kind]

    @property
    def most(self) -> int:
        """All points that there are."""
        return sum(self.points.values())


def load(path: Path = RUBRIC_FILE) -> Rubric:
    """The rubric in a file; what it leaves out is as in unmagic's own. Raises `RubricError`."""
    own = _toml(RUBRIC_FILE)
    given = _toml(path)
    for table, entries in given.items():
        if table not in own or not isinstance(entries, dict):
            raise RubricError(f"{path}: there is no table [{table}]; there are {', '.join(own)}.")
        unknown = [] if table in ("presence", "chains") else sorted(set(entries) - set(own[table]))
        if unknown:
            raise RubricError(f"{path}: [{table}] has no {unknown[0]!r}; it has {', '.join(own[table])}.")
    merged = {table: {**entries, **given.get(table, {})} for table, entries in own.items()}
    if "presence" in given:
        merged["presence"] = given["presence"]
    return Rubric(
        {name: _points(merged["points"][name], name, path) for name in _POINTS},
        {name: _number(merged["hops"][name], f"[hops] {name}", path, 1000) for name in _HOPS},
        {name: _number(merged["shown"][name], f"[shown] {name}", path, 1) for name in _SHOWN},
        {Verdict(name): _number(value, f"[links] {name}", path, 1) for name, value in merged["links"].items()},
        {name: _words(words, name, path) for name, words in merged["presence"].items()},
        {name: _number(value, f"[chains] {name}", path, 1000) for name, value in merged["chains"].items()},
    )


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RubricError(f"{path}: it cannot be read ({error.strerror or error}).") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RubricError(f"{path}: it is no TOML ({error}).") from None


def _points(value: object, name: str, path: Path) -> int:
    if type(value) is not int or not 0 <= value <= 100_000:
        raise RubricError(f"{path}: [points] {name} = {value!r} is no whole number of points.")
    return value


def _number(value: object, name: str, path: Path, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
        raise RubricError(f"{path}: {name} = {value!r} is no number between 0 and {most}.")
    return float(value)


def _words(value: object, name: str, path: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(word, str) and word for word in value):
        raise RubricError(f"{path}: [presence] {name} is no list of words.")
    return tuple(value)
