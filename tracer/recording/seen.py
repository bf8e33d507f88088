"""What a hook hands to the writer of a value that it has numbered, where integers do not say it all.

Numbers and code are handed on as they are, the rest as one of these; see `Known`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

#: How many parts of a container or an object are described.
PARTS = 64


class Layout:
    """What values of one type with the same parts have in common: the number of its row in `shape`, and what each part
    is called, as a bare name, where one of these may be a secret's (else empty). `keeps` is what must stay so that the
    key under which the layout is found means what it meant."""

    __slots__ = ("keeps", "row", "secret")

    def __init__(self, row: int, secret: tuple[str, ...], keeps: Sequence[Any]) -> None:
        self.row = row
        self.secret = secret
        self.keeps = keeps


class Named(NamedTuple):
    """A value that is called as a secret is, where it was seen; its row, if `whole`, is masked whole."""

    value: Any
    name: str
    whole: bool


class Veiled(NamedTuple):
    """A byte that was read alone just before, by the wire event with this order: it may be one of a secret."""

    value: bytes
    order: int


class Bound(NamedTuple):
    """A method of an object, as it is told: by its function."""

    function: Any
