"""The view of any trace as plain Markdown: an index, and a page for each message with its way, its calls, its bytes.

In: a `View`. Out: text by file name. All that comes from a trace passes `cell` or `code`, so that nothing is markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .explorer import arrow, byte_rows, called, outcome, word
from .markdown import cell, code
from .view import View
from .view.functions import address
from .view.model import Function, Message, Recording, Step
from .view.repeats import rows

if TYPE_CHECKING:
    from jinja2 import Environment


def pages(view: View) -> dict[str, str]:
    """README.md, and a page for each message that has steps or bytes."""
    environment = _environment(view)
    index, one = environment.get_template("trace.md.j2"), environment.get_template("message.md.j2")
    files = {"README.md": index.render(view=view)}
    for recording in view.recordings:
        for message in recording.messages:
            files[name(recording, message)] = one.render(view=view, recording=recording, message=message)
    return files


def name(recording: Recording, message: Message) -> str:
    """The file name of a message's page: letters, digits, - and _ only, whatever the trace was called."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in f"{recording.name}-{message.id}")
    return f"{plain}.md"


def _environment(view: View) -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # what only looks at a trace needs no templates

    environment = Environment(loader=PackageLoader("report"), undefined=StrictUndefined, keep_trailing_newline=True)
    environment.filters.update(cell=cell, code=code)

    def linked(text: str, function: Function | None, first: int, last: int) -> str:
        """Text, linked to lines of a function's file where that has a link."""
        url = address(view.files[function.file], first, last) if function is not None else ""
        return f"[{text}]({url})" if url else text

    def what(step: Step) -> str:
        function = view.functions[step.function] if step.function >= 0 else None
        first, last = (function.first, function.last) if function else (0, 0)
        return linked(code(called(step)), function, first, last)

    def site(step: Step) -> str:
        if not step.site:
            return ""
        caller = view.functions[step.caller] if step.caller >= 0 else None
        return "from " + linked(code(step.site), caller, step.line, step.line)

    environment.globals.update(
        rows=rows, byte_rows=byte_rows, arrow=arrow, word=word, outcome=outcome, what=what, site=site, page_name=name
    )
    return environment
