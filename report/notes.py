"""Our own sentences about single functions, keyed by lane and qualified name (notes.toml).

A crossing without a note, a note that no call reaches, and a note written for another version each fail the
build with a sentence, so the prose cannot drift from what runs.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NOTES_FILE = Path(__file__).parent / "notes.toml"


class ReportError(Exception):
    """The report cannot be built as it should be; the message says what is missing, and where to put it."""


@dataclass
class Notes:
    """The sentences, and which of them were used. `versions` are those that they were written for, by lane."""

    texts: dict[str, dict[str, str]]
    versions: dict[str, str]
    used: set[tuple[str, str]] = field(default_factory=set)
    missing: set[tuple[str, str]] = field(default_factory=set)

    def get(self, lane: str, qualname: str, *, needed: bool) -> str:
        """The note, '' where there is none; a missing one that is needed is remembered for `check`."""
        text = self.texts.get(lane, {}).get(qualname, "")
        if text:
            self.used.add((lane, qualname))
        elif needed:
            self.missing.add((lane, qualname))
        return text

    def check(self, versions: dict[str, str]) -> None:
        """Raises `ReportError` if a note is missing, unused, or written for other versions than the run's."""
        if self.missing:
            names = "\n".join(f"  [{lane}] {qualname}" for lane, qualname in sorted(self.missing))
            raise ReportError(f"a crossing has no note; write one in {NOTES_FILE.name} for:\n{names}")
        unused = {(lane, q) for lane, notes in self.texts.items() for q in notes} - self.used
        if unused:
            names = "\n".join(f"  [{lane}] {qualname}" for lane, qualname in sorted(unused))
            raise ReportError(f"no call on any page reaches these notes in {NOTES_FILE.name}:\n{names}")
        for lane in sorted(set(self.texts) & set(versions) - set(self.versions)):
            raise ReportError(f"the notes about {lane} name no version: set versions.{lane} in {NOTES_FILE.name}")
        for lane, version in sorted(self.versions.items()):
            if lane in versions and versions[lane] != version:
                raise ReportError(
                    f"the notes about {lane} were written for {version}, the trace ran {versions[lane]}: "
                    f"read them again and set versions.{lane} in {NOTES_FILE.name}"
                )


def load(path: Path = NOTES_FILE) -> Notes:
    """Read the notes. Raises `ReportError` where the file is no TOML of this shape."""
    data = _toml(path)
    versions = data.pop("versions", {})
    for lane, notes in data.items():
        if not isinstance(notes, dict) or not all(isinstance(text, str) for text in notes.values()):
            raise ReportError(f"{path.name}: [{lane}] must hold sentences, one for each function")
    return Notes(data, versions)


def _toml(path: Path) -> dict[str, dict[str, str]]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ReportError(f"cannot read {path.name}: {error}") from None
