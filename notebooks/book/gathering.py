"""All pages of the site in one folder, laid out as in the repository, so that links between them stay as they are.

In: the repository. Out: files for Sphinx. A link to a program leads to a page with its source; one to a page that is
elsewhere here, to that; one to what the site does not have becomes its text.
"""

from __future__ import annotations

import json
import posixpath
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from .diagrams import diagram
from .pairs import following, pairing
from .sides import overview, page
from .sources import listing, raw

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
#: What goes into the site unchanged.
AS_THEY_ARE = "_html"
COURSE, REPORT, SIDES, FILES = "notebooks", "report/flask_sock", "beside", "files"

LINK = re.compile(r"(!?)\[((?:[^\[\]`]|`[^`]*`)*)\]\(([^()\s]+)\)")
#: A program that a finished page links to.
BESIDE = re.compile(r"\.\./\.\./([\w/]+\.py)")
DRAWN = re.compile(r"(?ms)^```mermaid\n(.*?)^```$")
ROW = re.compile(r"(?m)^\| (\d+) \| \[(.+?)\]\((\w+)\.ipynb\) \| (.+?) \|$")

#: What leads from the report's contents to the page that Sphinx does not know.
EXPLORER = '<a href="index.html">Step through it</a>: the same runs, message by message, by keyboard.\n'

#: What the site says in another place: the start page, mostly.
MOVED = {"README.md": "index.md", "notebooks/README.md": "index.md"}
#: Pages of the repository that are taken in if one of the site's links to them.
GUIDES = "docs/"


@dataclass
class Gathered:
    """Where everything is written; `wanted` are files that some page links to."""

    folder: Path
    wanted: set[str] = field(default_factory=set)
    guides: set[str] = field(default_factory=set)

    def write(self, path: str, text: str) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def gather(folder: Path) -> None:
    """Write all sources of the site into `folder`, which is made empty first.

    Raises OriginalError, DiagramError; KeyError where a notebook has no row in the table of notebooks/README.md.
    """
    shutil.rmtree(folder, ignore_errors=True)
    site = Gathered(folder)
    questions = course()
    for name in questions:
        site.write(f"{COURSE}/{name}.ipynb", _notebook(site, f"{COURSE}/{name}.ipynb"))
    site.write(f"{COURSE}/glossary.md", _markdown(site, f"{COURSE}/glossary.md"))
    report = sorted(path.name for path in (ROOT / REPORT).glob("*.md") if path.name != "README.md")
    for name in report:
        site.write(f"{REPORT}/{name}", _markdown(site, f"{REPORT}/{name}"))
    contents = _markdown(site, f"{REPORT}/README.md")
    site.write(f"{REPORT}/README.md", contents.replace("\n| page |", f"\n{EXPLORER}\n| page |", 1))
    for path in (ROOT / REPORT).glob("*.html"):
        _as_it_is(site, path)
    pairings = [pairing(module) for module in following()]
    site.write(f"{SIDES}/index.md", overview(pairings))
    for one in pairings:
        site.write(f"{SIDES}/{one.module}.md", page(one))
    _guides(site)
    for wanted in sorted(site.wanted):
        site.write(f"{FILES}/{wanted}.md", _program(wanted))
    site.write("index.md", start(questions, report))


def course() -> dict[str, tuple[str, str]]:
    """The notebooks in their order, with title and question, as notebooks/README.md has them."""
    table = (ROOT / COURSE / "README.md").read_text(encoding="utf-8")
    named = {found[3]: (found[2], found[4]) for found in ROW.finditer(table)}
    return {path.stem: named[path.stem] for path in sorted((ROOT / COURSE).glob("[0-9][0-9]_*.ipynb"))}


def _guides(site: Gathered) -> None:
    done: set[str] = set()
    while left := site.guides - done:
        for path in sorted(left):
            site.write(path, "---\norphan: true\n---\n\n" + _markdown(site, path))
        done |= left


