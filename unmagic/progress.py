"""Progress of long work: a bar on a terminal, one quiet line a step otherwise."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import click


def steps(names: Sequence[str], doing: str) -> Iterator[str]:
    """Yield each name, showing how far we are."""
    if not sys.stderr.isatty():
        for number, name in enumerate(names, 1):
            click.echo(f"{doing} {number}/{len(names)} {name}", err=True)
            yield name
        return
    with click.progressbar(names, label=doing, file=sys.stderr, item_show_func=lambda name: name or "") as bar:
        yield from bar
