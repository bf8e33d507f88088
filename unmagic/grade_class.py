"""`unmagic grade-class`: grade every hand-in of a folder, and make the gradebook and the instructor's page."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from grader.cohort import hand_ins as found
from grader.cohort.class_files import write_all
from grader.cohort.engines import ENGINES, EngineError, executor
from grader.cohort.ledger import Ledger, LedgerError
from grader.cohort.run import graded_by, run
from grader.cohort.supervised import Settings
from grader.coursework.assignment import AssignmentError
from grader.coursework.assignment import load as load_assignment
from grader.coursework.dump import shown
from grader.coursework.exercises import ENDING
from grader.coursework.submission import SubmissionError
from grader.record import RecordError
from grader.sandbox.job import sweep
from grader.sandbox.unpack import ARCHIVES
from grader.sandbox.user import clear_abandoned

from .errors import DIFFERENT, Failure
from .grade import tier_here
from .notebooks_in import GRADED, NOTEBOOK, folder_of, mostly

#: Hand-ins at once for each processor: most of the time one waits for an answer, or that none comes.
AT_ONCE = 3


@click.command("grade-class")
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR")
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), required=True, metavar="RESULTS",
              help="The folder for results.jsonl, gradebook.csv and index.html.")  # fmt: skip
@click.option(
    "--jobs", type=click.IntRange(1, 512), help="Hand-ins at once. Default: three for each processor, or a Dask worker."
)
@click.option("--engine", type=click.Choice(ENGINES), default="threads", show_default=True,
              help="Who runs them: threads here, or the workers of a Dask cluster.")  # fmt: skip
@click.option("--scheduler", default="", metavar="tcp://HOST:PORT", help="A Dask scheduler; without one, workers here.")
@click.option("--shard", default="", metavar="I/N", help="Only part I of N, for arrays of jobs.")
@click.option(
    "--seed",
    "key",
    default="",
    metavar="TEXT",
    help="The key that the questions are drawn with. Default: one of its own, in RESULTS/key.txt.",
)
@click.option(
    "--unsafe", is_flag=True, help="Grade even where submissions run as the same user as the grader (tier C)."
)
@NOTEBOOK
@GRADED
def grade_class(
    directory: Path, output: Path, jobs: int | None, engine: str, scheduler: str, shard: str, key: str, unsafe: bool,
    notebooks: tuple[str, ...], folder: Path | None,
) -> None:  # fmt: skip
    """Grade every hand-in in DIR: folders and archives, or notebooks of the course, each called by its name.

    Run again, it does what is new, changed, or was a fault of ours: whatever ended it before, nothing is lost and
    nothing done twice. Of notebooks the exercises count that most of the class handed in; --notebook says which were
    set. A shard writes a file of its own; the pages are made from all of them that are there.

    \b
    unmagic grade-class hand-ins/ -o results/
    unmagic grade-class hand-ins/ -o results/ --notebook 05_frame
    unmagic grade-class hand-ins/ -o results/ --engine dask --scheduler tcp://10.0.0.1:8786
    unmagic grade-class hand-ins/ -o results/ --shard $SLURM_ARRAY_TASK_ID/20

    Exit codes: 0 every hand-in has a score, 1 some have none or were passed over (index.html says which and why), 2 bad
    input.
    """
    sweep()
    clear_abandoned()
    number, count = _shard(shard)
    if scheduler and engine != "dask":
        raise Failure("--scheduler is a Dask scheduler's address: it needs --engine dask")
    try:
        folder = folder_of([directory], folder, notebooks)
        assignment = load_assignment(folder)
        more = (ENDING,) if assignment.of_notebooks else ()
        every, passed = found.hand_ins(directory, more), found.passed_over(directory, more)
        if assignment.of_notebooks:
            notebooks = notebooks or mostly(assignment, [one.path for one in every])
        ids = tuple(stage.id for stage in assignment.exercises(notebooks))
    except OSError as error:
        raise Failure(f"{directory}: it cannot be read ({error.strerror or error})") from None
    except (AssignmentError, SubmissionError) as error:
        raise Failure(str(error)) from None
    if not every:
        raise Failure(f"{directory} holds no hand-in: a folder or an archive ({', '.join(ARCHIVES)})")
    tier = tier_here()
    if tier == "C" and not unsafe:
        raise Failure("this machine has no wall between submissions and you (tier C): see unmagic doctor, or --unsafe")
    hidden = (str(directory.resolve()), str(output.resolve()))
    settings = Settings(str(folder.resolve()), tier, key or _own_key(output), ids, hidden)
    mine = found.shard(every, number, count) if shard else every
    name = f"results.{number}-of-{count}.jsonl" if shard else "results.jsonl"
    version = graded_by(assignment, settings)
    at_once = jobs or (os.cpu_count() or 1) * (AT_ONCE if engine == "threads" else 1)
    try:
        with Ledger(output / name) as ledger, executor(engine, at_once, scheduler) as pool:
            _watched(run(mine, settings, version, ledger, pool, at_once), len(mine))
        lines = write_all(output, every, version, assignment, tier, passed)
    except (EngineError, LedgerError, RecordError) as error:
        raise Failure(str(error)) from None
    bad = [line for line in lines if line["status"] != "graded"]
    if passed:
        names = ", ".join(shown(name, 80) for name in passed)
        click.echo(f"unmagic: passed over, being no folder and no archive ({', '.join(ARCHIVES)}): {names}", err=True)
    click.echo(
        f"{len(lines)} of {len(every)} hand-ins in {output}/, {len(bad)} without a score; see {output / 'index.html'}"
    )
    if bad or passed:
        raise SystemExit(DIFFERENT)


def _own_key(output: Path) -> str:
    """The key of this class, drawn once: from the files alone a submission could foresee what it will be asked."""
    path = output / "key.txt"
    try:
        output.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            handle, beside = tempfile.mkstemp(prefix=".key.", dir=output)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(f"{secrets.token_hex(16)}\n")
            with contextlib.suppress(FileExistsError):
                os.link(beside, path)  # whole, or another shard's: shards begin at the same moment
            os.unlink(beside)
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise Failure(f"{path}: it cannot be used ({getattr(error, 'strerror', None) or error})") from None


def _watched(lines: Any, most: int) -> None:
    """Go through the lines and show how far we are: one line on a terminal, a line each 10 % elsewhere."""
    terminal, began, told = sys.stderr.isatty(), time.monotonic(), -1
    for number, line in enumerate(lines, 1):
        rate = number / max(time.monotonic() - began, 0.001)
        text = f"graded {number} of {most}, {rate:.1f} a second, last {line['id'][:40]}"
        if terminal:
            sys.stderr.write(f"\r\x1b[K{''.join(c for c in text if c.isprintable())[:100]}")
            sys.stderr.flush()
        elif 10 * number // most != told:
            told = 10 * number // most
            click.echo(f"graded {number} of {most}", err=True)
    if terminal:
        sys.stderr.write("\n")


def _shard(text: str) -> tuple[int, int]:
    if not text:
        return 1, 1
    number, slash, count = text.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise Failure(f"--shard {text!r} is not I/N with I from 1 to N, such as 3/20")
    return int(number), int(count)
