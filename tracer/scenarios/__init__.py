"""Programs of ours with scripted clients: fixed bytes in, so that a trace repeats.

The only part of the tracer that knows Flask-Sock. `SCENARIOS` names them, `play` runs one.
"""

from .play import Played, PlayError, play
from .scripts import SCENARIOS, Scenario

__all__ = ["SCENARIOS", "PlayError", "Played", "Scenario", "play"]
