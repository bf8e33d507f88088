"""The truth that a report is held against: which functions ran, and the chains as hops, at one set of versions.

Made of traces (`hops.py`), kept as JSON in truth/, so that a report can be checked where nothing was recorded. A path
is the file's own inside its package ("flask/app.py", "socketserver.py"); `Library` says where that is in a repository.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .symbols import Symbols, of_plain, plain

SCHEMA = 1
FOLDER = Path(__file__).with_name("truth")


class TruthError(Exception):
    """A truth cannot be used; the message is one sentence that says why."""


@dataclass(frozen=True)
class Library:
    """A package at one release. `reference` is a commit, for the standard library a tag; `root` its folder."""

    name: str
    repository: str  # owner/name, at github.com
    version: str
    reference: str
    root: str

    def url(self, path: str, first: int, last: int) -> str:
        """The permanent link to lines of one of its files; '' where its repository is not known."""
        if not self.repository:
            return ""
        lines = f"#L{first}" if first == last else f"#L{first}-L{last}"
        return f"https://github.com/{self.repository}/blob/{self.reference}/{quote(self.root + path)}{lines}"


@dataclass(frozen=True)
class Site:
    """Lines of a file that show a hop: where it is called, started, handed over."""

    library: str
    path: str
    within: str  # the function that they are in
    first: int
    last: int


@dataclass(frozen=True)
class Hop:
    """One hop of a chain. `kind` is call, wire, thread or handoff; `name` what it is called; a call has a definition
    (`library` to `last`), and each its `sites`. `crosses`: it goes from one library into another."""

    kind: str
    name: str
    thread: str
    crosses: bool
    library: str = ""
    path: str = ""
    qualname: str = ""
    first: int = 0
    line: int = 0
    last: int = 0
    sites: tuple[Site, ...] = ()
    also: tuple[str, ...] = ()  # other definitions that show it: socket.accept of Python's socket.py
    near: tuple[Site, ...] = ()  # lines that show it where the words say so: the call inside which it happens


@dataclass(frozen=True)
class Chain:
    """A chain as a report should show it."""

    name: str
    title: str
    hops: tuple[Hop, ...]


@dataclass(frozen=True)
class Source:
    """One file that took part: its symbols, and the functions that ran, by scenario. `partly`: some of its functions
    were left out of a recording, so that these may have run as well."""

    library: str
    path: str
    symbols: Symbols
    ran: dict[str, tuple[str, ...]]
    partly: bool = False


@dataclass(frozen=True)
class Truth:
    """All of one set of versions."""

    name: str
    python: str
    libraries: dict[str, Library]
    chains: dict[str, Chain]
    sources: tuple[Source, ...]

    @cached_property
    def source(self) -> dict[tuple[str, str], Source]:
        """The files by library and path."""
        return {(one.library, one.path): one for one in self.sources}

    def family(self, name: str, more: Symbols) -> frozenset[str]:
        """The classes that a class has an ancestor in common with, or an heir; `more` is a file that is no part of the
        truth. Bases are taken by their names."""
        bases = {**_bases(more), **self._bases}
        above = {one: _ancestors(one, bases) for one in bases}
        mine = above.get(name, frozenset({name}))
        return frozenset(
            other for other in bases
            if (mine & above[other]) or any(name in line and other in line for line in above.values())
        )  # fmt: skip

    @cached_property
    def _bases(self) -> dict[str, frozenset[str]]:
        return {name: bases for one in self.sources for name, bases in _bases(one.symbols).items()}

    def ran(self, scenarios: tuple[str, ...]) -> frozenset[tuple[str, str, str]]:
        """(library, path, qualname) of every function that ran in these scenarios."""
        return frozenset(
            (one.library, one.path, qualname)
            for one in self.sources
            for scenario in scenarios
            for qualname in one.ran.get(scenario, ())
        )

    def knows(self, library: str, path: str) -> bool:
        """Whether what is not known to have run in a file surely did not: not so where only parts were recorded."""
        here = self.source.get((library, path))
        return not any(one.partly for one in ([here] if here else self.sources) if one.library == library)

    def link(self, hop: Hop) -> str:
        """The link that shows a hop best: its definition, else its first site."""
        if hop.kind == "call":
            return self.libraries[hop.library].url(hop.path, hop.line, hop.last)
        if hop.sites and hop.sites[0].library in self.libraries:
            site = hop.sites[0]
            return self.libraries[site.library].url(site.path, site.first, site.last)
        return ""

    def site_link(self, hop: Hop) -> str:
        """The link to where a hop is called from; '' where that is the program's own line."""
        for site in hop.sites:
            if site.library in self.libraries:
                return self.libraries[site.library].url(site.path, site.first, site.last)
        return ""


