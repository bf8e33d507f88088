"""What a trace is made of, as plain frozen values: files, functions, values, calls and their spans, wire events.

There are millions of calls and spans, so these are named tuples, which are made in a third of the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from .links import SourceFile


@dataclass(frozen=True)
class Distribution:
    """An installed package: `licence` and `urls` as its metadata says them."""

    name: str
    version: str
    licence: str
    urls: tuple[str, ...]


@dataclass(frozen=True)
class File:
    """A source file that a recorded or calling function lies in."""

    id: int
    lane: str
    module: str
    facts: SourceFile
    distribution: Distribution | None
    source: str | None


@dataclass(frozen=True)
class Code:
    """One function (generator, lambda, class body …): where it is, lines first to last, its arguments' names."""

    id: int
    file: File
    qualname: str
    kind: str
    first: int
    last: int
    arguments: tuple[str, ...]
    recorded: bool

    @property
    def lane(self) -> str:
        """The library that it belongs to."""
        return self.file.lane


@dataclass(frozen=True, slots=True)
class Value:
    """One described value. Two rows with the same non-zero `object` are the same object at two times."""

    id: int
    object: int
    type: str
    kind: str
    size: int
    data: str | bytes | None
    cut: bool


class Span(NamedTuple):
    """A stretch in which a call was active: a plain function has one, a generator one for each resume.

    `start` and `stop` are positions in the global order (`stop` is 0 where no end was recorded), `ended` is
    returned, yielded, raised or open, `value` what came out. `caller` and `line` are the call site: the code
    that called or resumed it, in scope or not; `parent` is the innermost recorded call that was active.
    """

    call: int
    position: int
    thread: int
    parent: int
    caller: int
    line: int
    start: int
    stop: int
    ended: str
    value: int


class Call(NamedTuple):
    """One activation of one function on one thread, with its arguments' values by position."""

    id: int
    thread: int
    code: Code
    arguments: tuple[int, ...]
    spans: tuple[Span, ...]

    @property
    def first(self) -> Span:
        """The span that began it."""
        return self.spans[0]

    @property
    def last(self) -> Span:
        """The span that ended it, or the latest one."""
        return self.spans[-1]


@dataclass(frozen=True, slots=True)
class Wire:
    """Bytes that crossed a socket (or an accept, connect, shutdown, close), with the call that moved them.

    `began` and `ended` are positions in the global order, `t0` and `t1` the same moments in nanoseconds, monotonic:
    between them the call was blocked.
    """

    id: int
    began: int
    ended: int
    thread: int
    op: str
    connection: int
    code: int
    line: int
    size: int
    value: int
    error: int
    detail: str
    t0: int
    t1: int
    call: int

    @classmethod
    def of_row(cls, row: tuple[Any, ...]) -> Wire:
        """From a row of the table, where nothing is null and here 0."""
        filled: list[Any] = [0 if column is None else column for column in row]
        return cls(*filled)

    @property
    def direction(self) -> str:
        """in, out, or '' where nothing moved."""
        if not self.size or not self.value:
            return ""
        return "in" if self.op.startswith("recv") or self.op == "read" else "out"


@dataclass(frozen=True)
class Start:
    """A thread started another: where in the order, in which call, at which line."""

    order: int
    thread: int
    call: int
    caller: int
    line: int
    child: int


@dataclass(frozen=True)
class Connection:
    """One socket, as far as its ends were known."""

    id: int
    family: str
    local: str
    peer: str
    role: str
    tls: bool
