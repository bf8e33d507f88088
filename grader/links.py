"""From a link to what it names: repository, reference, path, lines; and what had to be repaired for that.

In: a URL out of a report. Out: a `CodeLink`. Nothing is fetched: hosts, owners and paths that are nearly right are told
by what is known of libraries. A scheme that is not the web's, and an address that is not a code host's, is no source.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tracer.reading.lock import Lock
from tracer.reading.lock import load as load_lock

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

#: Hosts whose links show files, with the word between repository and reference.
GITHUB = ("github.com", "www.github.com", "raw.githubusercontent.com", "github.dev", "github1s.com")
#: Hosts whose addresses only lead on to others.
SHORTENED = ("bit.ly", "git.io", "tinyurl.com", "t.co", "goo.gl", "is.gd", "t.ly", "rb.gy", "cutt.ly", "shorturl.at")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHORT = re.compile(r"[0-9a-f]{7,39}")
_LONG = re.compile(r"[0-9a-f]{41,}")
_TAG = re.compile(r"v?\d+(\.\d+){1,3}((a|b|rc)\d+)?(\.post\d+)?")
_BRANCH_OF_PYTHON = re.compile(r"3\.\d+")
_LINES = re.compile(r"L{0,2}(\d{1,6})(?:C\d+)?(?:-#?L{0,2}(\d{1,6})(?:C\d+)?)?", re.IGNORECASE)
_SOURCE = (".py", ".pyx", ".pyi", ".c", ".h")
#: Code in other languages, which counts as code in a repository that is not known.
_OTHER = (".js", ".jsx", ".ts", ".tsx", ".html", ".css", ".java", ".scala", ".go", ".rs", ".rb", ".php", ".cpp", ".cc")


@dataclass(frozen=True)
class Repository:
    """A library's repository: `name` is owner/name, `package` its distribution ("python" for the standard library)."""

    name: str
    package: str
    root: str = "src/"
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class CodeLink:
    """`kind` is code, page (no source), own, library (of which nothing is known), fork, hosted (a source file at a host
    that is not asked), shortened, or nowhere (no address of the web). `reference` is a commit, tag or branch, as
    `moves` and `short` say; `path` is the whole path, `inner` that inside its package."""

    url: str
    kind: str
    repository: str = ""
    package: str = ""
    reference: str = ""
    moves: bool = False
    short: bool = False
    path: str = ""
    inner: str = ""
    first: int = 0
    last: int = 0
    repairs: tuple[str, ...] = ()

    @property
    def pinned(self) -> str:
        """The link as it should be written, after repairs."""
        lines = "" if not self.first else f"#L{self.first}" + (f"-L{self.last}" if self.last != self.first else "")
        path = f"/{self.path}" if self.path else ""
        return f"https://github.com/{self.repository}/blob/{self.reference}{path}{lines}"


@cache
def repositories() -> dict[str, Repository]:
    """Every repository that is known, by its name and other names in lower case."""
    data = tomllib.loads(Path(__file__).with_name("repositories.toml").read_text(encoding="utf-8"))
    found = [
        Repository(one["name"], one["package"], one.get("root", "src/"), tuple(one.get("also", ())))
        for one in data["repository"]
    ]
    named = {one.package for one in found}
    for package, entry in lock().packages.items():
        if package not in named:
            root = next((release.root for release in entry.releases.values()), "")
            found.append(Repository(entry.repository.removeprefix("https://github.com/"), package, root))
    return {name.lower(): one for one in found for name in (one.name, *one.also)}


@cache
def lock() -> Lock:
    """The lock that comes with unmagic."""
    return load_lock()


def resolve(url: str, paths: Iterable[tuple[str, str]] = ()) -> CodeLink:
    """What a URL names. `paths` are the (package, path) of files that are known, for paths that are misspelt."""
    if len(url) > 2000 or not re.match(r"https?://", url, re.IGNORECASE):
        return CodeLink(url[:200], "nowhere")
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return CodeLink(url, "nowhere")
    repairs: list[str] = []
    if host not in GITHUB and difflib.get_close_matches(host, GITHUB[:2], 1, 0.85) and parts.path.count("/") >= 2:
        repairs.append(f"the host is github.com, not {host}")
        host = "github.com"
    if host not in GITHUB:
        kind = _elsewhere(host, parts.path)
        return CodeLink(url, kind, package=_package_in(parts.path) if kind == "hosted" else "")
    segments = [unquote(part) for part in parts.path.split("/") if part]
    if any(part in (".", "..") or "/" in part or "\\" in part for part in segments):
        return CodeLink(url, "nowhere")  # a path that leaves its repository, or hides a slash
    if len(segments) < 2:
        return CodeLink(url, "page")
    return _at_github(url, host, segments, parts.fragment, repairs, tuple(paths))


def _elsewhere(host: str, path: str) -> str:
    """What an address is that is not the code host's: GitLab's and Sphinx's pages of source are no mere pages."""
    if host in SHORTENED:
        return "shortened"
    return "hosted" if path.endswith(_SOURCE) or "/_modules/" in path else "page"


def _package_in(path: str) -> str:
    """The library whose name stands in the path of another host's address: of a mirror's, or of its documentation's."""
    names = {name.partition("/")[2]: one.package for name, one in repositories().items()}
    parts = (part.partition("@")[0].replace("_", "-") for part in path.lower().split("/"))
    return next((names[part] for part in parts if part in names), "")


