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
PATIENCE = 1.0


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
        until = monotonic() + PATIENCE
        while not self._noted[number]:
            if not select.select([self._seen], [], [], max(0.0, until - monotonic()))[0]:
                return False
            with suppress(BlockingIOError):
                noted = os.read(self._seen, 1)
                if not noted:
                    return True
                self._noted.update(noted)
        self._noted[number] -= 1
        return True

    def end(self) -> None:
        """Let it go, and wait for its end."""
        os.close(self._life)
        os.waitpid(self._process, 0)
        os.close(self._seen)
