"""What the tests of exports share: a trace exported as the command does it, and what is allowed in the result."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from jsonschema import Draft7Validator, Draft202012Validator
from markdown_it import MarkdownIt

from report import notes
from report.exports import FORMATS
from report.exports.asked import Asked
from report.view.ways import numbered as find
from tracer.reading.flow import Flow
from tracer.reading.journeys import Journey
from tracer.reading.links import Links
from tracer.reading.lock import load
from tracer.reading.trace import Trace

SCHEMAS = Path(__file__).parent / "schemas"


@cache
def numbered(trace: Trace) -> tuple[Journey, ...]:
    """The journeys of a trace, as the command numbers them."""
    return tuple(find(Flow(trace)))


def asked(trace: Trace, journey: int = 0) -> Asked:
    """One journey of a trace, or all."""
    found = numbered(trace)
    return Asked(trace, Links(load()), notes.load(), found[journey - 1 : journey] if journey else found)


def made(name: str, trace: Trace, journey: int = 0) -> bytes:
    return FORMATS[name].render(asked(trace, journey)).content


def captured(trace: Trace | Path, folder: Path) -> Path:
    """The capture of a whole trace."""
    if isinstance(trace, Path):
        with Trace.open(trace) as opened:
            return captured(opened, folder)
    file = folder / "capture.pcapng"
    file.write_bytes(made("pcapng", trace))
    return file


def schema(file: Path) -> Callable[[object], None]:
    """A validator that says which part is wrong."""
    loaded = json.loads(file.read_text(encoding="utf-8"))
    kind = Draft202012Validator if "2020-12" in loaded["$schema"] else Draft7Validator
    kind.check_schema(loaded)
    return kind(loaded).validate


#: What CodeTour makes links of, besides Markdown's own: a shell command, and a reference to a step or a tour.
SHELL, REFERENCE = re.compile(r"^>>\s", re.MULTILINE), re.compile(r"\[[^\]]+\](?!\()")


def links_of(description: str) -> list[str]:
    """The targets of every link in a description; raw HTML, images and headings in it fail."""
    assert not SHELL.search(description) and not REFERENCE.search(description)
    tokens = MarkdownIt("commonmark").parse(description)
    inner = [one for token in tokens for one in [token, *(token.children or ())]]
    kinds = {token.type for token in inner}
    blocks = {"paragraph_open", "paragraph_close", "inline", "text", "text_special", "softbreak"}
    ours = {"strong_open", "strong_close", "link_open", "link_close", "code_inline"}  # notes of ours have code
    assert kinds <= blocks | ours, kinds
    return [str(token.attrs["href"]) for token in inner if token.type == "link_open"]
