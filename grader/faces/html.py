"""A result as one page: the report's text beside the chains, green, amber, missing. With `grading`, points can be
confirmed or changed on it, and saved as the record. One file, nothing is fetched; without JavaScript all but the saving
works."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from ..coverage import Coverage
from ..documents.document import Document, marks
from ..result import Result
from ..verdicts import Judged, Verdict
from .data import data

FOLDER = Path(__file__).parent
#: green, amber, red or grey, by verdict.
TONES = {
    Verdict.RIGHT: "good", Verdict.ELSEWHERE: "good", Verdict.MOVING: "fair", Verdict.WRONG_LINE: "fair",
    Verdict.NOT_RUN: "fair", Verdict.WRONG_TARGET: "bad", Verdict.BROKEN: "bad", Verdict.NOT_SOURCE: "none",
    Verdict.OWN: "none", Verdict.UNKNOWN: "none",
}  # fmt: skip
#: What each verdict is called on the page, after its sign: never by colour alone.
SIGNS = {"good": "✓", "fair": "~", "bad": "✗", "none": "·"}


@dataclass(frozen=True)
class Row:
    """One hop on the page."""

    name: str
    library: str
    kind: str
    thread: str
    tone: str
    by: int
    how: str
    url: str


@dataclass(frozen=True)
class Shown:
    """One chain on the page; `gaps` are the runs of rows that nothing shows."""

    name: str
    title: str
    rows: tuple[Row, ...]
    shown: int
    gaps: tuple[tuple[Row, ...], ...]


def page(result: Result, document: Document | None, *, grading: bool = False, words: bool = True) -> str:
    """The page of one report. `words`: with the report's own text (a page of examples does without)."""
    template = _templates().get_template("report.html.j2")
    record = json.dumps(data(result), ensure_ascii=True).replace("<", "\\u003c")
    return template.render(
        result=result,
        chains=[_chain(one, result) for one in result.coverage],
        blocks=list(_blocks(document, result)) if document is not None and words else [],
        judged=result.judged,
        tones={verdict.value: tone for verdict, tone in TONES.items()},
        signs=SIGNS,
        grading=grading,
        record=Markup(record) if grading else "",
        style=Markup((FOLDER / "page.css").read_text(encoding="utf-8")),
        script=Markup((FOLDER / "grading.js").read_text(encoding="utf-8")) if grading else "",
        safe=_safe,
        number=lambda points: f"{points:g}",
        words=words,
    )


@cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return made


def _safe(url: str) -> str:
    """A link that a page may have: to the web, or nowhere."""
    return url if url.startswith(("https://", "http://")) else ""


def _chain(one: Coverage, result: Result) -> Shown:
    rows = []
    for covered in one.hops:
        hop = covered.hop
        tone = "good" if covered.share == 1 else "fair" if covered.share else "missing"
        url = result.held.link(hop) if result.held is not None else ""
        library = hop.library or (hop.sites[0].library if hop.sites else "")
        rows.append(Row(hop.name, library, hop.kind, hop.thread, tone, covered.by, covered.how.replace("_", " "), url))
    gaps = tuple(tuple(run) for missing, run in groupby(rows, lambda row: row.tone == "missing") if missing)
    return Shown(one.chain.name, one.chain.title, tuple(rows), sum(row.tone != "missing" for row in rows), gaps)


def _blocks(document: Document, result: Result) -> list[tuple[str, Markup]]:
    """The report's blocks, each link in them a number that leads to its verdict. All text is escaped."""
    by_mark = {one.mention.mark: one for one in result.judged}
    made = []
    for block in document.blocks:
        text, at = Markup(""), 0
        for start, stop, number in marks(block.text):
            text += escape(block.text[at:start])
            if number in by_mark:
                text += _chip(by_mark[number])
            at = stop
        made.append(("heading" if block.kind == "heading" else "text", text + escape(block.text[at:])))
    return made


def _chip(one: Judged) -> Markup:
    tone = TONES[one.verdict]
    label = one.mention.label or one.symbol.replace(".<locals>", "") or "link"
    return Markup('<a class="chip {}" href="#link-{}">{} {}<span class="number">{}</span></a>').format(
        tone, one.mention.number, SIGNS[tone], label, one.mention.number
    )
