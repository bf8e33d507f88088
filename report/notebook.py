"""A trace in a notebook: the same page as `unmagic report` makes, and a table of each message that reads everywhere.

    from report.notebook import show
    show("receive.trace", 1)  # one journey
    show("receive.trace")     # all messages

GitHub and untrusted notebooks leave out the frame and keep the tables, each of which opens at its heading; a terminal
shows the tree of plain text.
"""

from __future__ import annotations

import linecache
from html import escape
from pathlib import Path
from typing import Any

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
#: Messages that are shown where nobody chose: a notebook keeps what it shows.
MOST = 20


class Shown:
    """What `show` gives back: Jupyter asks it for HTML, a terminal for text."""

    def __init__(self, view: View) -> None:
        self.view = view

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": self.text()}

    def __repr__(self) -> str:
        return self.text()

    def html(self) -> str:
        """The page in a frame that nothing outside can be reached from, and a table of each message's crossings."""
        return self.frame() + "".join(_table(self.view, r, m) for r in self.view.recordings for m in r.messages)

    def frame(self) -> str:
        """The page alone."""
        page = escape(explorer.page(self.view, notebook=True), quote=True)
        frame = f'style="width:100%;height:{HEIGHT}px;border:1px solid #8888" title="{escape(self.view.title)}"'
        return f'<iframe sandbox="allow-scripts allow-popups" {frame} srcdoc="{page}"></iframe>'

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


def show(trace: str | Path, journey: int | None = None, most: int = MOST) -> Shown:
    """The messages of one journey, by its number in `unmagic journeys`; without a number, all messages, `most` of them
    at most. Raises `TraceError` where the file is no trace, `ReportError` where it has no such journey."""
    if journey is not None and journey < 1:
        raise ReportError(f"journeys are numbered from 1, there is no number {journey}")
    path = Path(trace)
    with Trace.open(path) as opened:
        if journey is None:
            return Shown(make(path.stem, [Source(path.stem, "", opened, most=most)]))
        return Shown(make(f"{path.stem}, journey {journey}", [Source(path.stem, "", opened, frozenset({journey}))]))


def cells(shell: Any) -> dict[str, str]:
    """The cells that IPython's `shell` has run, the current one too: the name that their code has for Python, and the
    one in the margin. Their text is put under that as well. None where there is no shell."""
    found = {}
    for filename, number in getattr(getattr(shell, "compile", None), "_filename_map", {}).items():
        name = found[filename] = f"In [{number}]"
        if filename in linecache.cache:
            linecache.cache[name] = linecache.cache[filename]
    return found


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
    heading = f"{escape(_heading(message))}: {len(rows(message.steps))} steps as a table"
    return f"<details><summary>{heading}</summary><table><tr>{head}</tr>{body}</table></details>"


def _linked(view: View, step: Step) -> str:
    name = f"<code>{escape(called(step))}</code>"
    if step.function < 0:
        return name
    function = view.functions[step.function]
    url = address(view.files[function.file], function.first, function.last)
    return f'<a href="{escape(url, quote=True)}">{name}</a>' if url else name
