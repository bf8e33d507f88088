"""`unmagic live`: each message of a running recording, printed as it completes; the same for `unmagic run --live`."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from report.live import Conversations, Line
from report.terminal import line as drawn
from tracer.reading.tail import State, Tail
from tracer.reading.trace import TraceError

from .errors import Failure, sentences
from .terminal import console, room

#: Seconds between two looks at the trace: the recorder writes as often.
INTERVAL = 0.05
#: The exit code of whoever is stopped by Ctrl-C, in every shell.
INTERRUPTED = 130


@click.command()
@click.argument("trace", type=click.Path(path_type=Path))
@click.option("--wait", is_flag=True,
              help="Wait until a recording begins there; a finished trace that lies there is passed over.")  # fmt: skip
def live(trace: Path, wait: bool) -> None:
    """Print the messages in TRACE as they complete, while `unmagic run` writes it, like `tail -f`.

    \b
    In one terminal:    unmagic run app.py
    In another one:     unmagic live app.trace
    Or in one:          unmagic run --live app.py
    Before the run:     unmagic live --wait app.trace

    \b
    A line has the time, → for what arrived or ← for what was sent, what it is,
    its size, what it says, its connection, and the name by which
    `unmagic show TRACE NAME` draws it:

    \b
    12:04:31.027 → text    11 bytes  Hello                     connection 2  w17

    A message that needs several reads is printed when its last byte came. Of a protocol that is neither HTTP nor
    WebSocket, each read and write is a line. Secrets are masked, as they are in the trace. It ends with the recording,
    or by Ctrl-C; the recording goes on then.

    Exit codes: 0 the recording ended, 2 bad input, 130 stopped by Ctrl-C.
    """
    try:
        with sentences():
            tail = Tail(trace)
            _await(tail, wait)
            to = console()
            count = follow(tail, to, time.sleep)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    if tail.broken:
        click.echo("unmagic: the program ended at once; the trace has what was written until then", err=True)
    messages = "1 message" if count == 1 else f"{count:,} messages"
    click.echo(f"unmagic: the recording ended, {messages}; next, unmagic show {trace}", err=True)


def _await(tail: Tail, wait: bool) -> None:
    state = tail.state()
    while wait and state is not State.GROWING:
        time.sleep(INTERVAL)
        state = tail.state()
    if state is State.ABSENT:
        raise Failure(f"there is no trace at {tail.path}; with --wait, one is waited for")


def follow(tail: Tail, to: Console, pause: Callable[[float], object]) -> int:
    """Print until the recording is over, or `pause`, which waits for so many seconds, gives something true. How many
    messages there were."""
    talks = Conversations(tail.again)
    count = _print(talks.take(tail.poll()), tail, to)
    last = False
    while not (tail.over or (last and not tail.more)):
        last = last or (not tail.more and bool(pause(INTERVAL)))
        count += _print(talks.take(tail.poll(surely=last)), tail, to)
    return count + _print(talks.end(), tail, to)


def _print(lines: Iterable[Line], tail: Tail, to: Console) -> int:
    count = 0
    for one in lines:
        told = drawn(one, datetime.fromtimestamp(tail.seconds(one.at)), room(to))
        to.print(told, no_wrap=True, overflow="ellipsis", crop=to.is_terminal, soft_wrap=not to.is_terminal)
        count += 1
    return count


class Beside:
    """Prints the messages of a program that runs, on standard error, from a thread of its own."""

    def __init__(self, trace: Path, begun: Callable[[], bool]) -> None:
        """`begun` tells whether what lies at `trace` is this run's."""
        self._trace, self._begun = trace, begun
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="unmagic-live", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """The program ended: print what is left."""
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        to = console(stderr=True)
        try:
            while not self._begun() or Tail(self._trace).state() is State.ABSENT:
                if self._done.wait(INTERVAL) and not self._begun():
                    return
            follow(Tail(self._trace), to, self._done.wait)
        except TraceError as error:
            to.print(Text(f"unmagic: no more live messages: {error}"), soft_wrap=True)
        except OSError:
            pass  # nobody reads standard error any more: the program goes on


__all__ = ["Beside", "live"]
