"""Which colour is what. Only the sixteen that a terminal's own theme chose, so that they are legible on its ground."""

from __future__ import annotations

from ..view.model import Lane, Message

#: By the number of a lane's hue, as lanes.toml gives it.
LANES = ("dim", "bold", "yellow", "cyan", "magenta", "red", "bright_blue", "green", "bold green")
#: Fields take turns, so that two neighbours differ.
FIELDS = ("cyan", "magenta", "yellow", "green", "bright_blue", "red")
QUIET = "dim"
#: The direction of a message.
DIRECTIONS = {"in": "green", "out": "bright_blue"}


def lane(which: Lane) -> str:
    """The style of a lane."""
    return LANES[which.hue] if which.hue < len(LANES) else LANES[0]


def field(place: int) -> str:
    """The style of the field at a place of the message's row of fields."""
    return FIELDS[place % len(FIELDS)]


def direction(message: Message) -> str:
    """The style of a message's arrow."""
    return DIRECTIONS.get(message.direction, "bold")
