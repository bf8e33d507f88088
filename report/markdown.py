"""Pages as Markdown, as GitHub shows it: a mermaid drawing, a table with the same numbers, the bytes.

Only shows the view. All that comes from a trace passes `cell` or `code`, so that no payload, name or path can
become markup; drawings have their own escapes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from tracer.reading.links import Link, Status

from .model import ByteRow, Change, Leg, Page, Row, Section, Technology

if TYPE_CHECKING:
    from jinja2 import Environment


def page(view: Page, python: str) -> str:
    """One page as Markdown. `python` names the interpreter that ran it."""
    parts = {"ways": any(s.way for s in view.sections), "bytes": any(s.bytes for s in view.sections)}
    return _environment().get_template("page.md.j2").render(page=view, python=python, proof=_proof(view), **parts)


def index(pages: Sequence[Page], scenarios: Sequence[Any], technologies: Sequence[Technology], python: str) -> str:
    """The index of the pages."""
    template = _environment().get_template("index.md.j2")
    return template.render(pages=pages, scenarios=scenarios, technologies=technologies, python=python)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # what only looks at a trace needs no templates

    environment = Environment(loader=PackageLoader("report"), undefined=StrictUndefined, keep_trailing_newline=True)
    environment.filters.update(
        cell=cell, prose=prose, code=code, what=_what, site=_site, mermaid=mermaid, threads=_threads,
        value=_value, change=_change, passed=_passed, carried=_carried, hand=_hand,
    )  # fmt: skip
    return environment


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")


def _escaped(match: re.Match[str]) -> str:
    point = ord(match[0])
    return f"\\x{point:02x}" if point < 256 else f"\\u{point:04x}"


def prose(text: str) -> str:
    """A sentence of ours inside a table's cell: its Markdown stays, its lines and columns do not."""
    text = re.sub(r"\s+", " ", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("|", "\\|")


def cell(text: str) -> str:
    """Text from a trace inside a table's cell: nothing in it is markup, whatever it is."""
    text = _CONTROL.sub(_escaped, re.sub(r"[^\S ]+", " ", text)).replace("&", "&amp;").replace("<", "&lt;")
    text = re.sub(r"([\\`*_{}\[\]()#+!|~])", r"\\\1", text.replace(">", "&gt;"))
    return re.sub(r"(?i)(https?|ftp|mailto|www)([:.])", lambda m: f"{m[1]}&#{ord(m[2])};", text)


def code(text: str) -> str:
    """Text from a trace as code inside a table's cell; '' stays ''."""
    if not text:
        return ""
    text = _CONTROL.sub(_escaped, text).replace("|", "\\|")
    ticks = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (ticks + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def _linked(text: str, link: Link | None) -> str:
    return f"[{text}]({link.url})" if link is not None and link.url else text


#: Characters of a name, indentation included, that the column has room for; a longer name is not indented.
ROOM = 40


def _what(row: Row) -> str:
    room = max(ROOM - len(row.name), 0)
    indent = "&nbsp;" * min(max(row.depth, 0), room) if row.kind not in ("wire", "thread", "handoff", "return") else ""
    if row.kind in ("wire", "thread"):
        return f"**{cell(row.name)}**" + (f" × {row.count}" if row.count > 1 else "")
    name = _linked(code(row.name), row.definition)
    name = {"resume": f"↻ {name}", "handoff": f"**handoff** from {name}", "return": f"{name} **returns**"}.get(
        row.kind, name
    )
    extra = (f" × {row.count}" if row.count > 1 else "") + (
        f" + {row.hidden} calls" if row.hidden > 1 else " + 1 call" if row.hidden else ""
    )
    tag = " *(by tag)*" if row.definition is not None and row.definition.status is Status.TAG else ""
    return f"{indent}{name}{extra}{tag}"


#: What stands between a step and its call site, in one cell.
FROM = "<br>from "


def _site(row: Row) -> str:
    return FROM + _linked(code(row.site), row.site_link) if row.site else ""


# --- the way of a value, and whose hands bytes went through ---------------------------------------------------

#: What happened to a value, in the way's table.
HAPPENED = {
    "read": "**read** from the socket",
    "written": "**written** to the socket",
    "begins": "**given** by the program",
    "handoff": "**handoff**: taken up on this thread",
    "same": "passed on",
    "held": "passed on",
}
#: The same beside a step of the chain, where the value follows.
MARKED = {"read": "**read**", "written": "**written**", "begins": "**given**"}
SAME = "*the same object*"
#: Characters of code that fit into a column as one piece.
WIDE = 20


def _happened(change: Change, words: dict[str, str]) -> str:
    """What happened, without the value."""
    if change.kind == "slice":
        return f"**slice {change.place}**"
    if change.kind == "made":
        how = {"copy": "a copy", "folded": "written another way"}.get(change.how, change.how)
        joined = f"{how} into bytes {change.place}" if " " not in change.place else f"{how} of parts, {change.place}"
        return f"**made**: {joined if change.place else how}"
    return words.get(change.kind, "")


def _held(change: Change) -> str:
    name, bracket, key = change.holder.partition("[")
    if bracket and len(change.holder) > WIDE:  # in two pieces, so that a line can break between them
        return f"*held* in {code(name)} as {code(key.removesuffix(']'))}"
    return f"*held* in {code(change.holder)}" if change.holder else ""


def _change(leg: Leg) -> str:
    """What happened to the value in one leg."""
    change = leg.change
    parts = [_happened(change, HAPPENED) if not (change.arrives and change.kind == "same") else "", _held(change)]
    parts += [DOUBT if change.doubtful else "", "**returned** to the program" if change.arrives else ""]
    return "<br>".join(part for part in parts if part)


def _carried(leg: Leg) -> str:
    """The value in one leg; where it only goes on, that it is the same."""
    change = leg.change
    if change.kind in ("same", "held") and not change.arrives:
        return SAME
    return (f"{SAME}<br>" if change.kind in ("same", "held", "handoff") else "") + code(change.value)


def _passed(leg: Leg) -> str:
    """The calls of one leg, and where the first was called from."""
    first, *rest = [_linked(code(name), link) if link is not None else f"**{cell(name)}**" for name, link in leg.calls]
    return (
        first
        + (FROM + _linked(code(leg.site), leg.site_link) if leg.site else "")
        + "".join(f"<br>→ {r}" for r in rest)
    )


def _value(row: Row) -> str:
    """The value of a step; on the way, what happened to the one that is followed."""
    change = row.change
    if change is None:
        return code(row.value)
    same = change.kind in ("same", "held", "handoff")
    said = "**handoff**: " if change.kind == "handoff" and row.kind == "handoff" else ""
    said += (_held(change) or SAME) if same else _happened(change, MARKED)
    if not same or (change.arrives and row.kind != "handoff"):
        said += f" {code(change.value)}"
    said += f", {_held(change)}" if change.holder and not same else ""
    beside = f"<br>{code(row.value)}" if change.beside else ""
    return f"{ON_WAY} {said}{beside}"


#: Stands before what happened to the value that is followed.
ON_WAY = "●"
DOUBT = "*(or another: something as close was at hand)*"


def _hand(row: ByteRow) -> str:
    """Who took the bytes of one field, or made them."""
    hand = row.hand
    if hand is None:
        return prose(row.by)
    lines = [" ".join(part for part in (hand.verb, _linked(code(hand.name), hand.definition)) if part)]
    if hand.site:
        lines.append(f"{hand.at} {_linked(code(hand.site), hand.site_link)}")
    if hand.through:
        lines.append(f"through {code(hand.through)}")
    lines += [f"with bytes {hand.run}"] if hand.run else []
    lines += [f"*the first of {hand.others + 1} that had them*"] if hand.others else []
    return "<br>".join([*lines, DOUBT] if hand.doubtful else lines)


def _threads(section: Section) -> str:
    told = [
        f"**{label}** is {code(_plain_name(name))}" if label != "main" else "**main** is the program's first"
        for label, name in section.threads
    ]
    return "Threads: " + "; ".join(told) + "."


def _plain_name(name: str) -> str:
    """A thread's name without its number, which counts whatever started before."""
    inner = re.fullmatch(r"Thread-\d+ \((.*)\)", name)
    return inner[1] if inner else re.sub(r"-\d+", "", name)


def _proof(view: Page) -> str:
    tagged = any(r.definition is not None and r.definition.status is Status.TAG for s in view.sections for r in s.rows)
    text = "Every link into a library is proven: the bytes of the installed file equal the file at the linked commit."
    return text + (" Links into Python's own library go by its release's tag." if tagged else "")


# --- the drawing -------------------------------------------------------------------------------------------


#: With more participants than this a drawing keeps one for each library, whatever the thread.
WIDEST = 9


def mermaid(section: Section) -> str:
    """A sequence diagram of the crossings, numbered as the table is."""
    pairs = dict.fromkeys(end for arrow in section.arrows for end in (arrow.source, arrow.target))
    by_thread = len({thread for _, thread in pairs if thread}) > 1 and len(pairs) <= WIDEST
    names: dict[str, str] = {}

    def name(end: tuple[str, str]) -> str:
        lane, thread = end
        return names.setdefault(f"{lane} · {thread}" if thread and by_thread else lane, f"p{len(names)}")

    arrows = [(name(arrow.source), name(arrow.target), arrow) for arrow in section.arrows]
    first = section.arrows[0].number
    lines = ["sequenceDiagram", "  autonumber" if first == "1" else f"  autonumber {first}"]
    lines += [f"  participant {short} as {drawn(label)}" for label, short in names.items()]
    for source, target, arrow in arrows:
        lines.append(f"  {source}{'-->>' if arrow.dashed else '->>'}{target}: {drawn(arrow.text, 48)}")
    return "\n".join(lines)


def drawn(text: str, limit: int = 60) -> str:
    """Text inside a drawing: one line, nothing that mermaid would read as syntax."""
    text = re.sub(r"\s+", " ", text)
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    escaped = re.sub(r"[^\w\s.,:()\[\]\-+/'…·‹›]", lambda m: f"#{ord(m[0])};", text)
    escaped = re.sub(r"(?i)^(\s*:?(?:no)?wrap):", r"\1#58;", escaped)  # an option of mermaid's, not text
    return re.sub(r"(?i)\b(e)(nd)\b", lambda m: f"#{ord(m[1])};{m[2]}", escaped)
