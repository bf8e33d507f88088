"""Links: from a traced file and its lines to the one URL that shows these lines, and how sure of it we are.

In: a `SourceFile` (what the recorder knew of the file) and the `Lock`. Out: a `Link`; nothing is asked or opened.
A proven link names a commit whose blob equals the file's bytes. What cannot be proven says so, and why; a link never
names a moving branch, and where only a branch is known there is none.
Metadata and remotes come from strangers: what is not plainly a repository on a known code host gives no link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote, urlsplit

from tracer.reading.lock import Lock, Package, Release, inside, normalize

Lines = tuple[int, int]  # first and last, counted from 1
Answer = tuple[str, "Status", str]  # URL, how sure, why


@dataclass(frozen=True)
class SourceFile:
    """One file as the traced process had it; enough to link it on another machine."""

    path: str  # absolute, as it was in the traced process
    kind: str  # "distribution" | "stdlib" | "program" | "made" (what ran was made of it) | "other"
    distribution: str  # normalized name, or ""
    version: str  # the distribution's, or Python's ("3.11.7") for the standard library
    relative: str  # inside site-packages, inside Lib/, or inside the program's git repository
    blob: str  # git's blob id of the installed bytes, "" where they could not be read
    recorded: bool  # its sha256 equals the one in the distribution's RECORD: unchanged since installation
    project_urls: tuple[str, ...]  # from the metadata: "Source, https://..." or a bare URL
    remote: str  # the program's own git remote, "" where there is none
    commit: str  # and its commit when it was recorded
    dirty: bool  # the file differs from that commit


class Status(str, Enum):
    """How sure a link is."""

    PROVEN = "proven"  # the file's bytes are the commit's
    TAG = "tag"  # the standard library, by its release's tag: builders may patch it
    UNPROVEN = "unproven"  # a guess, or a commit that the file is known to differ from
    OWN = "own"  # the program's own file, at its own commit
    NONE = "none"

    __str__ = str.__str__  # Python 3.10 and 3.12 differ here, and pages must not


@dataclass(frozen=True)
class Link:
    url: str  # "" only where the status is NONE
    status: Status
    label: str  # "flask 3.1.3 flask/app.py:12-20"; printable, but not escaped for any page
    why: str  # one sentence: what proves the link, or what is missing


@dataclass(frozen=True)
class Links:
    """The links that one lock can give."""

    lock: Lock

    def link(self, file: SourceFile, first: int, last: int) -> Link:
        """The link to lines `first` to `last` (counted from 1) of `file`. Raises nothing: the reason is in `why`."""
        label = _label(file, first, last)
        if not 1 <= first <= last:
            return Link("", Status.NONE, label, f"Lines {first} to {last} are not a range of lines.")
        if not _linkable(file.relative):
            return Link("", Status.NONE, label, "The file has no path inside a package, a library or a repository.")
        lines = (first, last)
        if file.kind == "distribution":
            url, status, why = self._library(file, lines)
        elif file.kind == "stdlib":
            url, status, why = _standard_library(file, lines)
        elif file.kind == "program":
            url, status, why = _own(file, lines)
        elif file.kind == "made":
            url, status, why = "", Status.NONE, "Python ran what was made of this file, and these are lines of that."
        else:
            url, status, why = "", Status.NONE, "The file belongs to no package, library or program that is known."
        return Link(url, status, label, why)

    def _library(self, file: SourceFile, lines: Lines) -> Answer:
        package = self.lock.packages.get(normalize(file.distribution))
        if package is None:
            return _guessed(file, lines, metadata_repository(file.project_urls), f"v{file.version}", "")
        release = package.releases.get(file.version)
        for proven, why in _evidence(file, package):
            return _shown(package, proven, file, lines, Status.PROVEN, why)
        if release is not None:
            return _shown(package, release, file, lines, Status.UNPROVEN, _doubt(file, release))
        nearest_version, nearest = next(iter(package.releases.items()), ("", None))
        tag = nearest.tag.replace(nearest_version, file.version) if nearest else f"v{file.version}"
        return _guessed(file, lines, package.repository, tag, nearest.root if nearest else "")


# Libraries -------------------------------------------------------------------------------------------------


def _evidence(file: SourceFile, package: Package) -> Iterator[tuple[Release, str]]:
    """The releases whose commit shows these very bytes: the file's own first, then any that has the same blob."""
    own = package.releases.get(file.version)
    if own and own.blobs.get(file.relative) == file.blob:
        yield own, f"The file's blob id equals the one at the commit of release {file.version}."
    # Without its blobs the lock says which files of the wheel equal the commit; RECORD says that this is the wheel's.
    # The comparison covered Python files only, and where there are blobs they have the last word.
    compared = own and not own.blobs and file.relative.endswith(".py") and file.relative not in own.not_identical
    if own and compared and file.recorded:
        yield own, f"Release {file.version} equals its commit, and the file is as it was installed."
    for version, release in package.releases.items():
        if release.blobs.get(file.relative) == file.blob:
            yield release, f"The file's blob id equals the one at the commit of another release, {version}."


