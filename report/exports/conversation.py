"""One connection as a TCP conversation: what happened on it, in an order that TCP could have had.

In: the wire events of one socket. Out: frames, with times and comments. Payloads, their order, and the ends are as
recorded. Handshake and FIN are where the trace tells of `accept`, `connect`, `shutdown`, `close` and of reads that
gave nothing; acknowledgements are made up, at once after what they acknowledge.

Two directions are put in order by the only thing that is sure: bytes that were written were sent after the call began,
bytes that were read had come before it ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from .blocks import Captured
from .packets import LARGEST, End, Flags, Segment, frame

#: This end and the other one, as in `Happening.by`.
HERE, THERE = 0, 1


@dataclass(frozen=True)
class Happening:
    """`kind` is open, data, fin or reset, done by this end or the other; `place` is in the trace's order, `time` in
    nanoseconds since 1970."""

    kind: str
    by: int
    place: int
    time: int
    data: bytes = b""
    comment: str = ""


def ordered(happenings: Iterable[Happening]) -> list[Happening]:
    """In order; each direction's bytes stay in the order in which their calls ended, and time never runs back. A FIN
    stands after all of its side's bytes, and nothing after a reset."""
    latest, moved = [0, 0], []
    for one in happenings:
        latest[one.by] = max(latest[one.by], one.place) if one.kind == "data" else latest[one.by]
        moved.append(replace(one, place=latest[one.by]) if one.kind == "data" else one)
    moved = [replace(one, place=max(one.place, latest[one.by])) if one.kind == "fin" else one for one in moved]
    moved.sort(key=lambda one: one.place)
    found: list[Happening] = []
    for one in moved:
        time = max(one.time, found[-1].time) if found else one.time
        found.append(replace(one, time=time))
        if one.kind == "reset":
            break
    return found


@dataclass
class Conversation:
    """The two ends, and how far each has counted: `next` is each one's next sequence number."""

    ends: tuple[End, End]
    next: list[int]
    packets: list[int]

    @classmethod
    def between(cls, here: End, there: End) -> Conversation:
        """A conversation that has not begun. Its first sequence numbers are made up: round ones, unlike each other."""
        return cls((here, there), [1_000_000, 2_000_000], [0, 0])

    def frames(self, happenings: Iterable[Happening]) -> Iterator[Captured]:
        """Every frame of it, in order."""
        for one in ordered(happenings):
            for by, flags, payload, comment in _exchange(one, self.ends[0].address.version):
                yield Captured(one.time, self._frame(by, flags, payload), comment)

    def _frame(self, by: int, flags: Flags, payload: bytes) -> bytes:
        other = 1 - by
        ack = self.next[other] if flags & Flags.ACK else 0
        segment = Segment(self.next[by], ack, flags, payload)
        data = frame(self.ends[by], self.ends[other], segment, self.packets[by])
        self.packets[by] += 1
        # RFC 9293, 3.4: SYN and FIN take one number each, as a byte does.
        self.next[by] += len(payload) + bool(flags & Flags.SYN) + bool(flags & Flags.FIN)
        return data


#: Who sends, with which flags, what, and what is said of it.
Sent = tuple[int, Flags, bytes, str]


def _exchange(one: Happening, version: int) -> Iterator[Sent]:
    """The packets of one happening, with the other end's acknowledgement."""
    by, other = one.by, 1 - one.by
    if one.kind == "open":  # RFC 9293, 3.5
        yield by, Flags.SYN, b"", one.comment
        yield other, Flags.SYN | Flags.ACK, b"", ""
        yield by, Flags.ACK, b"", ""
    elif one.kind == "reset":
        yield by, Flags.RST | Flags.ACK, b"", one.comment
    elif one.kind == "fin":
        yield by, Flags.FIN | Flags.ACK, b"", one.comment
        yield other, Flags.ACK, b"", ""
    else:
        size = LARGEST[version]
        for start in range(0, len(one.data), size):
            last = start + size >= len(one.data)
            flags = Flags.ACK | Flags.PSH if last else Flags.ACK
            yield by, flags, one.data[start : start + size], one.comment if start == 0 else f"… {one.comment}"
            yield other, Flags.ACK, b"", ""
