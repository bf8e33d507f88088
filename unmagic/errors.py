"""How every command fails: one sentence on stderr, a documented exit code, no traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from report.notes import ReportError
from tracer.reading.lock import LockError
from tracer.reading.trace import TraceError
from tracer.recording import RecorderError
from tracer.scenarios import PlayError

#: Exit codes, as `unmagic --help` tells them.
DIFFERENT, BAD_INPUT = 1, 2


class Failure(click.ClickException):
    """One sentence, and the exit code 2."""

    exit_code = BAD_INPUT

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the sentence, with the program's name before it."""
        click.echo(f"unmagic: {self.format_message()}", file=file, err=True)


@contextmanager
def sentences() -> Iterator[None]:
    """Turns the errors of the other rooms into failures of the command."""
    try:
        yield
    except (PlayError, RecorderError, ReportError, TraceError, LockError) as error:
        raise Failure(str(error)) from None
