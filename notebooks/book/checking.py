"""The finished site, looked at: every link and anchor in it leads somewhere, and nothing in it asks the network.

In: the folder of the site. Out: a `Findings`, with links that lead out of the site only listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

#: What a browser fetches by itself: (tag, attribute).
FETCHED = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("video", "src"),
           ("audio", "src"), ("embed", "src"), ("object", "data"), ("image", "href"), ("use", "href")}  # fmt: skip
IN_STYLE = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s]+)""")
OUTWARD = ("http://", "https://", "//")


@dataclass
class Page:
    """What one page has: its anchors, where it links to, and what it has fetched."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Findings:
    """`broken` and `fetched` are sentences; both are empty for a site as it should be. `outward` are addresses."""

    pages: int
    links: int
    broken: tuple[str, ...]
    fetched: tuple[str, ...]
    outward: tuple[str, ...]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page, self.style = Page(), False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.style = tag == "style"
        for name, value in attrs:
            if value is None:
                continue
            if name == "id" or (tag == "a" and name == "name"):
                self.page.anchors.add(value)
            elif tag in ("a", "area") and name == "href":
                self.page.links.append(value)
            elif (tag, name) in FETCHED:
                self.page.fetched.append(value)
            elif name == "style":
                self.page.fetched += IN_STYLE.findall(value)

    def handle_data(self, data: str) -> None:
        if self.style:
            self.page.fetched += IN_STYLE.findall(data)


@cache
def read(path: Path) -> Page:
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    return reader.page


def check(site: Path) -> Findings:
    """Look at every page and style sheet below `site`."""
    read.cache_clear()
    pages = {path: read(path) for path in sorted(site.rglob("*.html"))}
    broken, fetched, outward, count = [], [], set(), 0
    for path, page in pages.items():
        here = path.relative_to(site).as_posix()
        count += len(page.links)
        for link in (*page.links, *page.fetched):
            if link.startswith(OUTWARD):
                outward.add(link)
            elif why := _broken(site, path, link):
                broken.append(f"{here}: {link}: {why}")
        fetched += [f"{here} fetches {link}" for link in page.fetched if link.startswith(OUTWARD)]
    fetched += _styles(site)
    return Findings(len(pages), count, tuple(broken), tuple(fetched), tuple(sorted(outward - _all_fetched(pages))))


def _all_fetched(pages: dict[Path, Page]) -> set[str]:
    return {link for page in pages.values() for link in page.fetched}


def _broken(site: Path, path: Path, link: str) -> str:
    """Why a link within the site leads nowhere; "" if it leads somewhere."""
    if urlsplit(link).scheme in ("data", "mailto", "javascript"):
        return ""
    address, fragment = urldefrag(link)
    target = path if not address else (path.parent / unquote(address.partition("?")[0])).resolve()
    if site.resolve() not in target.resolve().parents:
        return "outside of the site"
    if not target.is_file():
        return "no such file"
    if fragment and target.suffix == ".html" and not _anchored(unquote(fragment), read(target)):
        return "no such anchor"
    return ""


def _anchored(fragment: str, page: Page) -> bool:
    """Whether a page has this anchor. The page to step through has addresses of its own, `/receive/4-text/29`: a
    recording, a message, a step; the messages are in it without its script, too."""
    if fragment.startswith("/") and (parts := fragment.split("/"))[2:]:
        return f"m-{parts[1]}-{parts[2]}" in page.anchors
    return fragment in page.anchors


def _styles(site: Path) -> Iterator[str]:
    for path in sorted(site.rglob("*.css")):
        for link in IN_STYLE.findall(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(site).as_posix()} fetches {link}"
