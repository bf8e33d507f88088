"""Licences: what a package's metadata calls its licence, with the text's address and what it allows and asks for."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from .model import Licence

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

#: What is said where the metadata is silent.
NONE = "not named in its metadata"
#: A longer "name" is the licence's whole text.
LONGEST = 60


@cache
def known() -> dict[str, Licence]:
    """The licences of licences.toml by each of their names, in small letters."""
    with Path(__file__).with_name("licences.toml").open("rb") as file:
        data = tomllib.load(file)
    return {
        name.lower(): Licence(spdx, entry["url"], entry["allows"], entry["asks"])
        for spdx, entry in data.items()
        for name in entry["names"]
    }


def licence(name: str) -> Licence:
    """The licence of this name; of one that is not known here only the name, or its first line where it is a text."""
    first = next((line.strip() for line in name.splitlines() if line.strip()), "")
    found = known().get(first.lower())
    if found is not None:
        return found
    return Licence(first if len(first) <= LONGEST else f"{first[:LONGEST]}…", "", "", "") if first else _none()


def _none() -> Licence:
    return Licence(NONE, "", "", "")
