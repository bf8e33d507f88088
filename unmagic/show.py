"""`unmagic show`: messages and journeys, drawn on the terminal from the same view as the pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
from rich.text import Text

from report.terminal import message, way
from report.view import Source, View, make
from report.view.ways import numbered
from tracer.reading.flow import Flow
from tracer.reading.legs import journey_legs_data
from tracer.reading.trace import Trace

from .errors import Failure, sentences
from .opening import first_page, is_long, whole
from .terminal import console, room

#: Messages that are drawn where nobody chose.
MOST = 10


@click.command()
@click.argument("trace", type=click.Path(path_type=Path))
@click.argument("what", metavar="[JOURNEY]", required=False)
@click.option("-a", "--all-calls", is_flag=True, help="Every call, not only those from one library into another.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N",
              help=f"Messages to draw where none is chosen: {MOST}, and of a long trace none.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="A journey as JSON; its form is told in docs/trace-format.md.")
def show(trace: Path, what: str | None, all_calls: bool, limit: int | None, as_json: bool) -> None:
    """Draw the messages in TRACE: the libraries that each passed, what went in and out, and its bytes.

    \b
    unmagic show app.trace           every message, in order
    unmagic show app.trace 3         journey 3, as `unmagic journeys` numbers them:
                                     the way of one value, and its messages in full
    unmagic show app.trace w17       one message, as `unmagic live` names it
    unmagic show app.trace 3 -a      with every call
    unmagic show app.trace | less    plain; with FORCE_COLOR=1 and less -R coloured

    \b
    How to read it:
    → arrives, ← leaves; every column is a library, from the socket to your code,
    and ● stands where a call runs; below a call what went in → what came out.
    In the bytes │ ends a field and ┊ a read or a write.
    The place at the right is the definition: a link to its exact lines,
    where the terminal has links and the installed file is proven to be theirs.

    Of a long trace (from some 200,000 calls on) the first messages are only listed, at once, until one is chosen, or
    --limit: then all of it is read.

    Exit codes: 0 drawn, 2 bad input.
    """
    number, wire = _asked(what)
    to = console()
    with sentences():
        if not (what or limit or as_json) and is_long(trace):
            name = first_page(trace, to)
            to.print(_next(trace, name), soft_wrap=True)
            return
    limit = limit or MOST
    with sentences(), whole(trace) as opened:
        if as_json:
            _json(opened, number)
            return
        source = Source(
            trace.stem, "", opened, frozenset({number} if number else ()), frozenset({wire} if wire else ()),
            0 if what else limit,
        )  # fmt: skip
        view = make(trace.stem, [source])
    if wire and not view.recordings[0].messages:
        raise Failure(f"no message in {trace} was complete with {what}; `unmagic show {trace}` draws all of them")
    width = room(to)
    for line in _drawn(view, number, full=what is not None, every=all_calls, width=width):
        to.print(line, no_wrap=True, overflow="ellipsis", crop=width is not None, soft_wrap=width is None)
    left = view.recordings[0].left_out
    if what is None and left:
        to.print(f"… {left:,} more messages; --limit {limit + left} draws all, unmagic journeys lists them")


def _next(trace: Path, name: str) -> str:
    """What draws something of a long trace of which only the first page was shown."""
    if not name:
        return f"unmagic show {trace} --limit {MOST} draws what the program's own lines called, and reads all of it."
    return f"unmagic show {trace} {name} draws message {name}, --limit {MOST} the first {MOST}, and reads all of it."


def _asked(what: str | None) -> tuple[int, int]:
    """The number of a journey, or that of a wire event; 0 for what was not asked for."""
    if what is None:
        return 0, 0
    if re.fullmatch(r"w[1-9]\d{0,17}", what, re.ASCII):
        return 0, int(what[1:])
    if re.fullmatch(r"[+-]?\d{1,18}", what, re.ASCII):
        if int(what) < 1:
            raise Failure(f"journeys are numbered from 1, there is no number {int(what)}")
        return int(what), 0
    raise Failure(f"{what!r} is neither a journey's number, such as 3, nor a message's name, such as w17")


def _json(trace: Trace, number: int) -> None:
    if not number:
        raise Failure("--json tells one journey: give its number, as `unmagic journeys` does")
    found = numbered(Flow(trace))
    if number > len(found):
        raise Failure(f"{trace.path} has {len(found)} journeys, there is no number {number}")
    click.echo(json.dumps(journey_legs_data(found[number - 1], trace), indent=2))


def _drawn(view: View, number: int, *, full: bool, every: bool, width: int | None) -> Iterator[Text]:
    """All lines: of a journey its way first; then the messages, an empty line between them."""
    (recording,) = view.recordings
    if number:
        yield from way(view, recording, number, width=width)
    elif not recording.messages:
        yield Text("Nothing crossed a socket, and the program's own lines called nothing that was recorded.")
    for place, one in enumerate(recording.messages):
        if place or number:
            yield Text()
        yield from message(view, recording, one, full=full, every=every, width=width)
