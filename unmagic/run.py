"""`unmagic run`: any Python program, unchanged, recorded from the outside."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import click

from tracer.recording import DEFAULT

from .errors import Failure
from .execute import execute
from .interpreter import chosen, scripts
from .processes import Looking, at_the_end, process, take_away_older, without_a_name
from .settings import ENGINES
from .sizes import Size
from .told import tell, tell_lost
from .words import Program, Run, program

BOOTSTRAP = Path(__file__).parent.parent / "tracer" / "recording" / "bootstrap.py"


@click.command(cls=Run, options_metavar="[OPTIONS]")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The trace. Default: PROGRAM.trace, here.")
@click.option("--scope", multiple=True, metavar="WORD", help="Record this instead of the default: program, installed, "
              "a package, a module of the standard library, module:function. May be repeated.")  # fmt: skip
@click.option("--exclude", multiple=True, metavar="WORD", help="Leave this out.")
@click.option("--lines", multiple=True, metavar="LANE", help="Record the executed lines of this library too.")
@click.option("--values/--no-values", default=True, show_default=True, help="Arguments and results.")
@click.option("--max-value", type=click.IntRange(min=0), default=1 << 17, show_default=True,
              help="Bytes or characters kept of one value.")  # fmt: skip
@click.option("--max-trace-size", type=Size(), default=0, metavar="SIZE",
              help="Stop recording, not the program, when a trace is as large as this, such as 500MB. "
              "Default: no bound.")  # fmt: skip
@click.option("--show-secrets", is_flag=True, help="Do not mask cookies, tokens and passwords.")
@click.option("--engine", type=click.Choice(ENGINES), default="auto", show_default=True,
              help="How to hook in; auto takes monitoring where Python has it (3.12).")  # fmt: skip
@click.option("--live", is_flag=True, help="Print each message as it completes, on standard error.")
@click.option("--python", metavar="PATH", help="The interpreter to run it with. Default: the active virtual "
              "environment's, else the one that `python` is.")  # fmt: skip
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="PROGRAM [ARGUMENT]...")
def run(
    output: Path | None, scope: tuple[str, ...], exclude: tuple[str, ...], lines: tuple[str, ...], values: bool,
    max_value: int, max_trace_size: int, show_secrets: bool, engine: str, live: bool, python: str | None,
    words: tuple[str, ...],
) -> None:  # fmt: skip
    """Run PROGRAM with its ARGUMENTS, and record what it does.

    \b
    unmagic run app.py                      as python app.py
    unmagic run -m flask --app chat run     as python -m flask --app chat run
    unmagic run flask --app chat run        as flask --app chat run

    It runs as it would without us, in its own virtual environment: same arguments, same output, same exit code, its
    signals its own. Options of ours stand before the program's name. A process that it forks off, starts by
    multiprocessing, or starts again as itself (a reloader) gets a trace of its own: app.2.trace, app.3.trace.

    What is not said here is looked up in the table [tool.unmagic] of the project's pyproject.toml, by the same names.

    Exit codes: the program's (128 and its number for a signal); 2, after one sentence, where it could not be begun.
    """
    interpreter = chosen(python, os.environ, sys.argv[0])
    found = program(words, scripts(interpreter))
    if not python and found.python:
        interpreter = found.python
    trace = (output or Path(f"{found.name}.trace")).absolute()
    make_room(trace, found)
    name = f"{time.time_ns():x}.{os.getpid()}"
    config = {
        "trace": str(trace),
        "engine": engine,
        "scope": list(scope or DEFAULT),
        "exclude": list(exclude),
        "lines": list(lines),
        "values": values,
        "max_value": max_value,
        "max_trace_size": max_trace_size,
        "show_secrets": show_secrets,
        "program": str(found.folder),
        "about": {"run": name},
    }
    watch = None
    if live:
        from .live import Beside  # what it shows messages with takes a while to load

        watch = Beside(Looking(trace, name).new)
    claimed, before = _claim(trace), _identity(trace)
    try:
        code = execute([interpreter, *found.options, str(BOOTSTRAP), json.dumps(config), *found.words], watch)
        try:
            processes = at_the_end(trace, name)
            if processes:
                tell_lost(without_a_name(trace, name))
                tell(processes, scope)
            elif code == 0 and _identity(trace) == before:  # where it was taken away, the recorder itself has said so
                raise Failure("nothing was recorded: Python did not run the program from its source text")
            # else it was said already, by the interpreter (it cannot compile the program) or the recorder
        except Failure as failure:
            failure.show()
            code = code or failure.exit_code  # what became of the program counts more than what became of the trace
    finally:
        if claimed and _identity(trace) == before:
            trace.unlink()
    sys.exit(code)


def _claim(trace: Path) -> bool:
    """Make an empty file where there is none, which the recorder fills: so it is known in the end whether the trace was
    taken away, or never begun."""
    try:
        trace.touch(exist_ok=False)
    except FileExistsError:
        return False
    except OSError as error:
        raise Failure(f"cannot write the trace {trace}: {error.strerror}") from None
    return True


def _identity(trace: Path) -> tuple[int, ...] | None:
    """What changes when a file is written or replaced."""
    try:
        found = trace.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def make_room(trace: Path, found: Program) -> None:
    """See that the trace can be written, and take away what an earlier run left beside it. Raises `Failure`."""
    if trace.exists() and any(os.path.exists(word) and trace.samefile(word) for word in found.words[:1]):
        raise Failure(f"the trace would take the place of the program {found.words[0]}: choose another -o")
    if not trace.parent.is_dir() or not os.access(trace.parent, os.W_OK):
        raise Failure(f"cannot write the trace {trace}: no folder that can be written to")
    old = process(trace) if trace.is_file() else None
    if old is not None and old.growing:
        raise Failure(f"{trace} is being written by another run: choose another -o")
    take_away_older(trace)
