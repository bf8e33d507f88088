"""`unmagic scope`: each file that a decision was made about, and why."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

from tracer.reading.trace import Trace

from .errors import sentences
from .terminal import console, plain


@click.command()
@click.argument("trace", type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Also what was left out.")
def scope(trace: Path, everything: bool) -> None:
    """Which files of TRACE were recorded, and the reason for each decision."""
    with sentences(), Trace.open_at_once(trace) as opened:
        rows = opened.scope
        words, complete = opened.meta.get("scope", ""), "complete" in opened.meta
        stopped = opened.meta.get("stopped", "")
    kept = [row for row in rows if row[2]]
    table = Table("lane", "recorded", "file", "reason", box=None, pad_edge=False)
    for path, lane, recorded, reason in rows if everything else kept:
        table.add_row(plain(lane), "yes" if recorded else "no", plain(path), plain(reason))
    to = console()
    to.print(table, soft_wrap=True)
    to.print(plain(f"{len(kept)} files recorded, {len(rows) - len(kept)} left out; scope: {words}"))
    if stopped:
        to.print(plain(stopped[0].upper() + stopped[1:] + "."))
    if not complete:
        to.print("The run did not come to its end: what was decided last may be missing.")
