"""`unmagic diff`: the same chains in two recordings, or at two sets of versions, side by side."""

from __future__ import annotations

from pathlib import Path

import click

from grader.diff import compare
from grader.faces import beside
from grader.hops import of_call
from grader.record import RecordError, write
from grader.truth import FOLDER, Truth, TruthError, load
from tracer.reading.lock import load as load_lock

from .errors import DIFFERENT, Failure, sentences
from .opening import whole
from .truth import of_folder, of_trace


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--chain", "chains", multiple=True, metavar="NAME", help="Only this chain. May be repeated.")
@click.option("--call", metavar="LANE:FUNCTION", help="Of two traces, the chain of this function instead.")
@click.option("--to", "to_call", metavar="LANE:FUNCTION", help="What it is called in B, where that is another name.")
@click.option("--up", is_flag=True, help="With --call: from the socket to what it returned, instead of down from it.")
@click.option("--all", "all_rows", is_flag=True, help="As text: also the hops that are the same.")
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write a page.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if anything differs.")
def diff(
    before: str,
    after: str,
    chains: tuple[str, ...],
    call: str | None,
    to_call: str | None,
    up: bool,
    all_rows: bool,
    page: Path | None,
    exit_code: bool,
) -> None:
    """Put the chains of A and B side by side: hops added, gone, moved, changed, each with both links.

    A and B are traces, folders of the scenarios' traces, files that `unmagic truth` wrote, or the names of what unmagic
    brings along (2022, today).

    \b
    unmagic diff 2022 today
    unmagic diff 2022 today --chain receive --html receive.html
    unmagic diff traces/receive.trace other.trace
    unmagic diff traces/receive.trace traces/ours.trace --up
        --call simple_websocket:Base.receive --to reference_impl:Server.receive

    Exit codes: 0 compared; 1 with --exit-code, where they differ; 2 bad input.
    """
    if call:
        one, other = _of_call(before, call, up), _of_call(after, to_call or call, up)
    else:
        one, other = _truth(before), _truth(after)
    unknown = [name for name in chains if name not in one.chains or name not in other.chains]
    if unknown:
        both = [name for name in one.chains if name in other.chains]
        raise Failure(f"{unknown[0]!r} is no chain of both; these are: {', '.join(both) or 'none'}")
    diffs = compare(one, other, chains)
    if not diffs:
        raise Failure(f"{before} and {after} have no chain in common")
    if page is None:
        click.echo(beside.text(diffs, one, other, all_rows=all_rows), nl=False)
    else:
        try:
            write(beside.page(diffs, one, other), page)
        except RecordError as error:
            raise Failure(str(error)) from None
        click.echo(f"written to {page}", err=True)
    if exit_code and any(each.differs for each in diffs):
        raise SystemExit(DIFFERENT)


def _of_call(path: str, call: str, up: bool) -> Truth:
    """The chain of any function of a trace."""
    if call.count(":") != 1:
        raise Failure(f"{call!r} names no function: write it as LANE:FUNCTION, such as simple_websocket:Base.receive")
    with sentences(), whole(Path(path)) as trace:
        try:
            return of_call(Path(path).stem, trace, load_lock(), call, up=up)
        except TruthError as error:
            raise Failure(str(error)) from None


def _truth(name: str) -> Truth:
    path = Path(name)
    if path.is_dir():
        return of_folder(path, path.name)
    try:
        if not path.exists() and (FOLDER / f"{name}.json").exists():
            return load(FOLDER / f"{name}.json")
        if path.suffix == ".json":
            return load(path)
    except TruthError as error:
        raise Failure(str(error)) from None
    return of_trace(path)
