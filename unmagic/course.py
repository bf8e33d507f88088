"""`unmagic report --for-course`: the report in the assignment's template, in one or more formats."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from report import build
from report.course.formats import FORMATS
from report.course.layout import layout
from report.course.make import make
from report.course.purposes import purposes
from report.notes import ReportError
from report.view.purpose import TODO

from .opening import whole

#: The files' name without its ending, and of what was there before.
NAME, BEFORE = "course", "course.before.md"


def write(trace: Path, folder: Path, formats: Sequence[str]) -> None:
    """Write the report on `trace` into `folder`, with the purposes that its author wrote into the one there."""
    chosen = list(dict.fromkeys(formats or ("md",)))
    build.ask(folder)
    old = _there(folder / f"{NAME}.md")
    with whole(trace) as opened:
        click.echo(f"reading {trace}", err=True)
        try:
            document = layout(make(opened), purposes(old))
        except RecursionError:
            raise ReportError(f"{trace}: its calls are nested too deeply to be told") from None
    files: dict[str, str | bytes] = {}
    for name in chosen:
        click.echo(f"making {NAME}.{name}", err=True)
        files[f"{NAME}.{name}"] = FORMATS[name](document)
    kept = "md" in chosen and bool(old) and old.encode() != files[f"{NAME}.md"]
    build.write({**files, **({BEFORE: old} if kept else {})}, folder)
    click.echo(f"{' and '.join(str(folder / f'{NAME}.{name}') for name in chosen)}")
    waiting = FORMATS["md"](document).decode().count(f"{TODO}.")
    if waiting:
        told = "1 purpose is" if waiting == 1 else f"{waiting} purposes are"
        where = f"in {folder / f'{NAME}.md'}" if "md" in chosen or old else "in what --format md writes"
        click.echo(f"{told} yours to write: replace each {TODO!r} {where}, then make it again", err=True)
    if kept:
        click.echo(f"what was there before is in {folder / BEFORE}", err=True)


def _there(path: Path) -> str:
    """The report that is there already, '' where there is none. Raises `ReportError`."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise ReportError(
            f"{path} is not UTF-8 text (byte {error.start}), so what you wrote in it would be lost"
        ) from None
    except OSError as error:
        raise ReportError(f"cannot read {path}: {error.strerror or error}") from None
