"""What the explorer and the notebook show: one frozen `View`, its words those of docs/view-format.md.

Nothing here is markup and nothing is a number of the trace's own order: two recordings of the same program give the
same view. Places in a list stand for references: `function` 12 is ``view.functions[12]``, -1 is none.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Of the JSON form; raised whenever a reader of the form before would be wrong.
SCHEMA = 1


@dataclass(frozen=True)
class Lane:
    """One library's column. `hue` is the number of its colour (0: grey), `floor` the lane whose work it does in another
    stack: itself, except where the table of lanes says so. `said` is one line about it, or ''."""

    name: str
    hue: int
    floor: str
    said: str


@dataclass(frozen=True)
class SourceFile:
    """A file that functions lie in. `url` has ``{lines}`` where the anchor of lines goes, and is '' without a link;
    `one` and `many` are that anchor, with ``{a}`` and ``{b}``. `status` and `why` say how sure the link is."""

    name: str
    url: str
    one: str
    many: str
    status: str
    why: str


@dataclass(frozen=True)
class Function:
    """A function with its source, stored once. `source` is cut to its own lines, `first` the number of the first one;
    `colours` has one text a line (see `colour.py`); `note` is our sentence about it."""

    lane: int
    name: str
    file: int
    first: int
    last: int
    note: str
    source: tuple[str, ...]
    colours: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """One thing that happened, in the order of the telling, as deep as it was nested.

    `kind` is call, resume, wire, thread, handoff or return. `caller` and `line` are the call site, `site` its name.
    `ended` is returned, yielded, raised, open or ''; `value` what came out, `arguments` what went in, as short text.
    `lines` are the lines of `function` that it executed, in order. `chunk` is the number of the read or write among the
    message's own (-1: none). `evidence` is the call in the trace; 0 where the page does not tell it.
    """

    kind: str
    name: str
    lane: int
    thread: int
    depth: int
    crosses: bool
    function: int
    caller: int
    site: str
    line: int
    arguments: tuple[tuple[str, str], ...]
    ended: str
    value: str
    lines: tuple[int, ...]
    chunk: int
    note: str
    evidence: int


@dataclass(frozen=True)
class Chunk:
    """One read or write: the operation, the bytes of the message that it moved, and its step (-1: none). `wire` is its
    number in the trace; 0 where the page does not tell it."""

    op: str
    start: int
    stop: int
    thread: int
    step: int
    wire: int = 0


@dataclass(frozen=True)
class Buffer:
    """Bytes that fields count in: those of the wire, or what was made of them. `data` may be cut, `size` is all of it;
    `blank` are the runs that differ on every run (a date), which hold zeros here."""

    name: str
    data: bytes
    size: int
    blank: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class ByteField:
    """A named run of bytes of `buffer`. `level` is how deep it is nested, `bits` the bits of its one byte (first, stop)
    or None. `step` is the step that took these bytes (a read) or made them (a write), `who` its name; `exact` where it
    took exactly these."""

    buffer: int
    start: int
    stop: int
    bits: tuple[int, int] | None
    name: str
    value: str
    section: str
    level: int
    step: int
    who: str
    exact: bool


@dataclass(frozen=True)
class Leg:
    """One place on the way of a value: `kind` is read, written, same, held, slice, made or handoff, `how` a word for
    it, `value` what it was there, `where` the functions that had it in their hands. `doubtful`: something else was as
    close to what it was made of."""

    kind: str
    how: str
    lane: int
    thread: int
    step: int
    value: str
    where: str
    doubtful: bool = False


@dataclass(frozen=True)
class Way:
    """A journey: the way of one value between the socket and the program. `number` is its own in `unmagic journeys`."""

    number: int
    direction: str
    value: str
    complete: bool
    legs: tuple[Leg, ...]


@dataclass(frozen=True)
class Message:
    """One entry of the table of contents. `direction` is in, out or '' (a connection, a call), `kind` a word: request,
    text, close. Nothing orders steps of different threads but a read, a thread's start or a handoff between them."""

    id: str
    connection: int
    direction: str
    kind: str
    title: str
    size: int
    chunks: tuple[Chunk, ...]
    buffers: tuple[Buffer, ...]
    fields: tuple[ByteField, ...]
    steps: tuple[Step, ...]
    ways: tuple[Way, ...]


@dataclass(frozen=True)
class Recording:
    """What one trace gave: its messages in order. `threads` are labels and names, `versions` the libraries' releases,
    `left_out` counts what was not asked for."""

    name: str
    title: str
    python: str
    threads: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]
    messages: tuple[Message, ...]
    left_out: int


@dataclass(frozen=True)
class View:
    """Everything that a page shows: recordings that share lanes, files and functions."""

    title: str
    lanes: tuple[Lane, ...]
    files: tuple[SourceFile, ...]
    functions: tuple[Function, ...]
    recordings: tuple[Recording, ...]