def _bases(symbols: Symbols) -> dict[str, frozenset[str]]:
    """The short names of each class's bases."""
    return {
        one.qualname: frozenset(base.partition("[")[0].rpartition(".")[2] for base in one.names)
        for one in symbols.symbols if one.kind == "class"
    }  # fmt: skip


def _ancestors(name: str, bases: dict[str, frozenset[str]]) -> frozenset[str]:
    """A class with all its bases that are known themselves: `object` and `Generic` make nobody related."""
    found, todo = set(), [name]
    while todo:
        one = todo.pop()
        if one in bases and one not in found:
            found.add(one)
            todo += bases[one]
    return frozenset(found)


# As JSON ---------------------------------------------------------------------------------------------------


def dump(truth: Truth) -> str:
    """The truth as text: the same truth gives the same bytes."""
    data = {
        "generated": "by `unmagic truth`, from traces; do not edit",
        "schema": SCHEMA,
        "name": truth.name,
        "python": truth.python,
        "libraries": [asdict(one) for one in truth.libraries.values()],
        "chains": [{"name": c.name, "title": c.title, "hops": [_sparse(asdict(h)) for h in c.hops]}
                   for c in truth.chains.values()],
        "sources": [{"library": s.library, "path": s.path, **({"partly": True} if s.partly else {}), "ran": s.ran,
                     **plain(s.symbols)} for s in truth.sources],
    }  # fmt: skip
    return _compact(data)


def _sparse(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value not in ("", 0, (), [], False)}


def _compact(data: dict[str, Any]) -> str:
    """JSON with a line for each hop and each file, which a diff can show."""
    lines = []
    for name, value in data.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = ",\n".join("  " + json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in value)
            lines.append(f' "{name}": [\n{rows}\n ]')
        else:
            lines.append(f' "{name}": {json.dumps(value, ensure_ascii=False)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def load(path: Path) -> Truth:
    """The truth that a file holds. Raises `TruthError`."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["schema"] != SCHEMA:
            raise TruthError(f"{path}: it has schema {data['schema']}, and this version reads {SCHEMA}; make it again.")
        libraries = [Library(**one) for one in data["libraries"]]
        chains = [Chain(c["name"], c["title"], tuple(_hop(hop) for hop in c["hops"])) for c in data["chains"]]
        sources = [
            Source(
                s["library"],
                s["path"],
                of_plain(s),
                {name: tuple(ran) for name, ran in s["ran"].items()},
                s.get("partly", False),
            )
            for s in data["sources"]
        ]
    except OSError as error:
        raise TruthError(f"{path}: it cannot be read ({error.strerror or error}).") from None
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise TruthError(f"{path}: it is no truth that `unmagic truth` wrote ({error}).") from None
    return Truth(
        data["name"], data["python"], {one.name: one for one in libraries}, {one.name: one for one in chains},
        tuple(sources),
    )  # fmt: skip


def _hop(data: dict[str, Any]) -> Hop:
    places = {name: tuple(Site(**site) for site in data.pop(name, ())) for name in ("sites", "near")}
    also = tuple(data.pop("also", ()))
    return Hop(**{"thread": "", "crosses": False, **data, **places, "also": also})


def known() -> list[Truth]:
    """The truths that come with unmagic, the newest versions first."""
    return [load(path) for path in sorted(FOLDER.glob("*.json"), reverse=True)]
