"""What an export is made of, and what comes out: the shape that all formats share.

In: an opened trace, and what the reader chose of it (one journey, one chain, one connection). Out: text or bytes, with
a sentence for each thing that the format cannot hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tracer.reading.journeys import Journey
from tracer.reading.links import Links
from tracer.reading.steps import Step
from tracer.reading.trace import Trace

from ..notes import Notes


class ExportError(Exception):
    """The trace has nothing for this format; the message is one sentence for the user."""


@dataclass(frozen=True)
class Asked:
    """`journeys` are those to draw, as `unmagic journeys` numbers them; `steps` a chain, already folded and pruned,
    which `title` names; `connection` one connection's number in the trace, 0 for all."""

    trace: Trace
    links: Links
    notes: Notes
    journeys: tuple[Journey, ...] = ()
    steps: tuple[Step, ...] = ()
    title: str = ""
    connection: int = 0


@dataclass(frozen=True)
class Exported:
    """The file's content; `left_out` are sentences about what it does not hold."""

    content: bytes
    left_out: tuple[str, ...] = ()


#: Makes one format. Raises `ExportError`.
Render = Callable[[Asked], Exported]


@dataclass(frozen=True)
class Format:
    """One row of the table of formats. `subject` is what it shows: one way ("journey or chain"), the whole run, or its
    connections."""

    name: str
    help: str
    render: Render
    subject: str
    binary: bool = False


#: What a format shows.
WAY, RUN, CONNECTIONS = "way", "run", "connections"
