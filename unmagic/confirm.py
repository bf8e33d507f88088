"""`unmagic confirm`: say which points count. `unmagic emit`: write confirmed points for another system."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from grader.emitters import MANY, ONE, NotGraded
from grader.record import Record, RecordError, confirmed, dump, load, write
from grader.record import confirm as confirm_record

from .errors import DIFFERENT, Failure


@click.command()
@click.argument(
    "records", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="RECORD..."
)
@click.option("--by", required=True, metavar="NAME", help="Who confirms.")
@click.option(
    "--set", "changes", multiple=True, metavar="PART=POINTS", help="Other points than suggested; may be repeated."
)
@click.option(
    "--note", "notes", multiple=True, metavar="PART=TEXT", help="A note that the student reads; may be repeated."
)
def confirm(records: tuple[Path, ...], by: str, changes: tuple[str, ...], notes: tuple[str, ...]) -> None:
    """Confirm the points of a RECORD (unmagic check --format json, or a folder's *.record.json), or change them.

    \b
    unmagic confirm report.record.json --by "A. Grader" --set chain:receive=15 --note "chain:receive=said in words"

    Exit codes: 0 confirmed, 2 bad input (nothing is written).
    """
    if (changes or notes) and len(records) > 1:
        raise Failure("--set and --note are about one record: give one")
    points = {name: _number(name, value) for name, value in map(_pair, changes)}
    at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        said = dict(map(_pair, notes))
        made = [(confirm_record(load(path), by, at, points, said), path) for path in records]
        for data, path in made:
            write(dump(data), path)
    except RecordError as error:
        raise Failure(str(error)) from None
    click.echo(f"{len(records)} confirmed")


@click.command()
@click.argument(
    "records", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="RECORD..."
)
@click.option("--format", "form", required=True, type=click.Choice([*ONE, *MANY]), help="For which system.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Default: standard output."
)
def emit(records: tuple[Path, ...], form: str, output: Path | None) -> None:
    """Write the confirmed points of a RECORD for another system.

    autolab (the last two lines of an autograder's output), gradescope and prairielearn (results.json), classroom50
    (result.json; what it needs from the runner's environment is taken from there), and for many records at once junit,
    jsonl and csv.

    \b
    unmagic emit report.record.json --format gradescope -o /autograder/results/results.json
    unmagic emit checked/*.record.json --format csv -o grades.csv

    Exit codes: 0 written; 1 a report could not be read, and the system has no way to say that other than a zero, so
    nothing is written; 2 bad input, or points that nobody has confirmed.
    """
    try:
        made: list[Record] = [confirmed(load(path), str(path)) for path in records]
        if form in ONE and len(made) > 1:
            raise Failure(f"{form} takes one record; junit, jsonl and csv take many")
        text = ONE[form](made[0]) if form in ONE else MANY[form](made)
        if output is None:
            click.echo(text, nl=False)
        else:
            write(text, output)
    except NotGraded as error:
        click.echo(f"unmagic: {error}", err=True)
        raise SystemExit(DIFFERENT) from None
    except RecordError as error:
        raise Failure(str(error)) from None


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Failure(f"{text!r} is not PART=VALUE, such as chain:receive=15")
    return name, value


def _number(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise Failure(f"{name}={value}: these are no points") from None
