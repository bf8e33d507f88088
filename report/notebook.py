"""A journey in a notebook: a table that reads everywhere, and below it the same page as `unmagic report` makes.

    from report.notebook import show
    show("receive.trace", 1)

GitHub and untrusted notebooks leave out the frame and keep the table; a terminal shows the tree of plain text.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from tracer.reading.trace import Trace

from . import explorer
from .explorer import called, outcome
from .notes import ReportError
from .view import View
from .view.functions import address
from .view.make import Source, make
from .view.model import Message, Recording, Step
from .view.repeats import rows

#: The height of the frame in a notebook, in CSS pixels.
HEIGHT = 720


class Shown:
    """What `show` gives back: Jupyter asks it for HTML, a terminal for text."""

    def __init__(self, view: View) -> None:
        self.view = view

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": self.text()}

    def __repr__(self) -> str:
        return self.text()

    def html(self) -> str:
        """A table of each message's crossings, and the page in a frame that nothing outside can be reached from."""
        tables = "".join(_table(self.view, r, m) for r in self.view.recordings for m in r.messages)
        page = escape(explorer.page(self.view, notebook=True), quote=True)
        frame = f'style="width:100%;height:{HEIGHT}px;border:1px solid #8888" title="{escape(self.view.title)}"'
        return f'{tables}<iframe sandbox="allow-scripts allow-popups" {frame} srcdoc="{page}"></iframe>'

    def text(self) -> str:
        """Each message's crossings, indented as deep as they were nested."""
        lines: list[str] = []
        for recording in self.view.recordings:
            for message in recording.messages:
                lines.append(_heading(message))
                lines += [
                    f"{'  ' * (r.step.depth + 1)}{_said(self.view, recording, r.step)}" for r in rows(message.steps)
                ]
        return "\n".join(_printable(line) for line in lines)


def show(trace: str | Path, journey: int) -> Shown:
    """The messages of one journey, by its number in `unmagic journeys`. Raises `TraceError` where the file is no trace,
    `ReportError` where it has no such journey."""
    if journey < 1:
        raise ReportError(f"journeys are numbered from 1, there is no number {journey}")
    path = Path(trace)
    with Trace.open(path) as opened:
        return Shown(make(f"{path.stem}, journey {journey}", [Source(path.stem, "", opened, frozenset({journey}))]))


def _heading(message: Message) -> str:
    return f"{explorer.arrow(message)} {message.kind} {message.title}"


def _said(view: View, recording: Recording, step: Step) -> str:
    came = outcome(step)
    return f"{recording.threads[step.thread][0]} · {view.lanes[step.lane].name}  {called(step)}" + (
        f"  {came}" if came else ""
    )


def _printable(line: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


def _table(view: View, recording: Recording, message: Message) -> str:
    body = "".join(
        f"<tr><td>{number}</td><td>{escape(recording.threads[row.step.thread][0])} · "
        f"{escape(view.lanes[row.step.lane].name)}</td><td>{_linked(view, row.step)}</td>"
        f"<td>{explorer.prose(row.step.note)}</td><td><code>{escape(outcome(row.step)[:80])}</code></td></tr>"
        for number, row in enumerate(rows(message.steps), 1)
    )
    head = "".join(f"<th>{name}</th>" for name in ("#", "thread · lane", "what ran", "what it did", "the value"))
    return f"<table><caption>{escape(_heading(message))}</caption><tr>{head}</tr>{body}</table>"


def _linked(view: View, step: Step) -> str:
    name = f"<code>{escape(called(step))}</code>"
    if step.function < 0:
        return name
    function = view.functions[step.function]
    url = address(view.files[function.file], function.first, function.last)
    return f'<a href="{escape(url, quote=True)}">{name}</a>' if url else name
