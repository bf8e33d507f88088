"""`unmagic grade`: grade one hand-in in the sandbox, and say what came of it as a person or another system reads it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from grader.cohort.record import record
from grader.cohort.supervised import Graded, Settings, data, packed
from grader.cohort.supervised import grade as graded
from grader.coursework.assignment import Assignment, AssignmentError
from grader.coursework.assignment import load as load_assignment
from grader.coursework.submission import SubmissionError
from grader.emitters import MANY, ONE, NotGraded
from grader.record import RecordError, write
from grader.sandbox.job import sweep
from grader.sandbox.tiers import WHAT, NoTier, best
from grader.sandbox.user import clear_abandoned

from .errors import DIFFERENT, Failure
from .notebooks_in import GRADED, NOTEBOOK, folder_of
from .stages import Told, console

FORMATS = ("text", "json", *ONE, *MANY)


@click.command()
@click.argument("hand_in", type=click.Path(path_type=Path, exists=True), metavar="SUBMISSION")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True,
              help="How to tell it: for a person, as data, or for another system.")  # fmt: skip
@click.option("--stage", metavar="STAGE", help="This stage, and the ones that it stands on.")
@click.option("--seed", "key", default="", metavar="TEXT",
              help="The assignment's key: other questions. The same one and the same files get the same.")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="As text: explain every failure, not only the first one.")
@click.option("--hide", "hidden", type=click.Path(path_type=Path), multiple=True, metavar="FOLDER",
              help="A folder that the submission must not see. May be repeated.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Default: standard output.")  # fmt: skip
@NOTEBOOK
@GRADED
def grade(
    hand_in: Path, form: str, stage: str | None, key: str, everything: bool, hidden: tuple[Path, ...],
    output: Path | None, notebooks: tuple[str, ...], folder: Path | None,
) -> None:  # fmt: skip
    """Grade SUBMISSION, a folder or an archive (tar, zip) or a notebook of the course, in a sandbox.

    Its server runs behind the best wall that this machine has (see unmagic doctor) and is asked over TCP. Nothing that
    it prints or writes is taken for a result. Of a notebook (or a folder of them) only the cells that are tagged as
    exercises are taken, and their functions are called one by one: no other cell, no output, no check counts. What is
    not graded, because of a fault of ours or because it is no submission, has no score, and is never a zero.

    \b
    unmagic grade work/
    unmagic grade 05_frame.ipynb
    unmagic grade hand-in.tar --format gradescope -o /autograder/results/results.json

    Exit codes: 0 graded, whatever the points; 1 not graded; 2 bad input.
    """
    sweep()
    clear_abandoned()
    try:
        folder = folder_of([hand_in], folder, notebooks)
        assignment = load_assignment(folder)
        stages = assignment.ground(stage) if stage else assignment.exercises(notebooks)
        content = packed(hand_in)
    except (AssignmentError, SubmissionError) as error:
        raise Failure(str(error)) from None
    ids = tuple(one.id for one in stages)
    settings = Settings(str(folder.resolve()), tier_here(), key, ids, tuple(str(one.resolve()) for one in hidden))
    done = graded(hand_in.resolve().name, content, settings)
    for flag in done.flags:
        click.echo(f"unmagic: to look at: {flag}", err=True)
    if form == "text" and output is None:
        _tell(done, assignment, everything)
    else:
        _emit(done, form, output)
    if done.outcome.not_graded:
        click.echo(f"unmagic: not graded: {done.outcome.not_graded}", err=True)
        raise SystemExit(DIFFERENT)


def tier_here() -> str:
    """The tier of this machine; a word on stderr where it is not the best. Raises `Failure`."""
    try:
        tier = best()
    except NoTier as error:
        raise Failure(str(error)) from None
    if tier != "A":
        click.echo(f"unmagic: sandbox tier {tier}: {WHAT[tier]} (unmagic doctor says why)", err=True)
    return tier


def _tell(done: Graded, assignment: Assignment, everything: bool) -> None:
    if done.outcome.not_graded:
        return
    stages = [assignment.stage(stage.id) for stage in done.outcome.stages]
    told = Told(console(), assignment, stages, everything=everything)
    told.stop()
    for tested in done.outcome.tests:
        told.test(tested)
    for stage in done.outcome.stages:
        told.stage(stage)
    told.end(done.outcome)
    click.echo(f"Sandbox: tier {done.outcome.tier}, {WHAT[done.outcome.tier]}.")


def _emit(done: Graded, form: str, output: Path | None) -> None:
    made = record(done.outcome)
    try:
        if form in ("json", "text"):
            text = json.dumps(data(done), indent=1) + "\n"
        else:
            text = ONE[form](made) if form in ONE else MANY[form]([made])
        if output is None:
            sys.stdout.write(text)
        else:
            write(text, output)
    except NotGraded:
        return  # this form has no way to say it but a zero
    except RecordError as error:
        raise Failure(str(error)) from None
