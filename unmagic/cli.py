"""`unmagic`: the group that the commands hang on."""

from __future__ import annotations

import io
import sys

import click

from .chain import chain
from .errors import Commands
from .export import export
from .journeys import journeys
from .live import live
from .lock import lock
from .pages import pages
from .report import report
from .run import run
from .scope import scope
from .show import show
from .trace import trace


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="unmagic", message="unmagic %(version)s")
def main() -> None:
    """Takes the magic out of a library stack.

    Records what really runs, from the TCP socket to your code: every call, every byte, across threads; and shows
    it with links to the exact source lines, each proven.

    \b
    Exit codes: 0 all is well, 1 something differs (a check, a proof),
    2 bad input, told in one sentence. `unmagic run` exits as the program does.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show an arrow shows the rest


for command in (trace, pages, run, live, report, journeys, show, chain, export, scope, lock):
    main.add_command(command)
