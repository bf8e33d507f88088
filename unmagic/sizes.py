"""Sizes on a command line: bytes, or with a unit, such as 500MB or 2GiB."""

from __future__ import annotations

import re

import click

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,3})?)\s*([a-z]*)", re.IGNORECASE)


def octets(text: str) -> int | None:
    """How many bytes `text` says; None where it says no size."""
    found = _SIZE.fullmatch(text.strip())
    unit = _UNITS.get(found[2].lower()) if found else None
    return int(float(found[1]) * unit) if found and unit else None


class Size(click.ParamType[int]):
    """An option that takes a size."""

    name = "SIZE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """A number stays as it is."""
        found = value if isinstance(value, int) else octets(str(value))
        if found is None:
            self.fail(f"{value!r} is no size: write bytes, or a unit as in 500MB or 2GiB", param, ctx)
        return found
