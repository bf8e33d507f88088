"""`unmagic pages`: make the committed report of all scenarios, or compare it with what is committed."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from report import build as report_build
from tracer.reading.trace import Trace
from tracer.scenarios import EVERY, SCENARIOS

from . import checked
from .errors import DIFFERENT, sentences
from .trace import record

REPORT = Path("report/flask_sock")


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), default=REPORT, show_default=True,
              help="Folder for the pages.")  # fmt: skip
@click.option("--traces", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="Take the traces from this folder instead of recording them.")  # fmt: skip
@click.option("--check", is_flag=True, help="Write nothing; compare with the pages that are there.")
@click.option("--engine", type=click.Choice(["auto", "settrace", "monitoring"]), default="auto", show_default=True)
def pages(output: Path, traces: Path | None, check: bool, engine: str) -> None:
    """Make the report: one page for each API, from `accept` to your code.

    Fails, and writes nothing, if anything would stay unexplained: a byte without a field, a crossing without a
    note, a link that is not proven. With --check it exits with 1 if the committed pages differ.
    """
    with sentences():
        if not check:
            report_build.ask(output)
    with tempfile.TemporaryDirectory(prefix="unmagic-") as scratch:
        folder = traces
        if folder is None:
            folder = Path(scratch)
            record(tuple(EVERY), folder, engine)
        with sentences():
            files = _build(folder)
            if not check:
                report_build.write(files, output)
                click.echo(f"{len(files)} pages in {output}/, begin with {output}/README.md")
                return
            differences = report_build.compare(files, output)
    for line in differences:
        click.echo(line)
    if differences:
        click.echo(f"unmagic: {output} is not what `make trace` makes now", err=True)
        raise SystemExit(DIFFERENT)
    click.echo(f"{output} is what `make trace` makes: {len(files)} pages compared")


def _build(folder: Path) -> dict[str, str]:
    open_traces = {}
    try:
        for name in EVERY:
            open_traces[name] = Trace.open(folder / f"{name}.trace")
        return {**report_build.build(open_traces, list(SCENARIOS.values())), **checked.pages()}
    finally:
        for trace in open_traces.values():
            trace.close()
