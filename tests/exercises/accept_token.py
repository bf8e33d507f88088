"""The exercise `accept_token` of notebook 04_handshake: the token of the handshake."""

from __future__ import annotations

import base64

from grader.coursework.staged import Asked
from notebooks.course.checking import judge
from notebooks.course.exercise import call


def cases(t: Asked) -> None:
    """The RFC's key and two more."""
    t.judged("accept_token", lambda function: judge("accept_token", function, patience=t.patience.answer))


def others(t: Asked) -> None:
    """Other keys."""
    drawn = [call(base64.b64encode(t.random.randbytes(16)).decode()) for _ in range(4)]
    t.judged("accept_token", lambda function: judge("accept_token", function, drawn, t.patience.answer))
