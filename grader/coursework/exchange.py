"""One question to a submission and what came of it: frozen, and all that a diagnosis or a page needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .wire import Sent


class Kind(Enum):
    """What is spoken."""

    HTTP = "HTTP"
    FRAMES = "frames"
    LINES = "lines"  # raw text behind a handshake
    FUNCTION = "function"
    PAYLOAD = "payload"  # what a frame's payload says: no frame itself


class End(Enum):
    """How the conversation stood when it was judged."""

    OPEN = "the connection was open"
    SILENT = "nothing more came in time"
    FIN = "the server ended the connection"
    RST = "the server reset the connection"
    FLOOD = "more came than anybody may send"
    NONE = ""  # there was no connection


@dataclass(frozen=True)
class Exchange:
    """What was sent, wanted and got.

    `expected` are the exact bytes, or None where words must do (`wanted`). `came` is what came in their place, or more.
    `facts` are what a diagnosis may know beyond bytes: the key of a handshake, a function's arguments.
    `before` is what came on the same connection before, and was right.
    """

    kind: Kind
    sent: tuple[Sent, ...]
    wanted: str
    expected: bytes | None
    came: bytes
    end: End
    facts: Mapping[str, Any] = field(default_factory=dict)
    before: bytes = b""


class Wrong(Exception):
    """A test has failed. `hint`: what the test itself says, if nobody knows better from the bytes."""

    def __init__(self, exchange: Exchange, hint: str = "") -> None:
        super().__init__(exchange.wanted)
        self.exchange, self.hint = exchange, hint


def first_difference(expected: bytes, came: bytes) -> int | None:
    """The offset of the first byte that differs, or is missing, or is too much; None if they are equal."""
    for at, (one, other) in enumerate(zip(expected, came, strict=False)):
        if one != other:
            return at
    return None if len(expected) == len(came) else min(len(expected), len(came))
