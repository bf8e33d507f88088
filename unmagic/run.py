"""`unmagic run`: any Python program, unchanged, recorded from the outside."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import click

from tracer.reading.repository import note_repository
from tracer.reading.trace import Trace, TraceError
from tracer.recording import DEFAULT

from .errors import Failure
from .live import Beside

BOOTSTRAP = Path(__file__).parent.parent / "tracer" / "recording" / "bootstrap.py"


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The trace. Default: PROGRAM.trace, here.")
@click.option("--scope", multiple=True, metavar="WORD", help="Record this instead of the default: program, installed, "
              "a package, a module of the standard library, module:function. May be repeated.")  # fmt: skip
@click.option("--exclude", multiple=True, metavar="WORD", help="Leave this out.")
@click.option("--lines", multiple=True, metavar="LANE", help="Record the executed lines of this library too.")
@click.option("--values/--no-values", default=True, show_default=True, help="Arguments and results.")
@click.option("--max-value", type=click.IntRange(min=0), default=1 << 17, show_default=True,
              help="Bytes or characters kept of one value.")  # fmt: skip
@click.option("--show-secrets", is_flag=True, help="Do not mask cookies, tokens and passwords.")
@click.option("--engine", type=click.Choice(["auto", "settrace", "monitoring"]), default="auto", show_default=True)
@click.option("--live", "beside", is_flag=True, help="Print each message as it completes, on standard error.")
@click.option("--python", default=sys.executable, metavar="PATH", help="The interpreter to run it with.")
@click.argument("program", type=click.Path(path_type=Path))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(
    output: Path | None, scope: tuple[str, ...], exclude: tuple[str, ...], lines: tuple[str, ...], values: bool,
    max_value: int, show_secrets: bool, engine: str, beside: bool, python: str, program: Path,
    arguments: tuple[str, ...],
) -> None:  # fmt: skip
    """Run PROGRAM with its ARGUMENTS, and record what it does.

    It runs as it would without us: same arguments, same output, same exit code.
    """
    if not program.is_file():
        raise Failure(f"there is no program at {program}")
    trace = (output or Path(f"{program.stem}.trace")).absolute()
    if trace.exists() and trace.samefile(program):
        raise Failure(f"the trace would take the place of the program {program}: choose another -o")
    if not trace.parent.is_dir() or not os.access(trace.parent, os.W_OK):
        raise Failure(f"cannot write the trace {trace}: no folder that can be written to")
    config = {
        "trace": str(trace),
        "engine": engine,
        "scope": list(scope or DEFAULT),
        "exclude": list(exclude),
        "lines": list(lines),
        "values": values,
        "max_value": max_value,
        "show_secrets": show_secrets,
        "program": str(program.absolute().parent),
    }
    before = _identity(trace)
    watch = Beside(trace, lambda: _identity(trace) not in (None, before)) if beside else None
    code = _execute([python, str(BOOTSTRAP), json.dumps(config), str(program), *arguments], python, watch)
    try:
        _tell(trace, scope, _identity(trace) not in (None, before), code)
    except Failure as failure:
        failure.show()
        code = code or failure.exit_code  # what became of the program counts more than what became of the trace
    sys.exit(code)


def _identity(trace: Path) -> tuple[int, ...] | None:
    """What changes when a file is written or replaced: by it an older trace is not taken for this run's."""
    try:
        found = trace.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _execute(command: list[str], python: str, watch: Beside | None) -> int:
    try:
        process = subprocess.Popen(command)
    except OSError as error:
        raise Failure(f"cannot start {python}: {error.strerror}") from None
    ours = {signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN)}  # Ctrl-C is the program's; we wait for it
    for number in (signal.SIGTERM, signal.SIGHUP):  # these come to us alone, and are meant for it
        ours[number] = signal.signal(number, lambda told, _: process.send_signal(told))
    if watch is not None:
        watch.start()
    try:
        code = process.wait()
    finally:
        if watch is not None:
            watch.stop()
        for number, handler in ours.items():
            signal.signal(number, handler)
    return 128 - code if code < 0 else code


def _tell(trace: Path, scope: tuple[str, ...], written: bool, code: int) -> None:
    """What was recorded, in three lines, on stderr, so that the program's output stays its own."""
    if not written:
        if code == 0:
            raise Failure("nothing was recorded: Python did not run the program from its source text")
        return  # said already, by the interpreter (it cannot compile the program) or the recorder (it cannot start)
    try:
        opened = Trace.open(trace)
        note_repository(trace)
        with opened:
            calls, wires, threads = len(opened.calls), len(opened.wires), len(opened.threads)
            masked = sum(int(v) for k, v in opened.meta.items() if k.startswith("masked."))
            faults, lost = opened.meta.get("faults", ""), opened.meta.get("lost", "")
            complete = "complete" in opened.meta
            forks = int(opened.meta.get("forks", "0"))
            unused = [word for word in opened.meta.get("unmatched", "").split() if word in scope]
    except (TraceError, sqlite3.Error) as error:
        raise Failure(str(error)) from None
    if faults and not calls:
        raise Failure(f"nothing was recorded: {faults.splitlines()[0]}")
    if not calls and complete:
        raise Failure(f"nothing was recorded: the scope {' '.join(scope or DEFAULT)} matched no call of the program")
    if not calls:
        raise Failure("nothing was recorded: the program ended before anything was written")
    counts = ((calls, "call"), (threads, "thread"), (wires, "socket event"), (masked, "masked secret"))
    told = ", ".join(f"{count:,} {thing}{'' if count == 1 else 's'}" for count, thing in counts)
    click.echo(f"unmagic: {told}", err=True)
    if faults:
        click.echo(f"unmagic: the recorder stopped early, by a fault of its own: {faults.splitlines()[0]}", err=True)
    elif not complete:
        click.echo("unmagic: the program ended at once; the trace has what was written until then", err=True)
    if lost:
        click.echo(f"unmagic: {lost}", err=True)
    if forks:
        processes = "a process" if forks == 1 else f"{forks} processes"
        click.echo(f"unmagic: the program forked off {processes}; what ran there is not in the trace", err=True)
    for word in unused:
        click.echo(f"unmagic: the scope word {word!r} matched nothing", err=True)
    click.echo(f"unmagic: the trace is {os.path.relpath(trace)}", err=True)
    click.echo(f"unmagic: next, unmagic scope {os.path.relpath(trace)}", err=True)
