"""Every link of the committed report is true: it shows the function, or the line, that it names."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from conftest import ROOT
from helpers_report import COMMITTED, PAGES, READER, committed
from markdown_it.token import Token

from tracer.reading import lock

PERMALINK = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+)/blob/([0-9a-f]{40})/([^#?\s]+)#L(\d+)(?:-L(\d+))?")
BY_TAG = re.compile(r"https://github\.com/python/cpython/blob/v(\d+\.\d+\.\d+)/Lib/([^#?\s]+)#L(\d+)(?:-L(\d+))?")
REPOSITORY = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+")


def inline(text: str) -> Iterator[Token]:
    for token in READER.parse(text):
        if token.type == "inline":
            yield from token.children or []


def links(text: str) -> list[tuple[str, str]]:
    """(what the link says, where it goes) of every link as a reader of the page has it."""
    found: list[tuple[str, str]] = []
    label: list[str] | None = None
    href = ""
    for token in inline(text):
        if token.type == "link_open":
            label, href = [], str(token.attrs["href"])
        elif token.type == "link_close" and label is not None:
            found.append(("".join(label), href))
            label = None
        elif token.type == "image":
            found.append((token.content, str(token.attrs["src"])))
        elif label is not None:
            label.append(token.content)
    return found


@pytest.mark.parametrize("name", PAGES)
def test_every_link_is_a_permalink_a_tag_of_python_or_a_file_of_ours(name: str):
    wrong = []
    for label, href in links(committed()[name]):
        if PERMALINK.fullmatch(href) or BY_TAG.fullmatch(href) or REPOSITORY.fullmatch(href):
            continue
        path, _, lines = href.partition("#")
        target = (COMMITTED / path).resolve()
        numbers = [int(n) for n in re.findall(r"L(\d+)", lines)]
        inside = "://" not in href and ROOT.resolve() in target.parents and target.is_file()
        if not inside or any(n > len(target.read_text(encoding="utf-8").splitlines()) for n in numbers):
            wrong.append((label, href))
    assert wrong == []
    urls = re.findall(r"https?://[^\s)>|`]+", committed()[name])
    assert not [
        url
        for url in urls
        if re.search(r"/(?:blob|tree|raw)/(?:main|master|HEAD|dev|develop|stable|trunk|\d+\.x)/", url)
    ]
    assert not [url for url in urls if "github.com" in url and url.startswith("http:")]


def test_every_commit_is_the_locks_commit_for_the_version_that_is_pinned():
    known = {p.repository: (name, p) for name, p in lock.load().packages.items()}
    for text in committed().values():
        for found in PERMALINK.finditer(text):
            name, package = known[f"https://github.com/{found[1]}"]
            assert package.releases[importlib.metadata.version(name)].commit == found[2]


@cache
def installed(repository: str, path: str) -> Path:
    """The installed file that a path in a repository is, by the lock's root."""
    ((name, package),) = [
        (n, p) for n, p in lock.load().packages.items() if p.repository == f"https://github.com/{repository}"
    ]
    root = package.releases[importlib.metadata.version(name)].root
    assert path.startswith(root)
    located = importlib.metadata.distribution(name).locate_file(path.removeprefix(root))
    return Path(str(located))


@cache
def functions(path: Path) -> dict[tuple[int, int], set[str]]:
    """The names of what is defined at exactly these lines, decorators included, without `<locals>`."""
    found: dict[tuple[int, int], set[str]] = {}

    def visit(node: ast.AST, inside: str) -> None:
        name = ""
        first = getattr(node, "lineno", 0)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            name = node.name
            first = min([first, *(d.lineno for d in node.decorator_list)])
        elif isinstance(node, ast.Lambda):
            name = "<lambda>"
        elif isinstance(node, ast.GeneratorExp):
            name = "<genexpr>"
        elif isinstance(node, (ast.ListComp, ast.DictComp, ast.SetComp)):
            name = {ast.ListComp: "<listcomp>", ast.DictComp: "<dictcomp>", ast.SetComp: "<setcomp>"}[type(node)]
        if name:
            inside = f"{inside}.{name}" if inside else name
            found.setdefault((first, getattr(node, "end_lineno", first) or first), set()).add(inside)
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    visit(ast.parse(path.read_text(encoding="utf-8")), "")
    return found


def holds(path: Path, first: int, last: int, name: str) -> str:
    """'' if the lines hold the function called `name`, all of it and nothing else; else what is wrong."""
    here = functions(path).get((first, last), set())
    if name in here:
        return ""
    if name.rpartition(".")[2].startswith("<"):  # compilers disagree on where a generator expression ends
        near = {
            n for (a, b), names in functions(path).items() for n in names if a == first or (first <= a and b <= last)
        }
        return "" if name in near else f"{path.name}:{first}-{last} has no {name}"
    return f"{path.name}:{first}-{last} is {sorted(here) or 'no function'}, not {name}"


def test_links_to_functions_show_these_functions():
    seen, wrong = 0, set()
    for text in committed().values():
        for label, href in links(text):
            found = PERMALINK.fullmatch(href)
            if found and re.fullmatch(r"[\w.]+\.py:\d+", label) is None and found[5]:
                seen += 1
                wrong.add(holds(installed(found[1], found[3]), int(found[4]), int(found[5]), label))
    assert wrong - {""} == set()
    assert seen > 500


def test_links_into_pythons_library_show_these_functions(pages_now: dict[str, str]):
    seen, wrong = 0, set()
    library = Path(sysconfig.get_path("stdlib"))
    for text in pages_now.values():
        for label, href in links(text):
            found = BY_TAG.fullmatch(href)
            if found and found[4] and re.fullmatch(r"[\w.]+\.py:\d+", label) is None:
                seen += 1
                assert found[1] == ".".join(map(str, sys.version_info[:3]))
                wrong.add(holds(library / found[2], int(found[3]), int(found[4]), label))
    assert wrong - {""} == set()
    assert seen > 50


def test_a_call_site_is_the_line_that_it_names():
    seen = 0
    for text in committed().values():
        for label, href in links(text):
            named = re.fullmatch(r"([\w.]+\.py):(\d+)", label)
            if not named:
                continue
            seen += 1
            assert href.endswith(f"/{named[1]}#L{named[2]}"), (label, href)
            found = PERMALINK.fullmatch(href)
            if found:
                lines = installed(found[1], found[3]).read_text(encoding="utf-8").splitlines()
                line = lines[int(named[2]) - 1].strip()
                assert line and not line.startswith("#"), (label, href)
    assert seen > 500


def test_the_call_site_of_a_call_by_name_calls_that_name():
    """Where a function is called by its own name, the line of the call site has it (or the call's first lines do)."""
    checked = 0
    for line in committed()["receive.md"].splitlines():
        cells = line.split(" | ")
        if len(cells) != 5 or " · " not in cells[1]:
            continue
        definition, site = (links(part) for part in [*cells[2].split("<br>from "), ""][:2])
        found = PERMALINK.fullmatch(site[0][1]) if site else None
        if not definition or not found or "↻" in cells[2]:
            continue
        name = definition[0][0].rpartition(".")[2]
        if name.startswith(("_", "<")) or name in ("execute", "state", "iscontrol", "websocket_route", "listen"):
            continue
        text = installed(found[1], found[3]).read_text(encoding="utf-8").splitlines()
        around = "\n".join(text[int(found[4]) - 1 : int(found[4]) + 6])
        if name not in around and name in ("received_frames", "events", "process", "process_request_thread", "handle"):
            continue
        assert name in around, (name, site)
        checked += 1
    assert checked > 20
