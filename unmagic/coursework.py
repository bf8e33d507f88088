"""`unmagic coursework`: hand out the coursework, and try one's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from grader.coursework import assignment as assignments
from grader.coursework import starter, submission
from grader.coursework.assignment import AssignmentError
from grader.coursework.grade import grade
from grader.coursework.pack import MADE, PackError, pack
from grader.coursework.plain import PlainPlace
from grader.coursework.staged import Patience
from grader.coursework.submission import SubmissionError

from .errors import DIFFERENT, Failure
from .stages import Told, console

ASSIGNMENT = click.option(
    "--assignment", "folder", type=click.Path(path_type=Path, file_okay=False), default=assignments.OURS,
    show_default="unmagic's own", metavar="FOLDER", help="The folder of another stages.toml.",
)  # fmt: skip


@click.group()
def coursework() -> None:
    """Rebuild the stack in stages: hand it out, and try your own.

    \b
    unmagic coursework new work       a starter, made of the reference by emptying its functions
    unmagic coursework try work       what works, stage by stage, and why the first failure fails
    """


@coursework.command()
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@ASSIGNMENT
def new(directory: Path, folder: Path) -> None:
    """Write the starter into DIR, a new folder.

    Exit codes: 0 written, 2 bad input.
    """
    with _sentences():
        assignment = assignments.load(folder)
        starter.write(assignment, directory)
    click.echo(f"{directory} is yours. Read {directory / 'README.md'}, then: unmagic coursework try {directory}")


@coursework.command()
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--until", metavar="STAGE", help="The last stage that is filled in. Default: all are.")
@ASSIGNMENT
def solution(directory: Path, until: str | None, folder: Path) -> None:
    """Write a solution into DIR, a new folder: whole, or as far as a stage. For instructors.

    Exit codes: 0 written, 2 bad input.
    """
    with _sentences():
        assignment = assignments.load(folder)
        done = assignment.until(until) if until else assignment.stages
        starter.write(assignment, directory, done)
    click.echo(f"{directory} has the stages {', '.join(stage.id for stage in done)}")


@coursework.command("pack")
@click.argument("platform", type=click.Choice(tuple(MADE)))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, metavar="PATH",
              help="What to write: a new folder, for Gradescope a zip.")  # fmt: skip
@click.option(
    "--key", default="", metavar="KEY", help="The assignment's key, which no student may have. Default: one of its own."
)
@ASSIGNMENT
def pack_(platform: str, output: Path, key: str, folder: Path) -> None:
    """Pack what PLATFORM runs to grade a hand-in: unmagic, the assignment, the key and the platform's scripts.

    What to do with it is in coursework/platforms/PLATFORM/README.md.

    \b
    unmagic coursework pack autolab -o lab
    unmagic coursework pack gradescope -o gradescope.zip

    Exit codes: 0 written, 2 bad input.
    """
    with _sentences():
        pack(platform, output, folder, key)
    click.echo(f"{output} has what {platform} runs; see coursework/platforms/{platform}/README.md")


@coursework.command("try")
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR", default=".")
@click.option("--stage", metavar="STAGE", help="This stage, and the ones that it stands on.")
@click.option("--all", "everything", is_flag=True, help="Explain every failure, not only the first one.")
@click.option("--key", default="", metavar="KEY", help="The assignment's key: other chance, other questions.")
@click.option("--patience", type=click.FloatRange(0.1, 600), default=3.0, show_default=True, metavar="SECONDS",
              help="How long to wait for an answer.")  # fmt: skip
@ASSIGNMENT
def try_(directory: Path, stage: str | None, everything: bool, key: str, patience: float, folder: Path) -> None:
    """Try the work in DIR on this machine, stage by stage, and explain the first failure.

    Your server runs as you, without a sandbox. The same files are asked the same questions; a changed one gets others.
    Hidden tests say only what kind of failure it was.

    \b
    unmagic coursework try .
    unmagic coursework try . --stage lengths

    Exit codes: 0 every stage was earned (optional ones aside), 1 not every one, 2 bad input.
    """
    with _sentences():
        assignment = assignments.load(folder)
        stages = assignment.ground(stage) if stage else assignment.stages
        work = submission.load(directory)
        told, place = Told(console(), assignment, stages, everything=everything), PlainPlace()
        try:
            outcome = grade(
                work, assignment, place, key=key, stages=stages, patience=Patience(answer=patience), on_test=told.test,
                on_stage=told.stage,
            )  # fmt: skip
        finally:
            told.stop()
            place.close()
    told.end(outcome)
    if outcome.not_graded:
        raise Failure(outcome.not_graded)
    if not all(each.earned or each.optional for each in outcome.stages):
        raise SystemExit(DIFFERENT)


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except (AssignmentError, PackError, SubmissionError) as error:
        raise Failure(str(error)) from None
