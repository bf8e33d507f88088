"""One recorded run, and the tables that a notebook makes of it. All of them work from the trace file alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from report.notebook import Shown as Page
from report.notes import ReportError
from report.view import Source, View, make
from report.view.model import Message, Recording
from tracer.reading.trace import Trace
from tracer.scenarios.client import Peer

from . import tables
from .table import Shown, Table


class Run:
    """What `record` gives. Messages are numbered from 1, as `contents` lists them: those that the server's end of a
    connection saw, or all, where a block has no server of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connect: Callable[[], Peer] = _nothing_served

    @cached_property
    def view(self) -> View:
        """What `report` makes of the trace: the same value as the pages show."""
        with Trace.open(self.path) as trace:
            try:
                return make("the run", [Source("run", "", trace)], steady=True)
            except ReportError:  # other releases than the pinned ones: without proof, so without steadiness
                return make("the run", [Source("run", "", trace)])

    @property
    def recording(self) -> Recording:
        """Its one recording."""
        return self.view.recordings[0]

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """The messages, of the server's connections where it has some."""
        with Trace.open(self.path) as trace:
            served = {number for number, c in trace.connections.items() if c.role == "server"}
        every = self.recording.messages
        return tuple(m for m in every if m.connection in served) or every

    def message(self, number: int) -> Message:
        """One of them. Raises LookupError with a sentence."""
        if not 1 <= number <= len(self.messages):
            raise LookupError(f"this run has {len(self.messages)} messages, there is no number {number}")
        return self.messages[number - 1]

    def contents(self) -> Table:
        """All messages, numbered."""
        return tables.contents(self.recording, self.messages)

    def octets(self, number: int, *, bits: bool = True) -> Table:
        """The bytes of a message, each with the name that its protocol gives it; single `bits` too, or not."""
        return tables.octets(self.message(number), bits)

    def steps(self, number: int, *lanes: str, every: bool = False, raised: bool = False) -> Table:
        """The calls that a message went through from one library into another; of `lanes` alone, where some are
        named; all of them with `every`; those of all that `raised`."""
        return tables.steps(self.view, self.recording, self.message(number), lanes, every, raised)

    def way(self, value: str, *, out: bool = False) -> Table:
        """The way of one value, as `contents` shows it in a title, from the socket to the program, or `out` again."""
        return tables.way(self.view, self.recording, self.messages, value, "out" if out else "in")

    def calls(self) -> Table:
        """Every call that moved bytes, or opened or ended a connection: the socket's side of the run."""
        with Trace.open(self.path) as trace:
            return tables.socket_calls(trace)

    def explore(self) -> Explorer:
        """All of it: the messages as a table, and below the page to step through, where a notebook may run scripts."""
        return Explorer(self)


class Explorer(Shown):
    """The contents first, since they are seen everywhere; then the page."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def html(self) -> str:
        recording = replace(self._run.recording, messages=self._run.messages)  # not the client's side of them again
        page = Page(replace(self._run.view, recordings=(recording,)))
        return self._run.contents().html() + page.frame()

    def text(self) -> str:
        return self._run.contents().text()


def _nothing_served() -> Peer:
    raise LookupError("nothing is served in this block: begin it with `record(app)`")