def _doubt(file: SourceFile, release: Release) -> str:
    """Why a file of a release in the lock is not proven."""
    if file.relative in release.not_identical:
        return "The release's own file differs from its commit, so these lines may stand elsewhere."
    if file.relative in release.blobs:
        changed = "could not be read" if not file.blob else "differs from the release's: it was changed"
        return f"The installed file {changed}, so these lines may stand elsewhere."
    if release.blobs or not file.relative.endswith(".py"):
        return "The file was not compared with its commit."
    return "The installed file differs from what was installed, so these lines may stand elsewhere."


def _shown(package: Package, release: Release, file: SourceFile, lines: Lines, status: Status, why: str) -> Answer:
    url = _url(package.repository, release.commit, True, release.root + file.relative, lines)
    if not url:
        return "", Status.NONE, "The lock's repository is on no code host whose links are known."
    return url, status, why


def _guessed(file: SourceFile, lines: Lines, repository: str, tag: str, root: str) -> Answer:
    if not repository:
        return "", Status.NONE, "The package is not in the lock, and its metadata names no repository on a known host."
    if not _RELEASED.fullmatch(file.version):
        return "", Status.NONE, "The installed version is not a released one, so it has no tag."
    url = _url(repository, tag, False, root + file.relative, lines)
    if not url:
        return "", Status.NONE, "The lock's repository is on no code host whose links are known."
    return url, Status.UNPROVEN, f"The release is not in the lock: the tag {tag} is a guess, and nothing was compared."


# A version that somebody can have tagged: no `main`, no `1.0.dev3`, no local `1.0+g1234567`.
_RELEASED = re.compile(r"([0-9]{1,9}!)?[0-9]{1,9}(\.[0-9]{1,9})*((a|b|rc)[0-9]{1,9})?(\.post[0-9]{1,9})?")

# The labels of metadata's URLs (PEP 753 and what was used before it), best first; any other comes last.
_LABELS = {"source": 0, "sourcecode": 0, "repository": 0, "code": 0, "github": 0, "gitlab": 0, "": 1, "homepage": 1}
_NOT_SOURCE = {"funding", "sponsor", "sponsors", "donate", "donation"}


def metadata_repository(project_urls: tuple[str, ...]) -> str:
    """The repository that a package's metadata names, "" where it names none on a known host."""
    found = []
    for place, entry in enumerate(project_urls):
        name, comma, url = entry.partition(",")
        if not comma or "://" in name:
            name, url = "", entry
        key = re.sub(r"[^a-z]", "", name.lower())
        repository = repository_url(url.strip(" "))
        if repository and key not in _NOT_SOURCE:
            found.append((_LABELS.get(key, 2), place, repository))
    return min(found)[2] if found else ""


# The standard library and the program ----------------------------------------------------------------------


def _standard_library(file: SourceFile, lines: Lines) -> Answer:
    if not re.fullmatch(r"3\.[0-9]{1,3}\.[0-9]{1,3}((a|b|rc)[0-9]{1,3})?", file.version):
        return "", Status.NONE, "This Python is not a release (built between two of them), so it has no tag."
    if file.relative.startswith("_sysconfigdata"):
        return "", Status.NONE, "The file was generated when this Python was built."
    url = _url("https://github.com/python/cpython", f"v{file.version}", False, f"Lib/{file.relative}", lines)
    return url, Status.TAG, f"The standard library at the tag of Python {file.version}; its bytes were not compared."


def _own(file: SourceFile, lines: Lines) -> Answer:
    if not file.remote:
        return "", Status.NONE, "The program is in no git repository with a remote."
    repository = repository_url(file.remote)
    if not repository:
        return "", Status.NONE, "The program's git remote is on no code host whose links are known."
    if not re.fullmatch(r"[0-9a-f]{40}", file.commit):
        return "", Status.NONE, "The program's commit is not known, and a branch would move."
    url = _url(repository, file.commit, True, file.relative, lines)
    if file.dirty:
        return url, Status.UNPROVEN, "The program's file differs from its commit, so these lines may stand elsewhere."
    return url, Status.OWN, "The program's own repository at its commit, as far as that was pushed."


# Code hosts ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Host:
    """How one kind of code host spells a file at a commit, at a tag, one line, several lines."""

    commit: str
    tag: str
    line: str = "#L{0}"
    lines: str = "#L{0}-L{1}"


