"""`unmagic`: the group that the commands hang on."""

from __future__ import annotations

import gc
import io
import sys
from importlib import import_module

import click

from .rooms import ours_first

ours_first()  # before the rooms are imported

from .errors import Commands

#: The commands. Each is a function in the file of its name, which is imported when it is called: what the others need
#: takes longer to load than a first page may.
COMMANDS = (
    "trace", "pages", "run", "trace-call", "live", "report", "journeys", "show", "chain", "export", "scope",
    "check", "confirm", "emit", "diff", "lock", "truth", "symbols", "coursework", "doctor", "grade", "grade-class",
)  # fmt: skip
#: Those that are in the file of another.
FILES = {"emit": "confirm"}
#: How many more objects there may be before the interpreter looks for cycles among the young, the older, and all. A
#: command makes millions that stay until it ends: as it is set, it would look through them for a third of the time.
RARELY = 50_000, 20, 100


class Files(Commands):
    """The commands, each loaded from its file when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(import_module(f"unmagic.{FILES.get(name, name)}"), name)
        return command


@click.group(cls=Files, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="unmagic", message="unmagic %(version)s")
def main() -> None:
    """Takes the magic out of a library stack.

    Records what really runs, from the TCP socket to your code: every call, every byte, across threads; and shows
    it with links to the exact source lines, each proven.

    \b
    Exit codes: 0 all is well, 1 something differs (a check, a proof),
    2 bad input, told in one sentence. `unmagic run` exits as the program does.
    """
    gc.set_threshold(*RARELY)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show an arrow shows the rest
