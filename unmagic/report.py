"""`unmagic report`: the pages of any trace: one to step through, and plain ones for each message."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click

from report import build, explorer, plain
from report.course.formats import FORMATS
from report.view.make import Source, make
from report.view.ways import numbered
from tracer.reading.flow import Flow
from tracer.reading.trace import Trace

from . import course
from .errors import Failure, sentences

#: Journeys that a page carries where nobody chose.
MOST = 40


@click.command()
@click.argument("trace", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="The folder for the pages. Default: TRACE's name and -report, here.")  # fmt: skip
@click.option("--journey", "journeys", type=int, multiple=True, metavar="N",
              help="Only this journey's messages, by its number in `unmagic journeys`. May be repeated.")  # fmt: skip
@click.option("--beside", type=click.Path(path_type=Path), metavar="TRACE",
              help="A second trace, to be looked at side by side with the first, library by library.")  # fmt: skip
@click.option("--for-course", is_flag=True,
              help="The report that courses ask for: each technology, its purpose, licence, whole chain.")  # fmt: skip
@click.option("--format", "formats", type=click.Choice(list(FORMATS)), multiple=True,
              help="With --for-course: the file's format. May be repeated. Default: md.")  # fmt: skip
@click.option("--open", "open_it", is_flag=True, help="Open the page in a browser when it is written.")
def report(
    trace: Path, output: Path | None, journeys: tuple[int, ...], beside: Path | None, for_course: bool,
    formats: tuple[str, ...], open_it: bool,
) -> None:  # fmt: skip
    """Write the pages of TRACE: index.html to step through, and a Markdown page for each message.

    index.html is one file that needs nothing else and no network: each message with the calls that it passed, their
    source, the bytes with every field and who took it, and the way of its value between the socket and your code.

    With --for-course it is one text instead, in the template of courses that set such a report: TCP connections, HTTP
    headers, WebSockets, and each function of a library that your own lines call, with the chain of calls between it and
    the socket, hop by hop, every hop with its links. Your own sentences go where it says TODO; they are kept when it is
    made again, in any format.

    \b
    unmagic report app.trace --open
    unmagic report app.trace --journey 3 --journey 4 -o pages
    unmagic report real.trace --beside ours.trace
    unmagic report app.trace --for-course
    unmagic report app.trace --for-course --format pdf --format docx

    Exit codes: 0 written, 2 bad input; then nothing is written.
    """
    folder = output or Path(f"{trace.stem}-report")
    if for_course:
        _for_course(trace, folder, formats, journeys, beside, open_it)
        return
    if formats:
        raise Failure("--format is for --for-course; the pages are HTML and Markdown")
    paths = [trace, *([beside] if beside else [])]
    opened: list[Trace] = []
    try:
        with sentences():
            opened += [Trace.open(path) for path in paths]
            sources = [_source(one, path, journeys if place == 0 else ()) for place, (one, path) in
                       enumerate(zip(opened, paths, strict=True))]  # fmt: skip
            view = make(trace.stem, sources, tell_progress=lambda name: click.echo(f"reading {name}", err=True))
            files = {"index.html": explorer.page(view), **plain.pages(view)}
            build.write(files, folder)
    finally:
        for one in opened:
            one.close()
    messages = sum(len(recording.messages) for recording in view.recordings)
    click.echo(f"{_messages(messages)} in {folder}/, begin with {folder / 'index.html'}")
    for recording in view.recordings:
        if recording.left_out:
            left = f"{_messages(recording.left_out)} of {recording.name} {'is' if recording.left_out == 1 else 'are'}"
            click.echo(f"unmagic: {left} left out; choose with --journey", err=True)
    if open_it and not webbrowser.open((folder / "index.html").resolve().as_uri()):
        raise Failure(f"no browser could be started; open {folder / 'index.html'} yourself")


def _messages(count: int) -> str:
    return f"{count:,} message{'' if count == 1 else 's'}"


def _for_course(
    trace: Path, folder: Path, formats: tuple[str, ...], journeys: tuple[int, ...], beside: Path | None, open_it: bool
) -> None:
    if journeys or beside or open_it:
        raise Failure("--for-course is about the whole run: it goes with --output and --format alone")
    with sentences():
        course.write(trace, folder, formats)


def _source(trace: Trace, path: Path, journeys: tuple[int, ...]) -> Source:
    """What is shown of a trace: the journeys asked for; else all of them, or the first where there are many."""
    chosen = frozenset(journeys)
    if not chosen:
        found = numbered(Flow(trace))
        if len(found) > MOST:
            chosen = frozenset(journey.id for journey in found[:MOST])
    return Source(path.stem, "", trace, chosen)
