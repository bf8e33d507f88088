"""`unmagic symbols`: put files of commits into the table that the checker knows without their source."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from grader.links import resolve
from grader.sources.mirrors import Mirrors
from grader.sources.source import Source
from grader.sources.table import TABLE_FILE, dump, load, row

from .errors import Failure


@click.command()
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@click.option("--mirrors", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True,
              help="A folder of git clones, in which the commits are.")  # fmt: skip
@click.option("--table", type=click.Path(path_type=Path, dir_okay=False), default=TABLE_FILE,
              help="The table to write; unmagic's own where not given.")  # fmt: skip
def symbols(urls: tuple[str, ...], mirrors: Path, table: Path) -> None:
    """Add the file behind each URL to the table of symbols.

    The table holds no source: the names, lines and doings of files at commits that reports cite again and again, so
    that `unmagic check` can judge links to them on a machine that has neither the release nor a clone.

    \b
    unmagic symbols --mirrors ~/clones https://github.com/pallets/flask/blob/COMMIT/src/flask/app.py

    Exit codes: 0 written, 2 bad input (nothing is written).
    """
    try:
        rows = {(one["repository"], one["reference"], one["path"]): one for one in load(table)}
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise Failure(f"{table}: it is no table of symbols ({error}).") from None
    for url in urls:
        link = resolve(url)
        found = Mirrors(mirrors).find(link) if link.kind == "code" and not link.moves else None
        if not isinstance(found, Source) or found.symbols.partial:
            raise Failure(f"{url}: no clone in {mirrors} has this file at this commit, or it is no Python.")
        rows[link.repository, link.reference, link.path] = row(link, found.symbols)
    handle, beside = tempfile.mkstemp(prefix=table.name + ".", dir=table.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(dump(list(rows.values())))
    os.chmod(beside, 0o644)
    os.replace(beside, table)
    click.echo(f"{len(urls)} files added, {len(rows)} in {table}")