def _notebook(site: Gathered, path: str) -> str:
    """The committed notebook with its outputs; links of its prose lead within the site."""
    notebook = json.loads((ROOT / path).read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = relinked(site, path, "".join(cell["source"])).splitlines(keepends=True)
    return json.dumps(notebook, ensure_ascii=False, indent=1)


def _markdown(site: Gathered, path: str) -> str:
    text = (ROOT / path).read_text(encoding="utf-8")
    text = DRAWN.sub(lambda found: raw(diagram(found[1])), text)
    return relinked(site, path, text)


def _as_it_is(site: Gathered, page: Path) -> None:
    """A page that is finished, and the programs that it links to, where it expects them."""
    text = page.read_text(encoding="utf-8")
    site.write(f"{AS_THEY_ARE}/{REPORT}/{page.name}", text)
    for program in set(BESIDE.findall(text)):
        site.write(f"{AS_THEY_ARE}/{program}", (ROOT / program).read_text(encoding="utf-8"))


def _program(path: str) -> str:
    code = (ROOT / path).read_text(encoding="utf-8").rstrip()
    return f"---\norphan: true\n---\n\n# `{path}`\n\n{raw(listing(code, 1, anchors=True))}"


def relinked(site: Gathered, page: str, text: str) -> str:
    """The text of `page` with its links as they have to be in the site."""
    return LINK.sub(lambda found: _relinked(site, page, found), text)


def _relinked(site: Gathered, page: str, found: re.Match[str]) -> str:
    image, said, target = found.groups()
    if "://" in target or target.startswith(("#", "mailto:")):
        return found[0]
    name, hash_, fragment = target.partition("#")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), name))
    up: Callable[[str], str] = lambda to: posixpath.relpath(to, posixpath.dirname(page) or ".")  # noqa: E731
    if path in MOVED:
        return f"[{said}]({up(MOVED[path])})"
    if not (ROOT / path).is_file() or image:
        return said
    if path.startswith(GUIDES) and path.endswith(".md"):
        site.guides.add(path)
    elif path.startswith(f"{REPORT}/") and path.endswith(".html"):
        return f'<a href="{escape(target)}">{escape(said.replace("`", ""))}</a>'
    elif path.endswith(".py"):
        site.wanted.add(path)
        line = fragment.partition("-")[0]
        return f"[{said}]({up(f'{FILES}/{path}.md')}{hash_}{line})"
    elif not path.startswith((f"{COURSE}/", f"{REPORT}/")):
        return said
    return f"[{said}]({up(path)}{hash_}{fragment})"


def start(questions: dict[str, tuple[str, str]], report: list[str]) -> str:
    """The first page, and the order of all pages."""
    cards = "".join(
        f'<a class="card" href="{COURSE}/{name}.html"><b>{number}</b>'
        f"<strong>{_code(title[0].upper() + title[1:])}</strong><span>{_code(question)}</span></a>"
        for number, (name, (title, question)) in enumerate(questions.items(), 1)
    )
    order = {
        "The course": [*(f"{COURSE}/{name}" for name in questions), f"{COURSE}/glossary"],
        "The report": [f"{REPORT}/README", *(f"{REPORT}/{Path(name).stem}" for name in _told(report))],
        "Our own stack": [f"{SIDES}/index"],
    }
    trees = "".join(
        f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{chr(10).join(pages)}\n```\n\n"
        for caption, pages in order.items()
    )
    text = (HERE / "start.md").read_text(encoding="utf-8")
    return text.replace("CARDS", raw(f'<div class="cards">{cards}</div>')) + trees


def _told(report: list[str]) -> list[str]:
    """The report's pages in the order of its own table of contents."""
    table = (ROOT / REPORT / "README.md").read_text(encoding="utf-8")
    return sorted(report, key=lambda name: table.index(f"]({name})"))


def _code(text: str) -> str:
    return re.sub(r"`(.+?)`", r"<code>\1</code>", escape(text))
