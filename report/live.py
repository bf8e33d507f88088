"""Messages as they complete, while the program still runs.

In: the wire events of an unfinished trace, as `Tail` reads them. Out: a `Line` for each message whose last byte has
come, in the words of the pages: kind and title are made by the same functions as those of a `View`.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tracer.reading.fields import Field, Growing, Unit
from tracer.reading.tail import Moved
from tracer.reading.trace import Wire

from .view.messages import alone, final, kind_of, title_of

#: What ends a connection, and how many that ended are kept.
ENDS = frozenset({"close", "detach"})
KEPT = 256
#: Lines of one connection that are remembered.
REMEMBERED = 4096


@dataclass(frozen=True)
class Line:
    """One message: `at` is when its last byte had crossed the socket (nanoseconds of the trace's own clock), `wire` the
    number of the read or write that moved it, `whole` is False where the connection ended within it."""

    at: int
    wire: int
    connection: int
    direction: str
    kind: str
    title: str
    size: int
    whole: bool


@dataclass
class _Direction:
    """What is known of one direction of a connection: where its reads (or writes) ended, and an unfinished message."""

    moved: int = 0
    latest: int = 0
    events: deque[tuple[int, Wire]] = field(default_factory=deque)
    frames: list[Unit] = field(default_factory=list)
    over: bool = False


class _Talk:
    """One connection."""

    def __init__(self, client: bool) -> None:
        self._growing = Growing()
        self._client = client
        self._directions = {"in": _Direction(), "out": _Direction()}

    def late(self, wire: Wire) -> bool:
        """Whether an event ended before one that was taken already: threads are written one after the other."""
        return bool(wire.direction) and wire.ended < self._directions[wire.direction].latest

    def take(self, moved: Moved) -> Iterator[Line]:
        """One event more."""
        wire = moved.wire
        if wire.direction:
            direction = self._directions[wire.direction]
            direction.moved += wire.size
            direction.latest = wire.ended
            direction.events.append((direction.moved, wire))
            for unit in self._growing.feed((wire.direction == "out") == self._client, moved.data):
                yield from self._unit(unit)
        elif not wire.error and (wire.op.startswith("recv") or wire.op == "read") and not wire.detail:
            yield from self._end("in")
        elif wire.op in ENDS:
            yield from self.end()

    def end(self) -> Iterator[Line]:
        """Nothing comes any more."""
        yield from self._end("in")
        yield from self._end("out")

    def _end(self, name: str) -> Iterator[Line]:
        direction = self._directions[name]
        if direction.over or not direction.moved:
            return
        direction.over = True
        for unit in self._growing.end((name == "out") == self._client):
            yield from self._unit(unit)
        if direction.frames:
            yield self._line(name, direction.frames, whole=False)

    def _unit(self, unit: Unit) -> Iterator[Line]:
        name = "out" if unit.client == self._client else "in"
        if alone(unit.fields[-1]):
            yield self._line(name, [unit], whole=unit.whole)
            return
        frames = self._directions[name].frames
        frames.append(unit)
        if final(unit.fields[-1]) or not unit.whole:
            yield self._line(name, frames, whole=unit.whole)
            self._directions[name].frames = []

    def _line(self, name: str, units: Sequence[Unit], *, whole: bool) -> Line:
        wire = self._mover(self._directions[name], units[-1].stop)
        group: list[Field] = [one for unit in units for one in unit.fields]
        kind = kind_of(group)
        size = sum(unit.size for unit in units)
        return Line(wire.t1, wire.id, wire.connection, name, kind, title_of(kind, group), size, whole)

    def _mover(self, direction: _Direction, stop: int) -> Wire:
        """The event that moved the last byte before `stop`."""
        while len(direction.events) > 1 and direction.events[0][0] < stop:
            direction.events.popleft()
        return direction.events[0][1]


class _Told:
    """The latest lines of one connection: what is read anew is told only where it is news."""

    def __init__(self) -> None:
        self._lines: deque[tuple[int, Line]] = deque(maxlen=REMEMBERED)
        self._before = 0  # lines that ended until then are forgotten, and were told

    def note(self, line: Line) -> None:
        if len(self._lines) == REMEMBERED:
            self._before = max(self._before, self._lines[0][0])
        self._lines.append((line.at, line))

    def news(self, lines: Iterable[Line]) -> Iterator[Line]:
        left = Counter(line for _, line in self._lines)
        for line in lines:
            left[line] -= 1
            if left[line] < 0 and line.at > self._before:
                yield line


class Conversations:
    """All connections of a trace. `again` gives all events of one so far: where one comes late, it is read anew, and
    what was told is not told twice."""

    def __init__(self, again: Callable[[int], list[Moved]]) -> None:
        self._again = again
        self._talks: dict[int, _Talk] = {}
        self._told: dict[int, _Told] = {}
        self._closed: deque[int] = deque()
        self._forgotten: set[int] = set()

    def take(self, events: Iterable[Moved]) -> list[Line]:
        """The messages that new events completed, in the order in which their last bytes crossed."""
        found: list[Line] = []
        anew: set[int] = set()
        for moved in events:
            number = moved.wire.connection
            if not number or number in anew or number in self._forgotten:
                continue
            talk = self._talks.setdefault(number, _Talk(moved.client))
            if talk.late(moved.wire):
                anew.add(number)
            else:
                found += self._note(talk.take(moved))
            if moved.wire.op in ENDS:
                self._forget(number)
        for number in sorted(anew):
            found += self._anew(number)
        return sorted(found, key=lambda line: line.at)

    def end(self) -> list[Line]:
        """What the end of the recording completes, or cuts."""
        return [line for talk in self._talks.values() for line in self._note(talk.end())]

    def _forget(self, number: int) -> None:
        """A connection was closed. It is kept a while, for events that come late."""
        self._closed.append(number)
        if len(self._closed) > KEPT:
            oldest = self._closed.popleft()
            self._forgotten.add(oldest)
            self._talks.pop(oldest, None)
            self._told.pop(oldest, None)

    def _note(self, lines: Iterable[Line]) -> Iterator[Line]:
        for line in lines:
            self._told.setdefault(line.connection, _Told()).note(line)
            yield line

    def _anew(self, number: int) -> Iterator[Line]:
        events = self._again(number)
        talk = self._talks[number] = _Talk(events[0].client)
        everything = [line for moved in events for line in talk.take(moved)]
        yield from self._note(list(self._told.setdefault(number, _Told()).news(everything)))
