"""`unmagic journeys` and `unmagic show`: the ways of the values that the program saw, in the terminal or as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from report.text import Scrub, hexadecimal, told
from report.view.ways import numbered
from tracer.reading.flow import Flow
from tracer.reading.journeys import Journey, Stretch
from tracer.reading.legs import Leg, journey_data, journey_legs_data, legs
from tracer.reading.trace import Trace

from .errors import Failure, sentences
from .terminal import plain


@click.command()
@click.argument("trace", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="As JSON; its form is told in docs/trace-format.md.")
def journeys(trace: Path, as_json: bool) -> None:
    """The journeys in TRACE: each value that the program got from a socket, or sent to one.

    Found by identity and content, whatever the libraries are; `unmagic show` draws one.
    """
    with sentences(), Trace.open(trace) as opened:
        found = numbered(Flow(opened))
        if as_json:
            click.echo(json.dumps({"journeys": [journey_data(journey, opened) for journey in found]}, indent=2))
            return
        scrub = Scrub(opened)
        table = Table("#", "", "value", "bytes on the wire", "by way of", "threads", box=None, pad_edge=False)
        for journey in found:
            arrow = {"in": "→ program", "out": "program →"}.get(journey.direction, "→ library →")
            wire = "; ".join(_stretch(s, opened) for s in journey.wires)
            threads = " → ".join(str(thread) for thread in journey.threads)
            row = (told(journey.node.value, scrub), wire, " ".join(journey.lanes(opened)), threads)
            table.add_row(str(journey.id), arrow, *(plain(text) for text in row))
    _print(table if found else Text("No value that the program saw came from a socket, or went to one."))


@click.command()
@click.argument("trace", type=click.Path(path_type=Path))
@click.argument("journey", type=int)
@click.option("--json", "as_json", is_flag=True, help="As JSON; its form is told in docs/trace-format.md.")
def show(trace: Path, journey: int, as_json: bool) -> None:
    """One JOURNEY in TRACE, by its number in `unmagic journeys`: leg by leg, with the bytes.

    \b
    unmagic show traces/receive.trace 1
    """
    with sentences(), Trace.open(trace) as opened:
        found = numbered(Flow(opened))
        if not 1 <= journey <= len(found):
            raise Failure(f"{trace} has {len(found)} journeys, there is no number {journey}")
        chosen = found[journey - 1]
        if as_json:
            click.echo(json.dumps(journey_legs_data(chosen, opened), indent=2))
            return
        table = _drawing(chosen, opened)
    _print(table)


def _drawing(journey: Journey, trace: Trace) -> Table:
    scrub = Scrub(trace)
    table = Table("thread", "lane", "what", "value", "where", box=None, pad_edge=False)
    lane = ""
    for leg in legs(journey, trace):
        here = "socket" if leg.kind in ("read", "written") else leg.call.code.lane if leg.call else ""
        style = "bold" if here != lane else ""
        value = told(leg.node.value, scrub, 40)
        table.add_row(
            str(leg.sighting.thread),
            plain(here if here != lane else "", style),
            Text(
                _what(leg, journey),
                "cyan" if leg.kind in ("made", "slice") else "yellow" if leg.kind == "handoff" else "",
            ),
            plain(value if leg.kind not in ("same", "held") or leg.edges else "the same"),
            plain(_where(leg, trace)),
        )
        lane = here
    return table


def _what(leg: Leg, journey: Journey) -> str:
    if leg.kind == "slice":
        edge = leg.edges[0]
        return f"bytes {edge.relation.start}–{edge.relation.stop - 1} cut"
    if leg.edges and leg.edges[0].relation.how == "joined":
        return "joined" if len(leg.edges) > 1 else f"put at byte {leg.edges[0].relation.start}"
    return leg.how


def _where(leg: Leg, trace: Trace) -> str:
    if leg.call is None:
        return ""
    names = ", ".join((leg.call.code.qualname, *leg.also))
    return f"{names}  {leg.call.code.file.facts.relative}:{leg.call.code.first}"


def _stretch(stretch: Stretch, trace: Trace) -> str:
    value = trace.value(stretch.wire.value)
    data = value.data if value is not None and isinstance(value.data, bytes) else b""
    part = hexadecimal(data[stretch.start : stretch.stop], 8)
    return f"{stretch.wire.op} {stretch.start}–{stretch.stop - 1} of {stretch.wire.size}: {part}"


def _print(what: Table | Text) -> None:
    console = Console()
    (console if console.is_terminal else Console(width=400)).print(what, soft_wrap=True)
