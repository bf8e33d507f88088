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

#: The commands as the help lists them: by what one comes for, in the order in which one needs them, with a sentence
#: that fits into a line. Each is a function in the file of its name, which is imported when it is called: what the
#: others need takes longer to load than a first page may.
COMMANDS = {
    "Record a program": {
        "run": "Run a program as it is, and record what it does.",
        "live": "Print the messages of a recording while it goes on.",
        "trace-call": "Call one function, and record what it does.",
    },
    "Look at a trace": {
        "report": "Write a page to step through, or the report for a course.",
        "journeys": "List the values that came from a socket, or went to one.",
        "show": "Draw the messages, or the way of one value.",
        "chain": "Show one call with all that ran inside it, or led to it.",
        "scope": "Tell which files were recorded, and why.",
        "diff": "Put the chains of two traces side by side.",
        "export": "Write it for Wireshark, Perfetto, VS Code and others.",
    },
    "Check a report": {
        "check": "Hold a report's links and chains against what really ran.",
        "confirm": "Confirm the points that were suggested, or change them.",
        "emit": "Write confirmed points for another system.",
    },
    "Rebuild the stack, and grade": {
        "coursework": "Hand out a starter, and try your own, stage by stage.",
        "grade": "Grade one hand-in, in a sandbox.",
        "grade-class": "Grade the hand-ins of a class.",
        "doctor": "Say which sandbox this machine has.",
    },
    "Make Flask-Sock's own report": {
        "trace": "Record the scenarios, under these versions or others.",
        "pages": "Write report/flask_sock, or compare it with what is there.",
        "truth": "Make what reports are held against.",
        "lock": "Show, or prove, for which releases links are proven.",
        "symbols": "Add files to the table that the checker knows.",
    },
}
#: Those that are in the file of another.
FILES = {"emit": "confirm"}
#: How many more objects there may be before the interpreter looks for cycles among the young, the older, and all. A
#: command makes millions that stay until it ends: as it is set, it would look through them for a third of the time.
RARELY = 50_000, 20, 100


class Files(Commands):
    """The commands, each loaded from its file when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return sorted(name for commands in COMMANDS.values() for name in commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As Click does, group by group; and nothing is imported for it."""
        width = max(map(len, self.list_commands(ctx)))
        for heading, commands in COMMANDS.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(width), said) for name, said in commands.items()])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; None where there is none."""
        if cmd_name not in self.list_commands(ctx):
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
    To begin:    unmagic run app.py
                 unmagic report app.trace --open

    \b
    Exit codes: 0 all is well, 1 something differs (a check, a proof),
    2 bad input, told in one sentence. `unmagic run` exits as the program does.
    """
    gc.set_threshold(*RARELY)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show an arrow shows the rest
