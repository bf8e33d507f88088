"""The exercise `payload_at` of notebook 05_frame: where the payload of a frame is."""

from __future__ import annotations

from grader.coursework.staged import Asked
from grader.coursework.wire import Op, frame
from notebooks.course.checking import judge
from notebooks.course.exercise import call


def cases(t: Asked) -> None:
    """Short and long frames, masked and not."""
    t.judged("payload_at", lambda function: judge("payload_at", function, patience=t.patience.answer))


def others(t: Asked) -> None:
    """Frames of other lengths."""
    lengths = [t.random.randrange(*within) for within in ((0, 126), (126, 256), (256, 65536), (65536, 70000))]
    drawn = [call(frame(Op.BINARY, t.binary(n), key=key)) for n in lengths for key in (t.mask(), None)]
    t.judged("payload_at", lambda function: judge("payload_at", function, drawn, t.patience.answer))
