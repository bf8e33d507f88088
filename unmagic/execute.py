"""Runs the recorded program as our child, and is not in its way: its signals go to it, its end is ours."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .errors import Failure
from .witness import Witness

if TYPE_CHECKING:
    from .live import Beside

#: What comes to us alone, and is meant for the program.
PASSED_ON = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
#: What a terminal sends to all that run in its foreground: the program has it already, and we wait for what it does.
#: Where it came to us alone, it is passed on.
OF_ALL = ("SIGINT", "SIGQUIT")


def execute(command: list[str], watch: Beside | None) -> int:
    """The exit code of `command`, as a shell tells it. Raises `Failure` where it cannot be started."""
    early: list[int] = []
    with _witness() as alone, _handled(early.append, alone) as receivers:
        try:
            process = subprocess.Popen(command)
        except OSError as error:
            raise Failure(f"cannot start {command[0]}: {error.strerror}") from None
        receivers.append(process.send_signal)
        for number in early:
            process.send_signal(number)
        if watch is not None:
            watch.start()
        try:
            code = process.wait()
        finally:
            if watch is not None:
                watch.stop()
    return 128 - code if code < 0 else code


@contextmanager
def _witness() -> Iterator[Callable[[int], bool]]:
    """What tells whether a signal came to us alone; where there is no fork, none ever did."""
    if not hasattr(os, "fork"):
        yield lambda number: False
        return
    witness = Witness(_numbers(OF_ALL), _numbers(PASSED_ON))
    try:
        yield lambda number: not witness.has_it(number)
    finally:
        witness.end()


def _numbers(names: tuple[str, ...]) -> list[int]:
    """Those of these signals that there are here, and that are not ignored."""
    found = (getattr(signal, name) for name in names if hasattr(signal, name))
    return [number for number in found if signal.getsignal(number) is not signal.SIG_IGN]


@contextmanager
def _handled(early: Callable[[int], object], alone: Callable[[int], bool]) -> Iterator[list[Callable[[int], object]]]:
    """Give each signal to the last one of the list that is yielded. A handler is no part of the program, as a signal
    that is ignored would be; where one is ignored already, it stays so for the program, too."""
    receivers = [early]

    def pass_on(number: int, _: object) -> None:
        receivers[-1](number)

    def pass_on_if_alone(number: int, _: object) -> None:
        if alone(number):
            receivers[-1](number)

    before = {}
    for names, handler in ((PASSED_ON, pass_on), (OF_ALL, pass_on_if_alone)):
        for number in _numbers(names):
            before[number] = signal.signal(number, handler)
    try:
        yield receivers
    finally:
        for number, handler_before in before.items():
            signal.signal(number, handler_before)
