"""The pages with our code and the originals side by side: one a module of `reference_impl`, and one that leads to them.

In: `Pairing`s. Out: Markdown for Sphinx, with HTML where two sources stand beside each other.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from html import escape

from report.view.lanes import table

from .originals import Citation
from .pairs import Original, Pair, Pairing
from .sources import lines, listing, prose, raw

FLOORS = ("flask_sock", "flask", "werkzeug", "simple_websocket", "wsproto")
NO_ORIGINAL = "No function of its own in the original."


def floor(module: str) -> str:
    """The library whose work a module does (report/view/lanes.toml)."""
    return str(table()["floor"]["reference_impl"][module])


def overview(pairings: Sequence[Pairing]) -> str:
    """The page that leads to the others."""
    rows = []
    for name in FLOORS:
        for one in (one for one in pairings if floor(one.module) == name):
            beside = sum(bool(pair.originals) for pair in one.pairs)
            files = ", ".join(f"`{file}`" for file in dict.fromkeys(c.file.relative for c in one.citations))
            theirs = sum(c.last - c.first + 1 for c in one.citations)
            size = f"{len(one.text.splitlines())}&nbsp;:&nbsp;{theirs}"
            rows.append(f"| [`{one.module}.py`]({one.module}.md) | {_lead(one)} | {files} | {beside} | {size} |")
    return "\n".join(
        [
            "# Ours beside the originals\n",
            "`reference_impl` is the whole stack again, small enough to read in an evening. Each page has one of its "
            "modules, function by function, and beside each what it stands for in the library: the very lines that are "
            "installed, with a link that is proven (the file's bytes are those of the commit).\n",
            "| ours | what it does | the original | side by side | lines |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "\n*side by side*: functions and classes with an original beside them. *lines*: ours, and those of the "
            "originals that it follows.\n",
            "```{toctree}\n:hidden:\n",
            *(one.module for name in FLOORS for one in pairings if floor(one.module) == name),
            "```\n",
        ]
    )


def page(one: Pairing) -> str:
    """One module, side by side."""
    doc = ast.get_docstring(ast.parse(one.text)) or ""
    paragraphs = doc.partition("\n\n")[2]
    kept = re.sub(r"(?ms)^Follows .*?(?=^Leaves out|\n\n|\Z)", "", "\n" + paragraphs).strip("\n")
    jumps = "".join(f'<li><a href="#{anchor(one.module, p)}"><code>{escape(p.name)}</code></a></li>' for p in one.pairs)
    return "\n".join(
        [
            f"---\nhide-toc: true\n---\n\n# `{one.module}.py` beside its original\n",
            raw(f'<p class="lead">{escape(_lead(one))}</p>{prose(kept)}'),
            "It follows " + "; ".join(_cited(c) for c in one.citations) + ".\n",
            raw(f'<nav class="jumps" aria-label="Functions on this page"><ul>{jumps}</ul></nav>'),
            *(_beside(one, pair) for pair in one.pairs),
            _left(one.left),
        ]
    )


def anchor(module: str, pair: Pair) -> str:
    return re.sub(r"[^a-z0-9]+", "-", f"{module}-{pair.name}".lower()).strip("-")


def _lead(one: Pairing) -> str:
    return (ast.get_docstring(ast.parse(one.text)) or "").partition("\n")[0].partition(": ")[0].rstrip(".")


def _cited(one: Citation) -> str:
    return f"[{one.file.package} {one.file.version}, `{one.file.relative}` lines {one.first}–{one.last}]({one.url})"


def _beside(one: Pairing, pair: Pair) -> str:
    left = _figure("ours", f"reference_impl/{one.module}.py", "", pair.first, lines(one.text, pair.first, pair.last))
    right = "".join(map(_original, pair.originals)) or f'<p class="none">{NO_ORIGINAL}</p>'
    kind = "" if pair.originals else " alone"
    sides = f'<div class="sides{kind}"><div>{left}</div><div>{right}</div></div>'
    return f"({anchor(one.module, pair)})=\n## `{pair.name}`\n\n{raw(sides)}"


def _original(one: Original) -> str:
    code = lines(one.file.text, one.definition.first, one.end)
    label = f"{one.file.package} {one.file.version}"
    return _figure(label, one.file.relative, one.link, one.definition.first, code, one.definition.name)


def _figure(whose: str, path: str, link: str, first: int, code: str, name: str = "") -> str:
    where = f"{escape(path)}:{first}–{first + code.count(chr(10))}"
    if link:
        where = f'<a class="permalink" href="{escape(link)}">{where}</a>'
    said = f" <code>{escape(name)}</code>" if name else ""
    caption = f"<figcaption><b>{escape(whose)}</b>{said}<span>{where}</span></figcaption>"
    kind = "theirs" if link else "ours"
    return f'<figure class="side {kind}">{caption}{listing(code, first)}</figure>'


def _left(left: Sequence[Original]) -> str:
    """What of the cited lines nothing of ours stands for, folded."""
    if not left:
        return ""
    shown = [one for one in left if not any(_within(one, other) for other in left if other != one)]
    names = [f"<summary><code>{escape(one.definition.name)}</code></summary>" for one in shown]
    parts = "".join(f"<details>{name}{_original(one)}</details>" for name, one in zip(names, shown, strict=True))
    said = "Of the lines that ours follows, these have nothing beside them: it does without, or does it elsewhere."
    return f"## Left over\n\n{said}\n\n{raw(f'<div class=leftover>{parts}</div>')}"


def _within(one: Original, other: Original) -> bool:
    outer, inner = other.definition, one.definition
    return one.file == other.file and outer.first <= inner.first and inner.last <= other.end
