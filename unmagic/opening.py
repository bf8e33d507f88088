"""Traces opened for a command: of a long one the first page is shown at once, and the rest is read with progress.

The first page is a line for each of the first messages, as `unmagic live` tells them: they are read from the wire
events, whose number does not matter. What calls a message passed is known only when the tables are there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console

from report.live import Conversations, Line
from report.terminal import line as drawn
from tracer.reading.tail import Tail
from tracer.reading.trace import Trace

from .terminal import plain, room

#: Bytes of events from which on a trace is long: some 200,000 calls, which take seconds to follow.
LONG = 4 << 20
#: Messages of the first page.
PAGE = 20
#: Bytes of events that are looked through to say about how many calls there are.
SAMPLE = 1 << 20


class _Reading:
    """Tells on standard error how far the tables of a trace are made: a bar on a terminal, else a line."""

    def __init__(self, path: Path) -> None:
        self._label = f"reading all of {path.name}, once"
        self._begun = False
        self._bar = click.progressbar(length=0, label=self._label, file=sys.stderr)

    def __call__(self, done: int, whole: int) -> None:
        if whole <= LONG:
            return
        if not self._begun:
            self._begun = True
            if not sys.stderr.isatty():
                click.echo(self._label, err=True)
            self._bar.length = whole
        if sys.stderr.isatty():
            self._bar.update(done)

    def end(self) -> None:
        if self._begun and sys.stderr.isatty():
            self._bar.render_finish()


@contextmanager
def whole(path: Path) -> Iterator[Trace]:
    """The whole trace at `path`; where its tables have to be made, and that takes a while, it is seen. Raises
    `TraceError`."""
    reading = _Reading(path)
    try:
        trace = Trace.open(path, reading)
    finally:
        reading.end()
    with trace:
        yield trace


def is_long(path: Path) -> bool:
    """Whether a trace is long. Raises `TraceError`."""
    with Trace.open_at_once(path) as trace:
        return trace.size > LONG


def first_page(path: Path, to: Console) -> str:
    """Print the first messages of a long trace, and what is not known of it yet; the name of the first one, '' where
    there is none. Raises `TraceError`."""
    with Trace.open_at_once(path) as trace:
        count = trace.count(SAMPLE)
    tail = Tail(path)
    lines, more = _first(tail)
    for one in lines:
        told = drawn(one, datetime.fromtimestamp(tail.seconds(one.at)), room(to))
        to.print(told, no_wrap=True, overflow="ellipsis", crop=to.is_terminal, soft_wrap=not to.is_terminal)
    calls = f"{count.calls:,} calls" if count.exact else f"about {round(count.calls, -3):,} calls"
    shown = "its first messages" if more else "all its messages" if lines else "no message in it"
    to.print(plain(f"{path} is long, {calls}: {shown}, and no call was read yet."), soft_wrap=True)
    return f"w{lines[0].wire}" if lines else ""


def _first(tail: Tail) -> tuple[list[Line], bool]:
    """The first messages, in the order in which they were complete; whether there are more."""
    talks = Conversations(tail.again)
    lines: list[Line] = []
    while len(lines) <= PAGE:
        lines += talks.take(tail.poll(surely=True))
        if not tail.more:
            lines += talks.end()
            break
    return lines[:PAGE], len(lines) > PAGE