def _at_github(
    url: str, host: str, segments: list[str], fragment: str, repairs: list[str], paths: tuple[tuple[str, str], ...]
) -> CodeLink:
    known, kind, name, notes = _repository(segments[0], segments[1].removesuffix(".git"))
    repairs += notes
    rest = segments[2:]
    if host.startswith("raw."):
        rest = ["blob", *rest]
    if not rest or rest[0] not in ("blob", "tree", "raw", "blame", "edit") or len(rest) < 3:
        return CodeLink(url, "page", name, known.package if known else "", repairs=tuple(repairs))
    if rest[1] == "refs" and rest[2] in ("heads", "tags") and len(rest) > 4:
        rest = [rest[0], *rest[3:]]  # a branch or a tag by its full name
    reference, path = rest[1], "/".join(rest[2:])
    first, last = _lines(fragment)
    made = CodeLink(url, kind, name, known.package if known else "", reference, path=path, first=first, last=last)
    if known is not None:
        made = _with_path(made, known, paths, repairs)
    if not made.path.endswith(_SOURCE if known is not None else (*_SOURCE, *_OTHER)):
        made = replace(made, kind="page")
    elif kind == "own" and _is_package(made):
        made = replace(made, kind="library")
    made = _at_its_root(_with_reference(made), paths, repairs)
    return replace(made, repairs=tuple(repairs))


def _at_its_root(link: CodeLink, paths: tuple[tuple[str, str], ...], repairs: list[str]) -> CodeLink:
    """With the folder that the package is in at a release that is known: a path without src/ leads nowhere there."""
    package = lock().packages.get(link.package)
    release = package.releases.get(release_of(link)) if package else None
    folders = {path.partition("/")[0] for name, path in paths if name == link.package}
    if release is None or link.inner.partition("/")[0] not in folders or link.path == release.root + link.inner:
        return link
    repairs.append(f"the path is {release.root}{link.inner}, not {link.path}")
    return replace(link, path=release.root + link.inner)


def _repository(owner: str, name: str) -> tuple[Repository | None, str, str, list[str]]:
    """(what is known of it, kind, its name, repairs)."""
    full = f"{owner}/{name}"
    known = repositories().get(full.lower())
    if known is not None:
        return known, "code", known.name, []
    near = difflib.get_close_matches(full.lower(), list(repositories()), 1, 0.9)
    if near:
        known = repositories()[near[0]]
        return known, "code", known.name, [f"the repository is {known.name}, not {full}"]
    for one in repositories().values():
        if one.name.partition("/")[2].lower() == name.lower():
            return one, "fork", full, []
    return None, "own", full, []


def _is_package(link: CodeLink) -> bool:
    """Whether a repository's file lies where a library keeps its package: flask-login/flask_login/utils.py. A program
    of one's own has no folder of its repository's name."""
    name = re.sub(r"^python-|-python$|[^a-z0-9]", "", link.repository.partition("/")[2].lower())
    folders = [re.sub(r"[^a-z0-9]", "", part.lower()) for part in link.path.split("/")[:-1]]
    return bool(name) and name in folders[: 2 if folders[:1] in (["src"], ["lib"]) else 1]


def _lines(fragment: str) -> tuple[int, int]:
    found = _LINES.fullmatch(fragment) if not fragment.startswith(":~:") else None
    if found is None:
        return 0, 0
    first, last = int(found[1]), int(found[2] or found[1])
    return min(first, last), max(first, last)


def inner_path(path: str, root: str) -> str:
    """A path in a repository as it is inside the package: src/flask/app.py -> flask/app.py."""
    for folder in dict.fromkeys((root, "src/", "Lib/", "lib/")):
        if folder and path.startswith(folder):
            return path[len(folder) :]
    return path


def _with_path(link: CodeLink, known: Repository, paths: tuple[tuple[str, str], ...], repairs: list[str]) -> CodeLink:
    """With the path inside the package; one that is nearly that of a known file, and of none exactly, is repaired."""
    root = link.path[: len(link.path) - len(inner_path(link.path, known.root))]
    inner = link.path[len(root) :]
    mine = sorted({path for package, path in paths if package == known.package})
    if mine and inner not in mine:
        near = difflib.get_close_matches(inner, mine, 1, 0.9)
        if near and _same_letters(near[0], inner):
            repairs.append(f"the path is {root}{near[0]}, not {root}{inner}")
            inner = near[0]
    return replace(link, path=root + inner, inner=inner)


def _same_letters(one: str, other: str) -> bool:
    """Whether two paths differ in what a hand or a scan confuses, and not in their words."""
    return re.sub(r"[^a-z/.]", "", one.lower()) == re.sub(r"[^a-z/.]", "", other.lower())


def _with_reference(link: CodeLink) -> CodeLink:
    reference = link.reference
    if _COMMIT.fullmatch(reference):
        return link
    if _SHORT.fullmatch(reference) and not reference.isdigit():
        return replace(link, short=True)
    if _LONG.fullmatch(reference):
        return link  # no branch: a commit that was mistyped
    tag = _TAG.fullmatch(reference) and not (link.package == "python" and _BRANCH_OF_PYTHON.fullmatch(reference))
    return link if tag else replace(link, moves=True)


def release_of(link: CodeLink) -> str:
    """The release that a link's reference is, by the lock or by its tag; '' where it is none that is known."""
    package = lock().packages.get(link.package)
    for version, release in package.releases.items() if package else ():
        if link.reference in (release.commit, release.tag) or (
            link.short and release.commit.startswith(link.reference)
        ):
            return version
    if not link.moves and not link.short and _TAG.fullmatch(link.reference):
        return link.reference.removeprefix("v")
    return ""
