"""`unmagic journeys`: the ways of the values that the program saw, listed or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.table import Table

from report.text import Scrub, hexadecimal, told
from report.view.ways import numbered
from tracer.reading.flow import Flow
from tracer.reading.journeys import Stretch
from tracer.reading.legs import journey_data
from tracer.reading.trace import Trace

from .errors import sentences
from .opening import first_page, is_long, whole
from .terminal import console, plain

#: More reads or writes than these are not told one by one: `--json` has them all.
MANY = 4


@click.command()
@click.argument("trace", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="As JSON; its form is told in docs/trace-format.md.")
def journeys(trace: Path, as_json: bool) -> None:
    """The journeys in TRACE: each value that the program got from a socket, or sent to one.

    Found by identity and content, whatever the libraries are; `unmagic show` draws one. Of a long trace the first
    messages are listed at once, before the rest is read.
    """
    to = console()
    with sentences():
        if not as_json and is_long(trace):
            first_page(trace, to)
            to.print("Its journeys follow when all of it is read.\n")
            sys.stdout.flush()
    with sentences(), whole(trace) as opened:
        found = numbered(Flow(opened))
        if as_json:
            click.echo(json.dumps({"journeys": [journey_data(journey, opened) for journey in found]}, indent=2))
            return
        scrub = Scrub(opened)
        table = Table("#", "", "value", "bytes on the wire", "by way of", "threads", box=None, pad_edge=False)
        for journey in found:
            arrow = {"in": "→ program", "out": "program →"}.get(journey.direction, "→ library →")
            wire = on_the_wire(journey.wires, opened)
            threads = " → ".join(str(thread) for thread in journey.threads)
            row = (told(journey.node.value, scrub), wire, " ".join(journey.lanes(opened)), threads)
            table.add_row(str(journey.id), arrow, *(plain(text) for text in row))
    none = "No value that the program saw came from a socket, or went to one."
    to.print(table if found else plain(none), soft_wrap=True)


def on_the_wire(wires: Sequence[Stretch], trace: Trace) -> str:
    """Where its bytes were; of a value that needed many reads, or writes, the first and the last."""
    told = [_stretch(stretch, trace) for stretch in (wires if len(wires) <= MANY else (wires[0], wires[-1]))]
    if len(wires) > MANY:
        told.insert(1, f"… {len(wires) - 2} more …")
    return "; ".join(told)


def _stretch(stretch: Stretch, trace: Trace) -> str:
    value = trace.value(stretch.wire.value)
    data = value.data if value is not None and isinstance(value.data, bytes) else b""
    part = hexadecimal(data[stretch.start : stretch.stop], 8)
    return f"{stretch.wire.op} {stretch.start}–{stretch.stop - 1} of {stretch.wire.size}: {part}"
