"""`unmagic check`: hold reports against what really ran."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from grader import batch
from grader.documents.document import Document
from grader.faces import html, overview, text
from grader.faces.data import data
from grader.record import RecordError, dump, write
from grader.result import Result
from grader.rubric import RUBRIC_FILE, RubricError
from grader.rubric import load as load_rubric
from grader.tasks import load as load_tasks
from grader.truth import Truth, TruthError, known
from grader.truth import load as load_truth

from .errors import BAD_INPUT, Failure
from .progress import steps
from .truth import of_trace

FORMATS = ("text", "html", "grading", "json")
TASKS = tuple(load_tasks()[0])


def _web_address(context: click.Context, parameter: click.Parameter, url: str) -> str:
    if url and not re.fullmatch(r"https?://[^/?#\s]+(/[^?#\s]*)?", url):
        raise Failure(f"--host {url!r} is no address of the web, as https://mirror.example is")
    return url


@click.command()
@click.argument("reports", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="REPORT...")
@click.option("--task", "task_name", type=click.Choice(TASKS), default="flask_sock", show_default=True,
              help="What the report is about: which chains it has to show.")  # fmt: skip
@click.option("--trace", type=click.Path(path_type=Path, dir_okay=False), metavar="TRACE",
              help="Hold it against this recording instead of the ones that unmagic knows.")  # fmt: skip
@click.option("--truth", "truths", type=click.Path(path_type=Path, dir_okay=False), multiple=True, metavar="FILE",
              help="Hold it against what `unmagic truth` wrote here. May be repeated.")  # fmt: skip
@click.option("--as-of", "day", metavar="YYYY-MM-DD", help="The day of the report: what branches showed then.")
@click.option("--rubric", type=click.Path(path_type=Path, dir_okay=False), default=RUBRIC_FILE,
              help="What counts and how much (TOML); unmagic's own where not given.")  # fmt: skip
@click.option("--mirrors", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR",
              help="Clones of git repositories, to look commits and branches up in.")  # fmt: skip
@click.option("--index", is_flag=True, help="Get releases from the package index, once, with pip.")
@click.option("--online", is_flag=True, help="Ask the code host for files of libraries, once each; nothing else.")
@click.option("--host", "host_mirror", metavar="URL", callback=_web_address, default="",
              help="Ask this mirror of the code host instead, be it on a private network.")  # fmt: skip
@click.option("--cache", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Where what was got is kept. Default: the user's cache.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True,
              help="text, the student's page, the grader's page (points can be changed), or the record.")  # fmt: skip
@click.option("--brief", is_flag=True, help="As text: only what is wrong or missing.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="PATH",
              help="Where to write: a file for one report, a folder for many.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1, 64), help="Reports at once. Default: as many as processors.")
def check(
    reports: tuple[Path, ...],
    task_name: str,
    trace: Path | None,
    truths: tuple[Path, ...],
    day: str | None,
    rubric: Path,
    mirrors: Path | None,
    index: bool,
    online: bool,
    host_mirror: str,
    cache: Path | None,
    form: str,
    brief: bool,
    output: Path | None,
    jobs: int | None,
) -> None:
    """Check a REPORT: each link, and each hop of the chain, against what really ran.

    Reads PDF, DOCX, HTML, Markdown, notebooks and text. Tells which links are right, which are not and what they
    should be, and above all which hops of the chain are missing. Points are a suggestion: a person confirms them
    (unmagic confirm) before they are written for another system (unmagic emit). What could not be looked up costs
    nothing.

    \b
    unmagic check report.pdf
    unmagic check report.pdf --task websockets --format html -o page.html
    unmagic check hand-ins/ -o checked/ --mirrors ~/clones --as-of 2022-05-20

    A folder gives a page and a record for each report in the output folder, index.html over all, and results.jsonl;
    run again, it does what is new or changed.

    What lies in a folder and holds none of these is named. Exit codes: 0 checked (whatever was found), 1 some hand-ins
    of a folder could not be read, or hold no report, 2 bad input.
    """
    options = batch.Options(
        load_tasks()[0][task_name],
        _truths(trace, truths),
        rubric,
        _day(day),
        mirrors,
        index,
        online,
        host_mirror,
        cache,
    )
    try:
        load_rubric(rubric)
    except RubricError as error:
        raise Failure(str(error)) from None
    if not any(chain in truth.chains for truth in options.truths for chain in options.task.chains):
        raise Failure(f"{trace or truths[0]} holds none of the calls that the task {task_name} is about")
    found = batch.reports(reports)
    if not found:
        raise Failure(f"{reports[0]} holds no report: a file that ends in {', '.join(batch.REPORTS)}")
    if len(found) == 1 and not reports[0].is_dir():
        _single(found[0], options, form, brief, output)
        return
    empty = [batch.told(path.name) for path in batch.without(reports, found)]
    _many(batch.names(found, reports), empty, output, options, jobs or 0)


def _single(path: Path, options: batch.Options, form: str, brief: bool, output: Path | None) -> None:
    name = batch.names([path], [])[path]
    result, document = batch.one(path, name, options.checker(), options.task)
    if result.problem:
        click.echo(f"unmagic: {result.problem}", err=True)
        if form == "text":
            raise SystemExit(BAD_INPUT)
    told = _told(result, document, form, brief)
    if output is None:
        click.echo(told, nl=False)
    else:
        _write(told, output)
        click.echo(f"{result.points:g} of {result.most} suggested, written to {output}", err=True)
    if result.problem:
        raise SystemExit(BAD_INPUT)


def _told(result: Result, document: Document | None, form: str, brief: bool) -> str:
    if form == "json":
        return dump(data(result))
    if form == "text":
        return text.text(result, brief=brief)
    return html.page(result, document, grading=form == "grading")


def _many(names: dict[Path, str], without: list[str], output: Path | None, options: batch.Options, jobs: int) -> None:
    if output is None:
        raise Failure("many reports give many pages: say where with -o FOLDER")
    if output.exists() and not output.is_dir():
        raise Failure(f"{output} is a file: many reports need a folder")
    lines: list[dict[str, Any]] = []
    try:
        done = batch.run(names, output, options, jobs)
        for _ in steps([""] * len(names), "checking"):
            lines.append(next(done))
        order = {name: place for place, name in enumerate(names.values())}
        lines.sort(key=lambda line: order[line["report"]])
        made = overview.page(options.task.title, lines, without, ", ".join(batch.REPORTS))
        write(made, output / "index.html")
    except RecordError as error:
        raise Failure(str(error)) from None
    except OSError as error:
        raise Failure(f"cannot write into {output}: {error.strerror or error}") from None
    bad = [line for line in lines if line["problem"]]
    for line in bad:
        click.echo(f"unmagic: {line['problem']}", err=True)
    if without:
        click.echo(f"unmagic: without a report that can be read ({', '.join(batch.REPORTS)}):", err=True)
    for name in without:
        click.echo(f"unmagic:   {name}", err=True)
    click.echo(f"{len(lines)} reports in {output}/, begin with {output / 'index.html'}")
    if bad or without:
        raise SystemExit(1)


def _truths(trace: Path | None, files: Sequence[Path]) -> tuple[Truth, ...]:
    if trace is not None and files:
        raise click.UsageError("--trace and --truth both say what is true: give one of them.")
    if trace is not None:
        return (of_trace(trace),)
    try:
        return tuple(load_truth(path) for path in files) or tuple(known())
    except TruthError as error:
        raise Failure(str(error)) from None


def _day(text: str | None) -> str:
    if not text:
        return ""
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise Failure(f"--as-of {text!r} is no day: write it as 2022-05-20") from None


def _write(told: str, path: Path) -> None:
    try:
        write(told, path)
    except RecordError as error:
        raise Failure(str(error)) from None
