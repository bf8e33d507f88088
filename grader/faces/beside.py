"""Chains side by side, as text and as a page: one row a hop, with both links."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment
from markupsafe import Markup

from ..diff import ADDED, CHANGED, GONE, MOVED, SAME, Diff, Row
from ..truth import Hop, Truth
from .html import FOLDER

SIGNS = {SAME: " ", CHANGED: "~", MOVED: "→", ADDED: "+", GONE: "−"}
TONES = {SAME: "", CHANGED: "fair", MOVED: "fair", ADDED: "good", GONE: "bad"}


def text(diffs: Sequence[Diff], before: Truth, after: Truth, *, all_rows: bool = False) -> str:
    """What differs, chain by chain; with `all_rows` also what does not."""
    lines = [f"{before.name} → {after.name}", *_versions(before, after)]
    for diff in diffs:
        lines += ["", f"{diff.title}: {_summary(diff)}"]
        for row in diff.rows:
            if all_rows or row.status != SAME:
                lines += _lines(row, before, after)
    return "\n".join(lines) + "\n"


def _summary(diff: Diff) -> str:
    told = [f"{diff.count(status)} {status}" for status in (ADDED, GONE, MOVED, CHANGED) if diff.count(status)]
    return ", ".join(told) or "the same"


def _versions(before: Truth, after: Truth) -> list[str]:
    names = [name for name in before.libraries if name in after.libraries]
    told = [f"{name} {before.libraries[name].version} → {after.libraries[name].version}" for name in names]
    return ["  " + ", ".join(told)] if told else []


def _lines(row: Row, before: Truth, after: Truth) -> list[str]:
    hop = row.after or row.before
    assert hop is not None
    library = f" ({hop.library})" if hop.library else ""
    lines = [f"{SIGNS[row.status]} {row.status:8}{hop.name}{library}" + (f": {row.why}" if row.why else "")]
    if row.status != SAME:
        links = [truth.link(one) for truth, one in ((before, row.before), (after, row.after)) if one is not None]
        lines += [f"           {link}" for link in links if link]
    return lines


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="{{ made_by }}">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{ before.name }} → {{ after.name }}</title><style>{{ style }}</style></head>
<body><main><h1>{{ before.name }} → {{ after.name }}</h1>
<p>The same chains twice, hop beside hop: + added, − gone, → moved to another place or name,
~ does something else now. Every name leads to its lines.</p>
<table><thead><tr><th scope="col">library</th><th scope="col">{{ before.name }}</th>
<th scope="col">{{ after.name }}</th></tr></thead><tbody>{% for name, one, other in versions %}
<tr><th scope="row">{{ name }}</th><td>{{ one }}</td><td>{{ other }}</td></tr>{% endfor %}
</tbody></table>
<ul>{% for diff in diffs %}
<li><a href="#{{ diff.name }}">{{ diff.title }}</a>: {{ summary(diff) }}</li>{% endfor %}
</ul>
{% for diff in diffs %}
<h2 id="{{ diff.name }}">{{ diff.title }}</h2>
<table><thead><tr><th scope="col">what</th><th scope="col">{{ before.name }}</th>
<th scope="col">{{ after.name }}</th><th scope="col">how</th></tr></thead><tbody>
{% for row in diff.rows %}
<tr><td><span class="verdict {{ tones[row.status] }}">{{ signs[row.status] }} {{ row.status }}</span></td>
<td>{{ shown(row.before, before) }}</td><td>{{ shown(row.after, after) }}</td><td>{{ row.why }}</td></tr>
{% endfor %}
</tbody></table>
{% endfor %}
</main></body></html>
"""


def page(diffs: Sequence[Diff], before: Truth, after: Truth, made_by: str = "unmagic diff") -> str:
    """All chains side by side on one page."""
    names = sorted({*before.libraries, *after.libraries})
    versions = [(name, _version(before, name), _version(after, name)) for name in names]
    made = Environment(autoescape=True, trim_blocks=True).from_string(_PAGE)
    style = Markup((FOLDER / "page.css").read_text(encoding="utf-8"))
    return made.render(
        diffs=diffs, before=before, after=after, versions=versions, style=style, signs=SIGNS, tones=TONES,
        summary=_summary, shown=_shown, made_by=made_by,
    )  # fmt: skip


def _version(truth: Truth, name: str) -> str:
    return truth.libraries[name].version if name in truth.libraries else ""


def _shown(hop: Hop | None, truth: Truth) -> Markup:
    """A hop's name as a link to its lines, with its library and thread."""
    if hop is None:
        return Markup("")
    link = truth.link(hop)
    name = (
        Markup('<a href="{}">{}</a>').format(link, hop.name)
        if link.startswith("https://")
        else Markup("{}").format(hop.name)
    )
    return name + Markup(' <span class="thread">{} {}</span>').format(hop.library, hop.thread)
