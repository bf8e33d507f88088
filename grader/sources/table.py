"""A table of symbols: files at commits that reports often cite, known although nobody has them here (symbols.json).

Made by `unmagic symbols` from clones. It holds no source: names, lines, and what the lines do.
"""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

from ..links import CodeLink
from ..symbols import Symbols, of_plain, plain
from ..truth import Truth
from .source import Answer, Source

TABLE_FILE = Path(__file__).parents[1] / "symbols.json"


class Table:
    """The table in a file, with the files that the truths bring along."""

    def __init__(self, truths: list[Truth], path: Path = TABLE_FILE) -> None:
        self._truths = truths
        self._path = path

    def find(self, link: CodeLink) -> Answer:
        """The symbols of the file at the link's reference."""
        for truth in self._truths:
            library = truth.libraries.get(link.package)
            if library and link.reference in (library.reference, f"v{library.version}", library.version):
                found = truth.source.get((link.package, link.inner))
                if found:
                    return Source(found.symbols, link.reference, f"{link.package} {library.version}, as it ran")
        for (repository, reference, path), data in self._rows.items():
            same = reference == link.reference or (link.short and reference.startswith(link.reference))
            if same and repository == link.repository and path == link.path:
                return Source(
                    _symbols(data), reference, f"{link.repository} at {reference[:12]}, by the table of symbols"
                )
        return None

    def paths(self) -> set[tuple[str, str]]:
        """(repository, path) of every file in the table."""
        return {(repository, path) for repository, _, path in self._rows}

    @cached_property
    def _rows(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        return {(row["repository"], row["reference"], row["path"]): row for row in load(self._path)}


def _symbols(data: dict[str, Any]) -> Symbols:
    return of_plain(data)


def load(path: Path) -> list[dict[str, Any]]:
    """The rows of a table; none where there is no file yet. Raises `ValueError` where it is no table."""
    if not path.exists():
        return []
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return rows


def row(link: CodeLink, symbols: Symbols) -> dict[str, Any]:
    """One row of the table."""
    return {"repository": link.repository, "reference": link.reference, "path": link.path, **plain(symbols)}


def dump(rows: list[dict[str, Any]]) -> str:
    """The table as text, a line a file."""
    key = ("repository", "path", "reference")
    ordered = sorted(rows, key=lambda one: [one[name] for name in key])
    return "[\n" + ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in ordered) + "\n]\n"
