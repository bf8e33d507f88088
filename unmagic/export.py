"""`unmagic export`: a trace in another program's format, to standard output or into a file."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import click

from report import notes
from report.exports import FORMATS
from report.exports.asked import CONNECTIONS, RUN, WAY, Asked, Exported, ExportError, Format
from report.view.ways import numbered
from tracer.reading.flow import Flow
from tracer.reading.journeys import Journey
from tracer.reading.links import Links
from tracer.reading.lock import load
from tracer.reading.trace import Trace

from .choose import pick, steps_of
from .errors import Failure, sentences
from .opening import whole

_LISTED = "\n".join(f"{one.name:11} {one.help}" for one in FORMATS.values())


@click.command(help=f"""Write TRACE in the format of another program.

\b
{_LISTED}

The whole run is exported, its journeys drawn as arrows in chrome; pcapng has all connections, or one (--connection).
mermaid, plantuml and codetour show one journey, by its number in `unmagic journeys`, or the chain of one call, as
`unmagic chain` does.

Width and time: in chrome and speedscope one unit is one event, in the trace's order; durations under a tracer are no
durations. Secrets are masked, as they are in the trace.

\b
unmagic export app.trace --format chrome -o app.json          then open it at ui.perfetto.dev
unmagic export app.trace --format pcapng -o app.pcapng        then wireshark app.pcapng
unmagic export app.trace --format mermaid --journey 1
unmagic export app.trace --format codetour --chain simple_websocket:Base.receive --up -o receive.tour

Exit codes: 0 written (what the format cannot hold is told in sentences), 2 bad input; then nothing is written.
""")  # fmt: skip
@click.argument("trace", type=click.Path(path_type=Path))
@click.option("-f", "--format", "name", type=click.Choice(list(FORMATS)), required=True, help="The format.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The file; - or nothing: standard output.")
@click.option("--journey", type=int, help="One journey, by its number in `unmagic journeys`.")
@click.option("--chain", metavar="MODULE:FUNCTION", help="The chain of one call, instead of a journey.")
@click.option("--nth", default=1, show_default=True, help="With --chain: which of its calls.")
@click.option("--up", is_flag=True, help="With --chain: from the socket up to what it returned.")
@click.option("--depth", default=3, show_default=True, help="With --chain: levels that cross into no other library.")
@click.option("--connection", type=int, help="pcapng: one connection, by its number in the trace.")
def export(
    trace: Path, name: str, output: Path | None, journey: int | None, chain: str | None,
    nth: int, up: bool, depth: int, connection: int | None,
) -> None:  # fmt: skip
    chosen = FORMATS[name]
    _refuse(chosen, journey, chain, connection)
    if chain is None and (nth, up, depth) != (1, False, 3):
        raise Failure("--nth, --up and --depth say more of --chain: give it, too")
    where = None if output is None or str(output) == "-" else output
    if chosen.binary and where is None and sys.stdout.isatty():
        raise Failure(f"{name} is binary, and this is a terminal: give a file with -o, or redirect the output")
    if where is not None and trace.exists() and where.exists() and where.samefile(trace):
        raise Failure(f"will not overwrite the trace {trace}")
    with sentences(), whole(trace) as opened:
        links, known = Links(load()), notes.load()
        steps = tuple(steps_of(opened, pick(opened, chain, nth), up, depth)) if chain else ()
        journeys = () if steps else _chosen(opened, chosen, journey)
        title = f"{chain}, call {nth}" + (", from the socket up" if up else "")
        done = _render(chosen, Asked(opened, links, known, journeys, steps, title, connection or 0))
    _write(done.content, where)
    for sentence in done.left_out:
        click.echo(f"unmagic: {sentence}", err=True)


def _refuse(chosen: Format, journey: int | None, chain: str | None, connection: int | None) -> None:
    """An option that a format would pass over is a mistake."""
    if journey is not None and chain is not None:
        raise Failure("--journey and --chain are two ways to choose: give one of them")
    if journey is not None and chosen.subject != WAY and chosen.name != "chrome":
        raise Failure(f"{chosen.name} shows no single journey: leave out --journey")
    if chain is not None and chosen.subject != WAY:
        raise Failure(f"{chosen.name} shows no single chain: leave out --chain")
    if connection is not None and chosen.subject != CONNECTIONS:
        raise Failure(f"--connection is for pcapng: leave it out with {chosen.name}")


def _chosen(trace: Trace, chosen: Format, journey: int | None) -> tuple[Journey, ...]:
    """The journeys to draw: the one asked for, the only one there is, or, of a whole run, all."""
    if chosen.subject == CONNECTIONS or chosen.name in ("jsonl", "speedscope"):
        return ()
    found = tuple(numbered(Flow(trace)))
    if journey is not None:
        if not 1 <= journey <= len(found):
            raise Failure(f"{trace.path} has {len(found)} journeys, there is no number {journey}")
        return found[journey - 1 : journey]
    if chosen.subject == RUN or len(found) == 1:
        return found
    if not found:
        raise Failure(f"{trace.path} has no journeys: give the chain of a call with --chain MODULE:FUNCTION")
    raise Failure(
        f"{trace.path} has {len(found)} journeys: choose one with --journey, as `unmagic journeys` numbers them"
    )


def _render(chosen: Format, asked: Asked) -> Exported:
    try:
        return chosen.render(asked)
    except ExportError as error:
        raise Failure(str(error)) from None


def _write(content: bytes, where: Path | None) -> None:
    """Written beside and renamed, so that whoever reads the file has the old one or the new one, whole."""
    if where is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    target, beside = where.resolve(), ""
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(content)  # /dev/null and its like; a folder is refused here
            return
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        handle, beside = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with open(handle, "wb") as file:
            file.write(content)
        os.chmod(beside, mode)
        os.replace(beside, target)
    except OSError as error:
        if beside:
            Path(beside).unlink(missing_ok=True)
        raise Failure(f"cannot write {where}: {error.strerror or error}") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