_GITHUB = _Host("/blob/", "/blob/")
_GITLAB = _Host("/-/blob/", "/-/blob/", lines="#L{0}-{1}")
_GITEA = _Host("/src/commit/", "/src/tag/")
_BITBUCKET = _Host("/src/", "/src/", "#lines-{0}", "#lines-{0}:{1}")

_HOSTS = {
    "github.com": _GITHUB,
    "gitlab.com": _GITLAB,
    "codeberg.org": _GITEA,
    "gitea.com": _GITEA,
    "bitbucket.org": _BITBUCKET,
}
_PREFIXES = {"gitlab.": _GITLAB, "gitea.": _GITEA, "forgejo.": _GITEA}  # gitlab.gnome.org and its like
_SAME_HOST = {
    "www.github.com": "github.com",
    "ssh.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "altssh.bitbucket.org": "bitbucket.org",
}
# First words of GitHub's paths that are no owner: https://github.com/sponsors/somebody is no repository.
_NO_OWNER = {"sponsors", "orgs", "apps", "marketplace", "topics", "settings", "features", "about", "login", "users"}
_NO_PROJECT = {"issues", "tree", "blob", "raw", "commits", "merge_requests", "wikis", "tags", "releases"}

_HOSTILE = re.compile(r"[^!-~]|[<>\"'`\\^{}|]")  # white space, control characters, markup, anything beyond ASCII
_SCP = re.compile(r"(?:[A-Za-z0-9_.-]+@)?([A-Za-z0-9.-]+):(?!/)([^:]+)")
_HOSTNAME = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_SEGMENT = re.compile(r"[A-Za-z0-9_.-]*[A-Za-z0-9_-]")


def repository_url(text: str) -> str:
    """A remote or a metadata URL as the repository's https URL, "" where it is none on a known code host.

    git@github.com:o/r.git -> https://github.com/o/r; a user name, a password or a token in it is dropped.
    """
    if not text or len(text) > 2000 or _HOSTILE.search(text):
        return ""
    text = text.removeprefix("git+")
    short = _SCP.fullmatch(text) if "://" not in text else None
    try:
        parts = urlsplit(f"ssh://{short[1]}/{short[2]}" if short else text)
        name, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return ""
    web = parts.scheme in ("http", "https")
    if not (web or parts.scheme in ("ssh", "git")) or (web and port not in (None, 80, 443)):
        return ""  # another port on the web is another server; ssh's port says nothing about the web
    name = _SAME_HOST.get(name, name)
    host = _host(name)
    segments = [part for part in parts.path.split("/") if part]
    if host is _GITLAB:  # groups may nest; the project ends at "-", or in old links at a page's name
        ends = [i for i, part in enumerate(segments) if i >= 2 and (part == "-" or part in _NO_PROJECT)]
        segments = segments[: ends[0]] if ends else segments
    else:
        segments = segments[:2]
    if host is None or len(segments) < 2 or segments[0].lower() in _NO_OWNER:
        return ""
    segments[-1] = re.sub(r"(\.git)+$", "", segments[-1])
    if not all(_SEGMENT.fullmatch(part) for part in segments):
        return ""
    return f"https://{name}/{'/'.join(segments)}"


def _host(name: str) -> _Host | None:
    if not _HOSTNAME.fullmatch(name):
        return None
    if name in _HOSTS:
        return _HOSTS[name]
    return next((host for prefix, host in _PREFIXES.items() if name.startswith(prefix)), None)


def _url(repository: str, reference: str, is_commit: bool, path: str, lines: Lines) -> str:
    """The URL of lines of a file at a commit or a tag; "" where the repository is on no known host."""
    host = _host(urlsplit(repository).hostname or "")
    if host is None:
        return ""
    first, last = lines
    between = host.commit if is_commit else host.tag
    anchor = (host.line if first == last else host.lines).format(first, last)
    return f"{repository}{between}{quote(reference)}/{quote(path, errors='surrogateescape')}{anchor}"


# Text ------------------------------------------------------------------------------------------------------


def _linkable(relative: str) -> bool:
    if relative.startswith("<"):  # "<frozen importlib._bootstrap>", "<string>": code without a file
        return False
    try:
        relative.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return inside(relative)


def _label(file: SourceFile, first: int, last: int) -> str:
    """The words for a link: `flask 3.1.3 flask/app.py:12-20`. Unprintable characters are replaced, not trusted."""
    owner = {"distribution": file.distribution, "stdlib": "Python"}.get(file.kind, "")
    version = file.version if owner else ""
    words = [owner, version, f"{file.relative or file.path}:{first}" + (f"-{last}" if last != first else "")]
    return "".join(c if c.isprintable() else "�" for c in " ".join(word for word in words if word))
