"""Tells whether a signal that came to us came to our whole process group: a process that does nothing else has it then.

A terminal sends Ctrl-C to all that run in its foreground, and so does who signals a group: then the program has it
already. `kill -INT` of our process alone is meant for the program, and only we have it. Nothing else tells them apart.
"""

from __future__ import annotations

import os
import select
import signal
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic

#: Seconds until a signal that the witness has not got is taken for ours alone: it may have to wait for a processor.
#: Where the system tells whether it does (Linux), so many for which it has had nothing to do; and at most.
PATIENCE, MOMENT, MOST = 1.0, 0.05, 10.0


class Witness:
    """A process in our group that notes signals. It ends with us, however we end."""

    def __init__(self, noted: Sequence[int], ignored: Sequence[int]) -> None:
        """Fork it off, before any thread is begun. It notes some signals, and is not ended by others."""
        self._seen, tells = os.pipe()
        lives, self._life = os.pipe()
        self._noted: Counter[int] = Counter()
        self._process = os.fork()
        if self._process:
            os.close(tells)
            os.close(lives)
            os.set_blocking(self._seen, False)
            return
        try:
            for number in (0, 1, 2, self._seen, self._life):  # nobody who reads our output waits for its end
                with suppress(OSError):
                    os.close(number)
            for signal_ in ignored:
                signal.signal(signal_, signal.SIG_IGN)
            for signal_ in noted:
                signal.signal(signal_, lambda number, _: os.write(tells, bytes([number])))
            os.read(lives, 1)
        finally:
            os._exit(0)

    def has_it(self, number: int) -> bool:
        """Whether it has got the signal, too, that we have just got; True where that cannot be told. Another signal may
        come, and be asked about, meanwhile."""
        begun = idle = monotonic()
        while not self._noted[number]:
            if select.select([self._seen], [], [], MOMENT / 5)[0]:
                with suppress(BlockingIOError):
                    noted = os.read(self._seen, 1)
                    if not noted:
                        return True
                    self._noted.update(noted)
                continue
            waits, now = self._waits(number), monotonic()
            idle = idle if waits else now
            over = now - begun > PATIENCE if waits is None else now - idle > MOMENT
            if over or now - begun > MOST:
                return False
        self._noted[number] -= 1
        return True

    def _waits(self, number: int) -> bool | None:
        """Whether it does nothing but wait, and no such signal is on its way to it. None where that cannot be told."""
        try:
            with open(f"/proc/{self._process}/status", encoding="ascii", errors="replace") as file:
                told = dict(line.split(":", 1) for line in file if ":" in line)
            coming = int(told["SigPnd"], 16) | int(told["ShdPnd"], 16)
        except (OSError, KeyError, ValueError):
            return None
        return told["State"].split()[0] == "S" and not coming >> number - 1 & 1

    def end(self) -> None:
        """Let it go, and wait for its end."""
        os.close(self._life)
        os.waitpid(self._process, 0)
        os.close(self._seen)
