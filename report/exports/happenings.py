"""What happened on a connection, read from its wire events: opened, bytes, ended. `conversation.py` goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tracer.reading.trace import Connection, Trace, Wire

from .conversation import HERE, THERE, Happening
from .sockets import Sockets, octets

#: Makes the comment of a wire event.
Comment = Callable[[Wire], str]


class Clock:
    """When each wire event began and ended, in nanoseconds since 1970. The trace has monotonic times, and what their
    clock said when it began; where it does not, the first event is put there."""

    def __init__(self, trace: Trace) -> None:
        first = min((wire.t0 for wire in trace.wires), default=0)
        clock = trace.meta.get("clock", "")
        self._offset = _started(trace) - (int(clock) if clock.isascii() and clock.isdigit() else first)

    def began(self, wire: Wire) -> int:
        """When the call of the socket's method began."""
        return max(0, wire.t0 + self._offset)

    def ended(self, wire: Wire) -> int:
        """When it returned."""
        return max(0, wire.t1 + self._offset)


def _started(trace: Trace) -> int:
    try:
        return max(0, int(float(trace.meta.get("started", "0")) * 1e9))
    except (ValueError, OverflowError):
        return 0


def happenings(sockets: Sockets, connection: Connection, clock: Clock, comment: Comment) -> list[Happening]:
    """All that happened on one connection, of both ends, in no sure order."""
    trace, mine = sockets.trace, sockets.wires.get(connection.id, [])
    found = list(_opened(sockets, connection, clock, comment))
    found += _moved(trace, mine, clock, comment)
    found += _reset(trace, mine, clock, comment)
    found += _finished(mine, clock, comment)
    return found


def _opened(sockets: Sockets, connection: Connection, clock: Clock, comment: Comment) -> Iterator[Happening]:
    """By the other end where it was accepted, by this one where it connected; else it was open before."""
    opened = sockets.opened(connection)
    if opened is None:
        return
    role, wire = opened
    if role == "server":
        yield Happening("open", THERE, wire.ended, clock.ended(wire), comment=comment(wire))
    else:
        yield Happening("open", HERE, wire.began, clock.began(wire), comment=comment(wire))


def _moved(trace: Trace, mine: Sequence[Wire], clock: Clock, comment: Comment) -> Iterator[Happening]:
    """Bytes that were read had come before the call ended; bytes that were written went after it began."""
    for wire in mine:
        data = octets(trace, wire)
        if wire.direction == "in" and data:
            yield Happening("data", THERE, wire.ended, clock.ended(wire), data, comment(wire))
        elif wire.direction == "out" and data:
            yield Happening("data", HERE, wire.began, clock.began(wire), data, comment(wire))


def _reset(trace: Trace, mine: Sequence[Wire], clock: Clock, comment: Comment) -> Iterator[Happening]:
    """The other end has reset the connection: the call failed with the error of that name."""
    for wire in mine:
        error = trace.value(wire.error)
        if error is not None and error.type.rpartition(".")[2] == "ConnectionResetError":
            yield Happening("reset", THERE, wire.ended, clock.ended(wire), comment=comment(wire))
            return


def _finished(mine: Sequence[Wire], clock: Clock, comment: Comment) -> Iterator[Happening]:
    """This end shut its side, or closed for good; the other end's side is over where a read gave nothing."""
    done = [wire for wire in mine if not wire.error]
    shut = [wire for wire in done if wire.op == "shutdown" and wire.detail in ("SHUT_WR", "SHUT_RDWR")]
    # A socket whose files are still open is not closed by its `close`; so it counts where nothing moved after it.
    used = max((place for place, wire in enumerate(done) if wire.op != "close"), default=-1)
    closed = [wire for wire in done[used + 1 :] if wire.op == "close"]
    for wire in (*shut, *closed)[:1]:
        yield Happening("fin", HERE, wire.began, clock.began(wire), comment=comment(wire))
    deaf = min((w.began for w in done if w.op == "shutdown" and w.detail in ("SHUT_RD", "SHUT_RDWR")), default=None)
    for wire in _ends_of_file(done):
        if deaf is None or wire.ended < deaf:
            yield Happening("fin", THERE, wire.ended, clock.ended(wire), comment=comment(wire))


def _ends_of_file(done: Sequence[Wire]) -> Sequence[Wire]:
    """The first read that gave nothing, with none that gave something after it."""
    reads = [wire for wire in done if wire.op.startswith(("recv", "read")) and wire.detail != "MSG_PEEK"]
    something = max((place for place, wire in enumerate(reads) if wire.size), default=-1)
    return reads[something + 1 :][:1]
