"""What a stranger's process prints, kept within bounds however much it is: its beginning and its end."""

from __future__ import annotations

import threading
from collections import deque
from typing import IO

from .place import Output

KEPT = 1 << 15  # bytes of the beginning, and as many of the end


class Capture:
    """Reads `pipe` on a thread of its own until it ends, so that the process never waits for us."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self.total = 0
        self._head, self._tail, self._tail_size = bytearray(), deque[bytes](), 0
        self._lock = threading.Lock()
        self._pipe = pipe
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._pipe:
            while data := self._some():
                self._keep(data)

    def _some(self) -> bytes:
        try:
            return self._pipe.read1(1 << 16)  # type: ignore[attr-defined, no-any-return]
        except (OSError, ValueError):
            return b""

    def _keep(self, data: bytes) -> None:
        with self._lock:
            self.total += len(data)
            room = KEPT - len(self._head)
            self._head += data[:room]
            if rest := data[room:]:
                self._tail.append(rest)
                self._tail_size += len(rest)
            while self._tail_size - len(self._tail[0] if self._tail else b"") >= KEPT:
                self._tail_size -= len(self._tail.popleft())

    def output(self) -> Output:
        """What came so far, as text; what is no UTF-8 is replaced."""
        with self._lock:
            tail = b"".join(self._tail)[-KEPT:]
            cut = self.total - len(self._head) - len(tail)
            between = f"\n[… {cut} bytes …]\n".encode() if cut else b""
            return Output((bytes(self._head) + between + tail).decode(errors="replace"), cut)

    def join(self, timeout: float) -> None:
        """Wait until the pipe has ended."""
        self._thread.join(timeout)
