"""Pages as Markdown, as GitHub shows it: a mermaid drawing, a table with the same numbers, the bytes.

Only shows the view. All that comes from a trace passes `cell` or `code`, so that no payload, name or path can
become markup; drawings have their own escapes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from tracer.reading.links import Link, Status

from .model import Page, Row, Section, Technology


def page(view: Page, python: str) -> str:
    """One page as Markdown. `python` names the interpreter that ran it."""
    return _environment().get_template("page.md.j2").render(page=view, python=python, proof=_proof(view))


def index(pages: Sequence[Page], scenarios: Sequence[Any], technologies: Sequence[Technology], python: str) -> str:
    """The index of the pages."""
    template = _environment().get_template("index.md.j2")
    return template.render(pages=pages, scenarios=scenarios, technologies=technologies, python=python)


def _environment() -> Environment:
    environment = Environment(loader=PackageLoader("report"), undefined=StrictUndefined, keep_trailing_newline=True)
    environment.filters.update(
        cell=cell, prose=prose, code=code, what=_what, site=_site, mermaid=mermaid, threads=_threads
    )
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


def _what(row: Row) -> str:
    indent = "&nbsp;" * 2 * max(row.depth, 0) if row.kind not in ("wire", "thread", "handoff", "return") else ""
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
