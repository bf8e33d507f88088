"""Programs of ours with scripted clients: fixed bytes in, so that a trace repeats.

The only part of the tracer that knows Flask-Sock. `SCENARIOS` names them, `EVERY` also the one on
our own stack; `play` runs one.
"""

from .play import Played, PlayError, play
from .scripts import EVERY, SCENARIOS, Scenario

__all__ = ["EVERY", "SCENARIOS", "PlayError", "Played", "Scenario", "play"]
