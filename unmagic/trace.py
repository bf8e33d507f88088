"""`unmagic trace`: record the scenarios, each into a file of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tracer.scenarios import EVERY, PlayError, play
from tracer.scenarios.pinned import python_for

from .errors import DIFFERENT, Failure, sentences
from .progress import steps

NAMES = tuple(EVERY)


@click.command()
@click.argument("names", nargs=-1, metavar="[SCENARIO]...")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("traces"), show_default=True,
              help="Folder for the traces.")  # fmt: skip
@click.option("--engine", type=click.Choice(["auto", "settrace", "monitoring"]), default="auto", show_default=True,
              help="How to hook in; auto takes monitoring where Python has it (3.12).")  # fmt: skip
@click.option("--pins", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Record under the versions that this file pins, in an environment of its own.")  # fmt: skip
@click.option("--list", "only_list", is_flag=True, help="Show the scenarios, and stop.")
def trace(names: tuple[str, ...], output: Path, engine: str, pins: Path | None, only_list: bool) -> None:
    """Record scenarios: real Flask-Sock programs and their scripted clients.

    Without a name, all of them. A trace is an SQLite file; docs/trace-format.md tells what is in it.

    \b
    unmagic trace receive
    unmagic trace --pins pins/2022.txt -o traces/2022 receive send

    Exit codes: 0 recorded; 1 under --pins, where some programs did not do at these versions what their script expects
    (told one by one, the others are recorded); 2 bad input.
    """
    if only_list:
        for scenario in EVERY.values():
            click.echo(f"{scenario.name:14} {scenario.title}")
        return
    unknown = [name for name in names if name not in EVERY]
    if unknown:
        raise Failure(f"there is no scenario {unknown[0]!r}: choose from {', '.join(NAMES)}")
    wanted = names or NAMES
    paths = record(wanted, output, engine, pins)
    click.echo(f"{len(paths)} trace{'' if len(paths) == 1 else 's'} in {output}/")
    if len(paths) < len(wanted):
        raise SystemExit(DIFFERENT)


def record(names: tuple[str, ...], folder: Path, engine: str, pins: Path | None = None) -> dict[str, Path]:
    """Record each scenario into `folder`, under the versions of `pins` if there are any; the trace's path by name.
    Raises `Failure`."""
    with sentences():
        python = str(python_for(pins, lambda said: click.echo(said, err=True))) if pins else sys.executable
    if engine == "monitoring" and not hasattr(sys, "monitoring"):
        version = ".".join(map(str, sys.version_info[:2]))
        raise Failure(f"Python {version} has no sys.monitoring (3.12 brought it): choose the engine settrace or auto")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Failure(f"cannot make the folder {folder}: {error.strerror}") from None
    paths = {}
    for name in steps(names, "recording"):
        fresh = folder / f".{name}.new"
        try:
            with sentences():
                try:
                    play(name, fresh, engine=engine, python=python, leaves=pins is not None)
                except PlayError as error:
                    if pins is None:
                        raise
                    click.echo(f"unmagic: {error}", err=True)  # other versions may well behave otherwise
                    continue
            paths[name] = folder / f"{name}.trace"
            fresh.replace(paths[name])
        except OSError as error:
            raise Failure(f"cannot write the trace into {folder}: {error.strerror}") from None
        finally:
            for leftover in folder.glob(f".{name}.new*"):
                leftover.unlink(missing_ok=True)
    return paths
