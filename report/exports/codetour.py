"""A tour for VS Code's CodeTour: the source of a journey or chain, file by file, with our sentences.

The format: https://aka.ms/codetour-schema. Each step has the file's text as it ran (`contents`), so that the tour opens
with nothing installed and no repository cloned ("CodeTour: Open Tour File…"), and its permalink as `uri`. Descriptions
are Markdown that may run commands of the editor, so all that comes from a trace is spelled as character references.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from .asked import Asked, Exported, ExportError
from .story import Moment, story, title
from .text import as_json, function, plain, spelled, where, whole

SCHEMA = "https://aka.ms/codetour-schema"


def codetour(asked: Asked) -> Exported:
    """The journey or chain. Raises `ExportError` where no step of it has source."""
    moments = [moment for moment in story(asked) if moment.code is not None]
    steps = [_step(moment, asked) for moment in moments]
    if not steps:
        raise ExportError(f"{title(asked)} has no source to show")
    about = (
        "Made by unmagic export. Each step shows the file as it ran, and links to the same lines at a pinned commit."
    )
    tour = {"$schema": SCHEMA, "title": title(asked), "description": about, "steps": steps}
    return Exported(as_json(tour, indent=1).encode("ascii") + b"\n")


def _step(moment: Moment, asked: Asked) -> dict[str, Any]:
    code = moment.code
    assert code is not None
    link = asked.links.link(code.file.facts, moment.first, moment.last)
    step: dict[str, Any] = {"title": f"{plain(code.lane)} · {function(code)}" if code.lane else function(code)}
    if code.file.source is not None:
        step["file"] = quote(plain(code.file.facts.relative.lstrip("/")))
        step["contents"] = whole(code.file.source)
        last = min(moment.last, code.file.source.count("\n") + 1)
        step["selection"] = {"start": _position(moment.first), "end": _position(max(moment.first, last) + 1)}
    if link.url:
        step["uri"] = link.url
    step["line"] = moment.first
    step["description"] = _description(moment, link.url, link.why, asked)
    return step


def _position(line: int) -> dict[str, int]:
    return {"line": line, "character": 1}


def _description(moment: Moment, url: str, why: str, asked: Asked) -> str:
    """What happens here, our sentence, who called it, the evidence, and the link with what proves it."""
    ends = dict.fromkeys((moment.source, moment.target))
    places = " → ".join(" · ".join(part for part in place if part) for place in ends)
    paragraphs = [f"**{_text(moment.text)}**", _sentence(moment.note)]
    called = ""
    if moment.site is not None:
        caller, line = moment.site
        site = asked.links.link(caller.file.facts, line, line).url
        called = f"Called from {_linked(_text(where(caller, line)), site)}. "
    paragraphs.append(f"{called}{_text(places)}, call {moment.call} in the trace.")
    paragraphs.append(f"{_linked('The same lines at the pinned commit', url)}: {_text(why)}" if url else _text(why))
    return "\n\n".join(part for part in paragraphs if part)


def _sentence(note: str) -> str:
    """A note of ours begins in small letters and ends without a full stop, as in a table's cell."""
    return note[:1].upper() + note[1:] + "." if note else ""


def _linked(text: str, url: str) -> str:
    return f"[{text}]({url})" if url else text


def _text(text: str) -> str:
    return spelled(plain(text), lambda point: f"&#{point};")
