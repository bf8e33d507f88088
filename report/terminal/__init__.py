"""A `View` on a terminal: lines of Rich's `Text`, whose colours and hyperlinks it shows where the terminal has them.

In: a view and one of its messages. Out: lines, as wide as they are, or as `width` columns allow. The same view makes
the explorer page and the notebook, so what is told here is what is told there. Colour is never alone: a lane has its
column and its name, a field its borders and its name.
"""

from __future__ import annotations

from .line import line
from .message import message
from .safe import plain
from .way import way

__all__ = ["line", "message", "plain", "way"]
