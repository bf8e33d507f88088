"""`unmagic truth`: what reports are held against, made of traces and kept beside the checker."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

import click

from grader.hops import make
from grader.tasks import load as tasks
from grader.truth import FOLDER, Truth, TruthError, dump
from tracer.reading.lock import load
from tracer.reading.trace import Trace

from .errors import DIFFERENT, Failure, sentences


@click.command()
@click.argument("traces", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--name", default="today", show_default=True, help="What these versions are called.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Where to write it. Default: beside the checker, which then knows it.")  # fmt: skip
@click.option("--check", is_flag=True, help="Write nothing; compare with what is there.")
def truth(traces: Path, name: str, output: Path | None, check: bool) -> None:
    """Make what reports are held against of the scenarios' traces in the folder TRACES.

    It holds each task's chains as hops with their links, and which functions ran, so that `unmagic check --task` needs
    no recording.

    \b
    unmagic trace --pins pins/2022.txt -o traces/2022
    unmagic truth traces/2022 --name 2022

    Exit codes: 0 written, or the same; 1 with --check, where it differs; 2 bad input.
    """
    target = output or FOLDER / f"{name}.json"
    text = dump(of_folder(traces, name))
    if check:
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            click.echo(f"unmagic: {target} is not what these traces give", err=True)
            raise SystemExit(DIFFERENT)
        click.echo(f"{target} is what these traces give")
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(prefix=target.name + ".", dir=target.parent)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(beside, 0o644)
        os.replace(beside, target)
    except OSError as error:
        raise Failure(f"cannot write {target}: {error.strerror}") from None
    click.echo(f"{target}: written")


def of_folder(folder: Path, name: str) -> Truth:
    """The truth of all scenarios' traces in a folder. Raises `Failure`."""
    paths = [path for path in sorted(folder.glob("*.trace")) if path.stem != "ours"]
    if not paths:
        raise Failure(f"{folder} holds no trace; make some with unmagic trace -o {folder}")
    with ExitStack() as opened, sentences():
        return _make(name, {path.stem: opened.enter_context(Trace.open(path)) for path in paths})


def of_trace(path: Path) -> Truth:
    """The truth of one trace, for every chain that it holds a call of. Raises `Failure`."""
    with sentences(), Trace.open(path) as trace:
        every = {part.scenario for spec in tasks()[1].values() for part in spec.parts}
        every |= {name for task in tasks()[0].values() for name in task.scenarios}
        return _make(path.stem, dict.fromkeys(sorted(every), trace))  # it is the one thing that ran


def _make(name: str, traces: dict[str, Trace]) -> Truth:
    try:
        return make(name, traces, load())
    except TruthError as error:
        raise Failure(str(error)) from None
