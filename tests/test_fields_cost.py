"""What the fields cost: time is linear in the bytes, and none is touched often."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from helpers_fields import ANSWER, ASK, CHUNKED, GET, MASK, agreed, frame

from tracer.reading.fields import dissect


def _final_blocks(n: int) -> bytes:
    """A compressed message of empty DEFLATE blocks that each say that they are the last."""
    return frame(2, b"\x03\x00" * (n // 2), rsv=4)


SHAPES: dict[str, Callable[[int], tuple[bytes, bytes]]] = {
    "noise": lambda n: (bytes(range(256)) * (n // 256), b""),
    "empty lines": lambda n: (b"\r\n" * (n // 2), b""),
    "requests": lambda n: (GET * (n // len(GET)), b""),
    "folds": lambda n: (b"GET / HTTP/1.1\r\nA: b\r\n" + b" c\r\n" * (n // 4), b""),
    "chunks": lambda n: (CHUNKED + b"1\r\nx\r\n" * (n // 6), b""),
    "responses": lambda n: (GET, b"HTTP/1.1 100 C\r\n\r\n" * (n // 18)),
    "frames": lambda n: (ASK + frame(1, b"x", MASK) * (n // 7), ANSWER),
    "fragments": lambda n: (ASK, agreed() + frame(1, b"", fin=False, rsv=4) + frame(0, b"", fin=False) * (n // 2)),
    "one frame": lambda n: (ASK + frame(2, b"x" * n * 20, MASK), ANSWER),
    "final blocks": lambda n: (ASK, agreed() + _final_blocks(n * 50)),
    "http on it": lambda n: (ASK, ANSWER + b"HTTP/1.1 200 OK\r\n\r\n\x89\x00" * (n // 21)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_time_is_linear_in_size(shape: str) -> None:
    """Eight times the bytes may take eight times as long; a quadratic step would take 64 times."""

    def cost(size: int) -> float:
        pair = SHAPES[shape](size)
        best = float("inf")
        for _ in range(3):
            began = time.process_time()
            dissect(*pair)
            best = min(best, time.process_time() - began)
        return best

    assert cost(16_000) < 30 * max(cost(2_000), 0.0005)


class Counted(bytes):
    """Bytes that count how many of them were copied or searched."""

    touched = 0

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        Counted.touched += len(found) if isinstance(found, bytes) else 1
        return found

    def find(self, sub: Any, start: Any = 0, stop: Any = None) -> int:
        found = super().find(sub, start, stop)
        Counted.touched += (len(self) if found < 0 else found) - (start or 0)
        return found


@pytest.mark.parametrize("shape", SHAPES)
def test_no_byte_is_touched_often(shape: str) -> None:
    """Copies are quick, so a quadratic number of them would hide from a clock in streams of this size."""
    received, sent = SHAPES[shape](16_000)
    Counted.touched = 0
    dissect(Counted(received), Counted(sent))
    assert 0 < Counted.touched < 10 * (len(received) + len(sent))
