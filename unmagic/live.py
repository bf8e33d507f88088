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
from tracer.reading.tail import State, Tail, tidy
from tracer.reading.trace import TraceError
from tracer.recording.behind import deaf

from .errors import Failure, sentences
from .processes import Looking, of_first, process
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
    WebSocket, each read and write is a line. Secrets are masked, as they are in the trace. Of a program that is
    several processes, all are followed, and a line says whose trace it is, where that is not TRACE. It ends with the
    recording, or by Ctrl-C; the recording goes on then.

    Exit codes: 0 the recording ended, 2 bad input, 130 stopped by Ctrl-C.
    """
    try:
        with sentences():
            first = Tail(trace)
            _await(first, wait)
            run = of_first(trace)
            to = console()
            count = follow(Looking(trace, run).new, to, time.sleep)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    last = process(trace)
    if last is not None and not last.growing:
        tidy(trace)
    if last is not None and not last.complete:
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


class _Followed:
    """One process's trace, and the conversations in it."""

    def __init__(self, path: Path, whose: str) -> None:
        self.tail = Tail(path)
        self.talks = Conversations(self.tail.again)
        self.whose = whose

    def show(self, lines: Iterable[Line], to: Console) -> int:
        """Print `lines`; how many they were."""
        count = 0
        for one in lines:
            told = drawn(one, datetime.fromtimestamp(self.tail.seconds(one.at)), room(to), self.whose)
            to.print(told, no_wrap=True, overflow="ellipsis", crop=to.is_terminal, soft_wrap=not to.is_terminal)
            count += 1
        return count


def follow(new: Callable[[], Iterable[Path]], to: Console, pause: Callable[[float], object]) -> int:
    """Print until every recording is over, or `pause`, which waits for so many seconds, gives something true. `new`
    gives the traces that were not there before. How many messages there were."""
    followed: list[_Followed] = []
    count, last = 0, False
    while True:
        followed += [_Followed(path, path.name if number else "") for number, path in enumerate(new(), len(followed))]
        for one in followed:
            count += one.show(one.talks.take(one.tail.poll(surely=last)), to)
        if any(one.tail.more for one in followed):
            continue
        if last or (followed and all(one.tail.over for one in followed)):
            return count + sum(one.show(one.talks.end(), to) for one in followed)
        last = bool(pause(INTERVAL))


class Beside:
    """Prints the messages of a program that runs, on standard error, from a thread of its own."""

    def __init__(self, new: Callable[[], Iterable[Path]]) -> None:
        """`new` gives the traces of this run that were not there before."""
        self._new = new
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="unmagic-live", daemon=True)

    def start(self) -> None:
        """Begin to look. A signal that came to this thread would not wake the main one, which passes it on."""
        with deaf():
            self._thread.start()

    def stop(self) -> None:
        """The program ended: print what is left."""
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        to = console(stderr=True)
        try:
            follow(self._new, to, self._done.wait)
        except TraceError as error:
            to.print(Text(f"unmagic: no more live messages: {error}"), soft_wrap=True)
        except OSError:
            pass  # nobody reads standard error any more: the program goes on


__all__ = ["Beside", "live"]
