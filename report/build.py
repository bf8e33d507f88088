"""Build the committed report: traces in, files out, all of them or none.

Every page is made before the first one is written; each is written beside its place and renamed into it, and
pages that no longer exist are removed. `compare` does the same without writing, for `make check`.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tracer.reading import lock
from tracer.reading.flow import Flow
from tracer.reading.trace import Trace

from . import explorer, markdown, notes, pages
from .model import Technology
from .notes import ReportError
from .sections import Viewer
from .text import PYTHON
from .view import View
from .view.make import Source, make

#: The page to step through; its title, and what it shows of which scenario.
EXPLORER = "index.html"
TITLE = "Flask-Sock, without the magic"
EXPLORED = {
    "receive": "text, binary, fragments, and a timeout that returns None",
    "ours": "the same on reference_impl",
    "handshake": "the Upgrade request and its 101",
    "http_headers": "a header, from the socket's bytes to request.headers",
    "send": "str, bytes, 200 and 70,000 bytes",
    "ping": "a ping, and an unsolicited pong",
    "close": "closed by the client, by the server, and lost",
}
#: Where the scenarios' programs lie, as seen from the committed pages.
APPS = "../../tracer/scenarios/apps"


def build(traces: Mapping[str, Trace], scenarios: Sequence[Any]) -> dict[str, str]:
    """Every file of the report by its name. Raises `ReportError` if anything would stay unexplained."""
    known = notes.load()
    flow = cache(Flow)  # the values of a trace are followed once, for its pages and for the explorer
    viewer = Viewer(traces, known, lock.load(), own=APPS, flow=flow)
    views = [viewer.page(spec) for spec in pages.load()]
    view = explored(traces, known, flow)
    known.check(viewer.versions())
    python = f"Python {next(iter(traces.values())).meta.get('python', '‹unknown›')}"
    technologies = {t.name: t for view in views for t in view.technologies if t.version}
    files = {f"{view.slug}.md": markdown.page(view, python) for view in views}
    ordered: list[Technology] = [technologies[name] for name in sorted(technologies)]
    files["README.md"] = markdown.index(views, scenarios, ordered, python)
    files = {name: _tidy(text) for name, text in files.items()}
    # As it is: its policy has the digests of its parts.
    files[EXPLORER] = explorer.page(view, made_by="make trace")
    return files


def explored(traces: Mapping[str, Trace], known: notes.Notes, flow: Callable[[Trace], Flow] = Flow) -> View:
    """What the page to step through shows: the scenarios that are about messages, and the one on our own stack beside
    them. A crossing without a note is remembered in `known`."""
    sources = [Source(name, title, traces[name]) for name, title in EXPLORED.items() if name in traces]
    return make(TITLE, sources, steady=True, own=APPS, known=known, flow=flow)


def _tidy(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", text)).strip() + "\n"


def ask(folder: Path) -> None:
    """Whether files can be put into `folder`, before they are made, which takes a while. Raises `ReportError`."""
    there = next(path for path in (folder, *folder.absolute().parents) if os.path.exists(path))
    if not there.is_dir():
        raise ReportError(f"cannot write the report to {folder}: {there} is no folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ReportError(f"cannot write the report to {folder}: nothing may be written to {there}")


def write(files: Mapping[str, str | bytes], folder: Path) -> None:
    """Put the files into `folder`, replacing what was generated before; all of them or none. What was not generated
    is left alone. Raises `ReportError`."""
    before: dict[Path, bytes | None] = {}
    beside: list[Path] = []
    try:
        contents = {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            if (folder / name).is_dir():
                raise IsADirectoryError(0, f"{name} is a folder there")
            beside.append(folder / f".{name}.new")
            beside[-1].write_bytes(content)
        for name, fresh in zip(contents, beside, strict=True):
            place = folder / name
            before[place] = place.read_bytes() if place.exists() else None
            os.replace(fresh, place)
        for old in _generated(folder):
            if old.name not in files:
                old.unlink()
    except (OSError, UnicodeEncodeError) as error:
        for place, content_before in before.items():
            if content_before is None:
                place.unlink(missing_ok=True)
            else:
                place.write_bytes(content_before)
        for leftover in beside:
            if leftover.is_file():
                leftover.unlink()
        reason = error.strerror if isinstance(error, OSError) else None
        raise ReportError(f"cannot write the report to {folder}: {reason or error}") from None


def _generated(folder: Path) -> list[Path]:
    """The pages in a folder that we made; their first line says so."""
    pages_there = (path for path in folder.glob("*.md") if path.is_file())
    return [path for path in pages_there if path.read_bytes().startswith(b"<!-- Generated by `make trace`")]


def compare(files: Mapping[str, str], folder: Path) -> list[str]:
    """Differences between the files and what is in `folder`, as lines of a diff; none where they agree.

    Where the committed pages were made by another Python, what truly depends on it is left out on both sides.
    """
    lines: list[str] = []
    for name in sorted({*files, *(p.name for p in _generated(folder))}):
        old = (folder / name).read_bytes().decode("utf-8", "replace") if (folder / name).is_file() else ""
        new = files.get(name, "")
        if _made_by(old) != _made_by(new):
            if name == EXPLORER and old and new:
                continue  # it carries the source of that Python's own library
            old, new = independent(old), independent(new)
        lines += difflib.unified_diff(
            old.split("\n"), new.split("\n"), f"committed/{name}", f"now/{name}", "", "", 1, ""
        )
    return lines


def _made_by(text: str) -> str:
    found = re.search(r"<!-- Generated by `make trace` with (.*?);", text)
    return found[1] if found else ""


def independent(text: str) -> str:
    """A page without what truly depends on the Python that made it: its name; the steps inside the standard
    library, which is another one, with the numbering and the counts that follow from them; the line of a
    decorator's call (3.10 says another); and the lengths that follow from the `Server` header, where Werkzeug puts
    Python's version."""
    text = re.sub(r"Python \d+\.\d+\.\d+(?=[;. ])", "Python", text)
    lines = [line for part in re.split(r"(?m)^(?=#{2,4} )", text) for line in _independent_lines(part)]
    return "\n".join(lines)


def _independent_lines(part: str) -> list[str]:
    length_differs = part.startswith("#### ") and PYTHON in part
    kept = []
    for line in part.split("\n"):
        if _STEP.match(line):
            cells = line.split(" | ")
            definition, _, site = cells[2].partition(markdown.FROM)
            if _STDLIB in definition:
                continue
            site = "" if _STDLIB in site else site
            line = " | ".join([cells[1], re.sub(r" \+ \d+ calls?$", "", definition), *cells[3:], site])
        elif line.startswith("| ") and _STDLIB in line.rpartition(" | ")[2]:
            line = line.rpartition(" | ")[0]  # who consumed or produced a field
        if PYTHON in line or length_differs or "../../" in line:
            line = re.sub(r"\d+", "#", line)
        kept.append(line)
    return kept


#: The beginning of a row of steps: number, thread and lane; then what ran and its call site, what it did, the value.
#: The legs of a value's way have as many columns, and numbers of more than one step.
_STEP = re.compile(r"\| (?:in )?[\d.,–… —]+ \| (?:main|[A-Z]) · ")
_STDLIB = "/python/cpython/"
