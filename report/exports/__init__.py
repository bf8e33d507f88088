"""A trace in other programs' formats: `FORMATS` is the table, one small file for each.

Each is a pure function from what was asked for to bytes. What comes from a trace is data there, whatever it is: no
payload, name or header can end a string, a line or a drawing of the format. Secrets are masked in the trace already.
"""

from __future__ import annotations

from .asked import CONNECTIONS, RUN, WAY, Format
from .chrome import chrome
from .codetour import codetour
from .jsonl import jsonl
from .mermaid import mermaid
from .pcapng import pcapng
from .plantuml import plantuml
from .speedscope import speedscope

#: Every format by its name.
FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format("chrome", "the calls of each thread, with arrows for journeys, for Perfetto", chrome, RUN),
        Format("speedscope", "the calls of each thread as flame charts, for speedscope.app", speedscope, RUN),
        Format("jsonl", "every event as one line of JSON: calls, bytes, their fields", jsonl, RUN),
        Format("pcapng", "the bytes of each connection as packets, for Wireshark", pcapng, CONNECTIONS, binary=True),
        Format("mermaid", "a sequence diagram of one journey or chain", mermaid, WAY),
        Format("plantuml", "the same for PlantUML", plantuml, WAY),
        Format("codetour", "a tour of one journey or chain through the source, for VS Code's CodeTour", codetour, WAY),
    )
}  # fmt: skip
