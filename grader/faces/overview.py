"""All reports of a folder on one page: points, doubts, what could not be read; a line leads to each report's page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from .html import FOLDER

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{ title }}: {{ lines|length }} reports</title><style>{{ style }}</style></head>
<body><main><h1>{{ title }}: {{ lines|length }} reports</h1>
<p class="soft">Points are suggested; a person confirms them. What could not be read has none.</p>
<table><thead><tr><th scope="col">report</th><th scope="col" class="number">suggested</th>
<th scope="col" class="number">doubts</th><th scope="col">record</th></tr></thead><tbody>
{% for line in lines %}<tr><th scope="row"><a href="{{ line.page }}">{{ line.report }}</a></th>
<td class="number points">{% if line.problem %}not graded{% else %}
{{ '%g' % line.points }} of {{ line.most }}{% endif %}</td>
<td class="number">{{ line.doubts or "" }}</td><td>
{% if line.problem %}{{ line.problem }}{% else %}<a href="{{ line.record }}">{{ line.record }}</a>{% endif %}</td></tr>
{% endfor %}</tbody></table>
{% if same %}<h2>The same links</h2>
<p>These have the same links in the same order. A hint, which changes no points: read them beside each other.</p>
<ul>{% for names in same %}<li>{{ names|join(", ") }}</li>{% endfor %}</ul>{% endif %}
{% if without %}<h2>Without a report</h2>
<p>In these nothing was found that is read ({{ read }}). They have no points, and no line above.</p>
<ul>{% for name in without %}<li>{{ name }}</li>{% endfor %}</ul>{% endif %}</main></body></html>
"""


def page(title: str, lines: Sequence[dict[str, Any]], without: Sequence[str] = (), read: str = "") -> str:
    """The page over all reports; `without` are the hand-ins that hold none, `read` what is taken for one."""
    by_links: dict[str, list[str]] = {}
    for line in lines:
        by_links.setdefault(line.get("links", ""), []).append(line["report"])
    same = [names for links, names in by_links.items() if links and len(names) > 1]
    made = Environment(autoescape=True).from_string(_PAGE)
    style = Markup((FOLDER / "page.css").read_text(encoding="utf-8"))
    return made.render(title=title, lines=lines, style=style, same=same, without=without, read=read)
