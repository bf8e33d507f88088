"""The explorer page: one self-contained HTML file of a view, that works from a disk, offline, under a strict policy.

In: a `View`. Out: the text of `index.html`. The page is complete without its script: every message, crossing, note and
annotated byte is in it; the script (report/viewer/, plain modules, put together here in order) adds the ways to walk.
All that comes from a trace is data: escaped by Jinja2, or in a JSON block in which no ``<`` stands.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from .drawing import drawing
from .view import View, to_json
from .view.functions import address
from .view.model import ByteField, Message, Recording, Step
from .view.repeats import Row, rows

if TYPE_CHECKING:
    from jinja2 import Environment

VIEWER = Path(__file__).parent / "viewer"
#: The modules in the order in which they are put together; each imports only from those before it.
MODULES = (
    "model", "dom", "state", "rows", "xor", "predict", "contents", "lanes", "journey", "bytes", "beside", "source",
    "search", "keys", "main",
)  # fmt: skip
_EXPORT = re.compile(r"^export (?:const|function) ([\w$]+)", re.MULTILINE)
#: Runs before anything is drawn: with it the explorer is seen, without it the plain page.
MARK = 'document.documentElement.className = "js"'
#: Fields shown in one row although they have children: a reader knows what a header line is.
WHOLE = frozenset({"field-line", "status-line", "request-line", "empty line"})
#: Bytes of a field that the static table spells out.
SPELLED = 16


def page(view: View, *, made_by: str = "unmagic report", notebook: bool = False) -> str:
    """The page. `made_by` names the command in the first line; `notebook` leaves out what a frame has no room for."""
    script, style = assembled(), (VIEWER / "style.css").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; script-src '{_digest(MARK)}' '{_digest(script)}'; style-src '{_digest(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    data = json.dumps(to_json(view), separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    return _environment().get_template("explorer.html.j2").render(
        view=view, policy=policy, script=script, mark=MARK, style=style, data=_safe(data), made_by=made_by,
        notebook=notebook,
    )  # fmt: skip


def _safe(data: str) -> str:
    """JSON that HTML's own parser and JavaScript's older ones leave alone."""
    return data.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@cache
def assembled() -> str:
    """The script of the page: the modules one after the other, each in a scope that gives what it exports."""
    parts = []
    for name in MODULES:
        text = (VIEWER / f"{name}.js").read_text(encoding="utf-8")
        text = re.sub(r"^import [^;\n]*?from \"\./\w+\.js\"\n", "", text, flags=re.MULTILINE)
        given = ", ".join(_EXPORT.findall(text))
        body = re.sub(r"^export ", "", text, flags=re.MULTILINE).strip()
        parts.append(
            f"const {{ {given} }} = (() => {{\n{body}\nreturn {{ {given} }}\n}})()" if given else f"{{\n{body}\n}}"
        )
    return "\n" + "\n\n".join(parts) + "\n"


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # what only looks at a trace needs no templates

    environment = Environment(
        loader=PackageLoader("report"), undefined=StrictUndefined, autoescape=True,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters.update(short=_short, prose=prose)
    environment.globals.update(
        rows=rows, byte_rows=byte_rows, drawing=drawing, address=address, arrow=arrow, word=word, anchor=anchor,
        quoted=quoted, called=called, outcome=outcome, landing=landing, landings=landings,
    )  # fmt: skip
    return environment


def prose(text: str) -> Markup:
    """A sentence of ours, in which `code` and **strong** stand as in the Markdown pages."""
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    return Markup(re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", marked))


def arrow(message: Message) -> str:
    """The direction as an arrow: → for what arrives."""
    return {"in": "→", "out": "←"}.get(message.direction, "⇄")


def word(message: Message) -> str:
    """The direction as a word."""
    return {"in": "received", "out": "sent"}.get(message.direction, "")


def anchor(recording: Recording, message: Message) -> str:
    """The id of a message's part of the page."""
    return f"m-{recording.name}-{message.id}"


def landing(table: Sequence[Row], step: int) -> int:
    """Where a leg of a journey leads to in the table: the place of the row that shows its step, or has it inside."""
    return max((row.at for row in table if row.at <= step), default=table[0].at if table else 0)


def landings(message: Message, table: Sequence[Row]) -> set[int]:
    """The places of the rows that a message's journeys lead to."""
    return {landing(table, leg.step) for way in message.ways for leg in way.legs}


def called(step: Step) -> str:
    """What a step is called."""
    return {"resume": "↻ ", "handoff": "handoff from ", "return": "return from "}.get(step.kind, "") + step.name


def outcome(step: Step) -> str:
    """What came of a step, with a sign for how."""
    if not step.value or (step.value == "None" and step.ended == "returned"):
        return ""
    return {"raised": "↯ ", "yielded": "⇢ "}.get(step.ended, "→ ") + step.value


def quoted(view: View, step: Step) -> str:
    """The line of source that a step was called from, '' where it is not there."""
    if step.caller < 0:
        return ""
    caller = view.functions[step.caller]
    place = step.line - caller.first
    return caller.source[place].strip() if 0 <= place < len(caller.source) else ""


def byte_rows(message: Message) -> Iterator[dict[str, Any]]:
    """The fields of a message for a table: offset, bytes, name, value, source, who."""
    hidden = -1
    for field in message.fields:
        if hidden >= 0 and field.level > hidden:
            continue
        hidden = field.level if field.name in WHOLE else -1
        yield {"field": field, "offset": _offset(message, field), "hex": _hex(message, field)}


def _offset(message: Message, field: ByteField) -> str:
    name = message.buffers[field.buffer].name
    run = f"{field.start}–{field.stop - 1}" if field.stop - field.start > 1 else str(field.start)
    return run if field.buffer == 0 else f"{name} {run}"


def _hex(message: Message, field: ByteField) -> str:
    buffer = message.buffers[field.buffer]
    if field.bits is not None:
        bits = (
            f"{buffer.data[field.start]:08b}"[field.bits[0] : field.bits[1]] if field.start < len(buffer.data) else ""
        )
        return f"bit{'s' if len(bits) > 1 else ''} {bits}"
    if any(start < field.stop and field.start < stop for start, stop in buffer.blank):
        return "…"
    data = buffer.data[field.start : min(field.stop, field.start + SPELLED)]
    return data.hex(" ") + (" …" if field.stop - field.start > SPELLED else "")


def _short(text: str, limit: int = 80) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


__all__ = ["Row", "assembled", "page"]
