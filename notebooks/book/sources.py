"""Source text as HTML: each line with its number, coloured as Sphinx colours code, in light and in dark."""

from __future__ import annotations

import re
from html import escape
from textwrap import dedent

from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers.python import PythonConsoleLexer, PythonLexer


def lines(text: str, first: int, last: int) -> str:
    """Lines `first` to `last`, without the indentation and the empty lines at the end that they share."""
    return dedent("\n".join(text.splitlines()[first - 1 : last])).rstrip()


def listing(code: str, first: int, anchors: bool = False) -> str:
    """`code` with numbers from `first` on; with `anchors` each line can be linked to, as `#L12`."""
    html = highlight(code, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)).rstrip("\n").split("\n")
    rows = []
    for number, row in enumerate(html, first):
        name = f' id="L{number}"' if anchors else ""
        rows.append(f'<span class="row"{name}><span class="number" data-n="{number}"></span>{row}\n</span>')
    return f'<div class="highlight listing" tabindex="0"><pre>{"".join(rows)}</pre></div>'


def raw(html: str) -> str:
    """HTML in a page of Markdown."""
    return f"````{{raw}} html\n{html}\n````\n"


def prose(docstring: str) -> str:
    """A docstring of ours as HTML: paragraphs, what is indented as it stands, and code between backticks."""
    shown = []
    for part in docstring.split("\n\n"):
        if part.startswith("    "):
            shown.append(f'<div class="highlight"><pre>{_example(dedent(part))}</pre></div>')
        else:
            pieces = re.sub(r"\n(?=\d\. )", "<br>", escape(part)).split("`")
            shown.append("<p>" + "".join(f"<code>{p}</code>" if n % 2 else p for n, p in enumerate(pieces)) + "</p>")
    return "\n".join(shown)


def _example(code: str) -> str:
    if not code.lstrip().startswith(">>>"):
        return escape(code)
    return str(highlight(code, PythonConsoleLexer(), HtmlFormatter(nowrap=True)))
