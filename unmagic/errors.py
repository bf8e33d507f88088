"""How every command fails: one sentence on stderr, a documented exit code, no traceback."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import IO, Any

import click

#: Exit codes, as `unmagic --help` tells them.
DIFFERENT, BAD_INPUT = 1, 2


class Failure(click.ClickException):
    """One sentence, and the exit code 2."""

    exit_code = BAD_INPUT

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the sentence, with the program's name before it."""
        click.echo(f"unmagic: {self.format_message()}", file=file, err=True)


class Commands(click.Group):
    """A group that refuses a wrong command line as it does every other bad input: in one sentence."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As Click does, for what stands before the command."""
        with _usage():
            return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As Click does; of one that there is not, the nearest is told, whether it is loaded or not."""
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            near = get_close_matches(name, self.list_commands(ctx), 1)
            ctx.fail(f"No such command {name!r}" + (f" (did you mean {near[0]!r}?)" if near else ""))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """As Click does, for the command and all that stands after it."""
        with _usage():
            return super().invoke(ctx)


@contextmanager
def _usage() -> Iterator[None]:
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise  # `unmagic` alone: the help
    except OSError as error:  # what was told could not be written: a full disk, a closed pipe
        if error.errno == errno.EPIPE:
            raise
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)  # else the interpreter tries once more at its end
        raise Failure(f"cannot write: {error.strerror or error}") from None
    except click.UsageError as error:
        said, _, near = " ".join(error.format_message().split()).rstrip(".").partition(". Did you mean ")
        said += f" (did you mean {near})" if near else ""
        where = f"; see {error.ctx.command_path} --help" if error.ctx else ""
        raise Failure(said[:1].lower() + said[1:] + where) from None


@contextmanager
def sentences() -> Iterator[None]:
    """Turns the errors of the other rooms into failures of the command."""
    try:
        yield
    except Exception as error:
        if isinstance(error, _told()):
            raise Failure(str(error)) from None
        raise


def _told() -> tuple[type[Exception], ...]:
    """What the other rooms raise with a sentence. Looked up only now: most commands end well, and begin faster so."""
    from report.notes import ReportError
    from tracer.reading.lock import LockError
    from tracer.reading.trace import TraceError
    from tracer.recording import RecorderError
    from tracer.scenarios import PlayError

    return PlayError, RecorderError, ReportError, TraceError, LockError
