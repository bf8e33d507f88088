"""What a module of `reference_impl` follows: the permalinks in its docstring, as lines of the files that are installed.

In: a module's file. Out: `Original`s, each with its source and a link. A link is only given for a file that is proven:
its bytes are those of the commit (tracer/reading/permalinks.json).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from tracer.reading.links import Links, SourceFile, Status
from tracer.reading.lock import blob_id, load

PERMALINK = re.compile(r"(https://[\w.-]+/[\w.-]+/[\w.-]+)/blob/([0-9a-f]{40})/([^#\s]+)#L(\d+)-L(\d+)")


class OriginalError(Exception):
    """What a docstring follows cannot be shown; the message is one sentence that says why."""


@dataclass(frozen=True)
class Definition:
    """A function or class in a file: `first` and `last` line, its decorators among them. `head` is the last line before
    a class's first method, and of a function its last one."""

    name: str  # qualified: "FrameDecoder.process_buffer"
    first: int
    last: int
    head: int
    is_class: bool

    @property
    def owner(self) -> str:
        return self.name.rpartition(".")[0]

    @property
    def short(self) -> str:
        return self.name.rpartition(".")[2]


@dataclass(frozen=True)
class Proven:
    """An installed file whose bytes are known to be those of a commit."""

    package: str
    version: str
    relative: str  # "wsproto/frame_protocol.py"
    text: str
    file: SourceFile

    def link(self, first: int, last: int) -> str:
        return links().link(self.file, first, last).url


@dataclass(frozen=True)
class Citation:
    """One permalink of a docstring."""

    url: str
    file: Proven
    first: int
    last: int


@cache
def links() -> Links:
    return Links(load())


def definitions(text: str) -> tuple[Definition, ...]:
    """Every function and class of a source, in its order; those within functions, too."""
    return tuple(_inside(ast.parse(text), ""))


def _inside(node: ast.AST, prefix: str) -> Iterator[Definition]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _inside(child, prefix)
            continue
        is_class, last = isinstance(child, ast.ClassDef), child.end_lineno or child.lineno
        methods = [_begin(one) for one in child.body if isinstance(one, ast.FunctionDef)] if is_class else []
        head = min(methods) - 1 if methods else last
        yield Definition(prefix + child.name, _begin(child), last, head, is_class)
        yield from _inside(child, f"{prefix}{child.name}.")


def _begin(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def citations(text: str) -> tuple[Citation, ...]:
    """What a module's docstring names, in its order. Raises OriginalError where a file is not what the link shows."""
    doc = ast.get_docstring(ast.parse(text)) or ""
    found = PERMALINK.finditer(doc)
    return tuple(Citation(m[0], proven(m[1], m[2], m[3]), int(m[4]), int(m[5])) for m in found)


@cache
def proven(repository: str, commit: str, path: str) -> Proven:
    """The installed file that a permalink shows. Raises OriginalError if it is another one, or none."""
    for name, package in load().packages.items():
        for version, release in package.releases.items():
            if package.repository == repository and release.commit == commit and path.startswith(release.root):
                return _installed(name, version, path.removeprefix(release.root), f"{repository}/blob/{commit}/{path}")
    raise OriginalError(f"{repository}: no release is known to be commit {commit}.")


def _installed(package: str, version: str, relative: str, url: str) -> Proven:
    here = metadata.version(package)
    if here != version:
        raise OriginalError(f"{package} {here} is installed, but reference_impl follows {version}: run `make setup`.")
    path = Path(str(metadata.distribution(package).locate_file(relative)))
    if not path.is_file():
        raise OriginalError(f"{package} {version} has no {relative}, which reference_impl follows.")
    content = path.read_bytes()
    file = SourceFile(str(path), "distribution", package, version, relative, blob_id(content), False, (), "", "", False)
    link = links().link(file, 1, 1)
    if link.status is not Status.PROVEN or not link.url.startswith(url):
        raise OriginalError(f"{relative} of {package} {version} is not what {url} shows: {link.why}")
    return Proven(package, version, relative, content.decode(), file)
