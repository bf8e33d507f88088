"""What becomes of a payload when the mask is used wrongly: each wrong way is tried, and that which fits is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from ..wire import masked


def mistakes(payload: bytes, key: bytes, edges: Sequence[int] = ()) -> Iterator[tuple[bytes, str]]:
    """(what would come, the sentence) for every mistake known. `edges`: where in the payload a new segment began."""
    raw = masked(payload, key)
    yield raw, "the payload is still masked: XOR byte i with key[i % 4] (5.3)"
    yield (
        masked(raw, key[::-1]),
        "the masking key is used in reverse: byte i belongs to key[i % 4], as the key stands on the wire",
    )
    yield (
        masked(raw, key[:1] * 4),
        "every byte was XORed with the first byte of the masking key: byte i belongs to key[i % 4]",
    )
    yield masked(raw[:4], key) + raw[4:], "only the first 4 bytes were unmasked: the masking key repeats, key[i % 4]"
    for shift in (1, 2, 3):
        yield (
            masked(raw, key, shift),
            f"the masking key is {shift} off: its first byte belongs to the first byte of the payload",
        )
    for size in (2, 3, 5, 8):
        yield _every(raw, key, size), f"the masking key turns with i % {size}: it has 4 bytes, so i % 4"
    if edges:
        yield (
            _restarted(raw, key, edges),
            "the mask begins again where a new piece arrived: it goes on, byte i of the whole payload with key[i % 4]",
        )
    yield (
        bytes(a | b for a, b in zip(raw, _repeated(key, len(raw)), strict=True)),
        "the mask is applied by OR: it is XOR (5.3)",
    )
    yield (
        bytes(a & b for a, b in zip(raw, _repeated(key, len(raw)), strict=True)),
        "the mask is applied by AND: it is XOR (5.3)",
    )


def _repeated(key: bytes, size: int) -> bytes:
    return (key * (size // 4 + 1))[:size]


def _every(raw: bytes, key: bytes, size: int) -> bytes:
    turning = (key + bytes(size))[:size]
    return bytes(byte ^ turning[i % size] for i, byte in enumerate(raw))


def _restarted(raw: bytes, key: bytes, edges: Sequence[int]) -> bytes:
    starts = [0, *edges, len(raw)]
    return b"".join(masked(raw[a:b], key) for a, b in pairwise(starts))


def named(payload: bytes, key: bytes, came: bytes, edges: Sequence[int] = ()) -> str:
    """The sentence for `came`, if it is one of the mistakes; else an empty one."""
    if len(payload) < 2 or came == payload:
        return ""
    return next((said for wrong, said in mistakes(payload, key, edges) if wrong == came and wrong != payload), "")
