"""What `make test` leaves to `make thorough`, or to the other Pythons: more of the same, each of which takes long.

`thorough`: runs in `make thorough` alone. `elsewhere`: there, and in `make test` under the other Pythons that have the
file in their suite (other_pythons.py).
"""

from __future__ import annotations

from typing import Any

import pytest


def more(*values: Any) -> list[Any]:
    """Further parameters of a test, for `make thorough`."""
    return [pytest.param(value, marks=pytest.mark.thorough) for value in values]


def elsewhere(*values: Any) -> list[Any]:
    """Further parameters of a test, for the other Pythons and `make thorough`."""
    return [pytest.param(value, marks=pytest.mark.elsewhere) for value in values]
