"""The lock: which files of which release equal which commit (permalinks.json).

In: the lock file. Out: `Lock`, a frozen value that `links.py` reads; `prove.py` extends it. A file is named by its
blob id: git's name for its bytes (sha1 of b"blob <length>\\0" + bytes), so that equal ids mean equal bytes.
Only Python files count (they are what a trace names); generated ones that no commit holds are listed as not identical.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LOCK_FILE = Path(__file__).with_name("permalinks.json")

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
VERSION = re.compile(r"[0-9][0-9A-Za-z.!+_-]*")
REPOSITORY = re.compile(r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(/[A-Za-z0-9_.-]*[A-Za-z0-9_-]){2,}")
_ID = re.compile(r"[0-9a-f]{40}")
TAG = re.compile(r"[0-9A-Za-z][0-9A-Za-z_./+@-]*")


class LockError(Exception):
    """The lock, the wheel or the clone cannot be used; the message is one sentence that says why."""


# The lock as a value ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Release:
    """One release at one commit. Paths are inside site-packages; `root` + path is the path in the repository."""

    tag: str
    commit: str
    root: str  # "" or a folder with its slash: "src/"
    python_files: int
    identical: int
    not_identical: tuple[str, ...] = ()
    blobs: Mapping[str, str] = field(default_factory=dict)  # of the identical files, where they were written down


@dataclass(frozen=True)
class Package:
    repository: str  # https://host/owner/name
    releases: Mapping[str, Release]  # newest first


@dataclass(frozen=True)
class Lock:
    packages: Mapping[str, Package] = field(default_factory=dict)  # by normalized name


def normalize(name: str) -> str:
    """The one spelling of a distribution's name (PEP 503): `Flask_Sock` -> `flask-sock`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def blob_id(data: bytes) -> str:
    """git's id of a file with these bytes: b"" -> e69de29bb2d1d6434b8b29ae775ad8c2e48c5391."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def inside(path: str) -> bool:
    """Whether a relative path with slashes stays inside its tree (a browser resolves `..` before it asks)."""
    return all(part not in ("", ".", "..") for part in path.split("/"))


# The lock as a file ----------------------------------------------------------------------------------------


def load(path: Path | str = LOCK_FILE) -> Lock:
    """The lock that `path` holds. Raises LockError: no such file, not JSON (the line), not a lock (the entry)."""
    try:
        text = Path(path).read_bytes().decode("utf-8")
    except OSError as error:
        raise LockError(f"{path}: the lock cannot be read ({error.strerror or error}).") from None
    except UnicodeDecodeError as error:
        raise LockError(f"{path}: the lock is not UTF-8 text (byte offset {error.start}).") from None
    try:
        data = json.loads(text, object_pairs_hook=_without_duplicates)
    except json.JSONDecodeError as error:
        raise LockError(f"{path}:{error.lineno}: the lock is not JSON ({error.msg}).") from None
    except RecursionError:
        raise LockError(f"{path}: the lock is nested too deeply to be one.") from None
    except (LockError, ValueError) as error:
        raise LockError(f"{path}: {error}") from None
    try:
        return parse(data)
    except LockError as error:
        raise LockError(f"{path}: {error}") from None


def dump(lock: Lock) -> str:
    """The lock file's text: the same lock gives the same bytes, however it was put together."""
    packages = {
        name: {
            "repository": package.repository,
            "releases": {version: _plain(package.releases[version]) for version in newest_first(package.releases)},
        }
        for name, package in sorted(lock.packages.items())
    }
    return json.dumps(packages, indent=1) + "\n"


def write(lock: Lock, path: Path | str) -> None:
    """Write beside `path`, then rename: whoever reads it meanwhile sees the old lock whole. Raises LockError."""
    target = Path(path).resolve()  # a lock that is a symbolic link stays one
    beside = ""
    try:
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
        handle, beside = tempfile.mkstemp(prefix=target.name + ".", dir=target.parent)
        with open(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(dump(lock))
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, mode)
        os.replace(beside, target)
    except OSError as error:
        if beside:
            Path(beside).unlink(missing_ok=True)
        raise LockError(f"{path}: the lock cannot be written ({error.strerror or error}).") from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """json keeps the last of two equal keys; in a lock that would hide a commit."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise LockError(f"{next(n for n in names if names.count(n) > 1)!r} is there twice in one object.")
    return found


def parse(data: object) -> Lock:
    packages = {}
    for name, entry in json_object(data, "the lock").items():
        check(NAME.fullmatch(name), f"{name!r} is not a normalized package name.")
        entry = json_object(entry, name, {"repository", "releases"})
        repository = entry["repository"]
        good = isinstance(repository, str) and REPOSITORY.fullmatch(repository)
        check(good, f"{name}: the repository {repository!r} is not an https URL of a repository.")
        releases = {}
        for version, release in json_object(entry["releases"], f"{name}: releases").items():
            check(VERSION.fullmatch(version), f"{name}: {version!r} is not a version.")
            releases[version] = _release(release, f"{name} {version}")
        packages[name] = Package(repository, {v: releases[v] for v in newest_first(releases)})
    return Lock(packages)


def _release(data: object, where: str) -> Release:
    entry = json_object(data, where, {"tag", "commit", "root", "python_files", "identical"}, {"not_identical", "blobs"})
    tag, commit, root = entry["tag"], entry["commit"], entry["root"]
    check(isinstance(tag, str) and TAG.fullmatch(tag) and inside(tag), f"{where}: {tag!r} is not a tag.")
    check(is_id(commit), f"{where}: the commit {commit!r} is not 40 hexadecimal digits.")
    rooted = isinstance(root, str) and (root == "" or (root.endswith("/") and inside(root[:-1])))
    check(rooted, f"{where}: the root {root!r} is not '' or a folder that ends in a slash.")
    total, identical = entry["python_files"], entry["identical"]
    numbers = type(total) is int and type(identical) is int and 0 <= identical <= total
    check(numbers, f"{where}: {identical!r} identical of {total!r} Python files cannot be.")
    others = entry.get("not_identical", [])
    check(
        isinstance(others, list) and all(isinstance(p, str) and inside(p) for p in others),
        f"{where}: not_identical is not a list of relative paths.",
    )
    check(
        len(set(others)) == total - identical,
        f"{where}: not_identical names {len(set(others))} files, "
        f"but {total - identical} are missing from the identical ones.",
    )
    blobs = json_object(entry.get("blobs", {}), f"{where}: blobs")
    for path, blob in blobs.items():
        check(inside(path) and is_id(blob), f"{where}: {path!r}: {blob!r} is no blob id of a path.")
        check(path not in others, f"{where}: {path!r} has a blob and is not identical, and cannot be both.")
    check(len(blobs) in (0, identical), f"{where}: {len(blobs)} blobs for {identical} identical files.")
    return Release(tag, commit, root, total, identical, tuple(others), blobs)


def json_object(data: object, where: str, needed: Iterable[str] = (), optional: Iterable[str] = ()) -> dict[str, Any]:
    """`data` as a JSON object; with `needed`, one of exactly these keys (a misspelt key must not be passed over)."""
    if not isinstance(data, dict):
        raise LockError(f"{where} is not a JSON object.")
    if needed:
        for name in needed:
            check(name in data, f"{where} has no {name!r}.")
        for name in data:
            check(name in {*needed, *optional}, f"{where} has the unknown key {name!r}.")
    return data


def check(good: object, sentence: str) -> None:
    if not good:
        raise LockError(sentence)


def is_id(value: object) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def newest_first(versions: Iterable[str]) -> list[str]:
    def age(version: str) -> tuple[list[int], bool, str]:
        numbers = re.match(r"[0-9.]*", version)
        assert numbers  # the pattern matches the empty text, too
        final = numbers.end() == len(version)  # 1.0 is newer than 1.0rc1
        return [int(part) for part in re.findall(r"[0-9]{1,9}", numbers[0])], final, version

    return sorted(versions, key=age, reverse=True)


def _plain(release: Release) -> dict[str, object]:
    plain: dict[str, object] = {
        "tag": release.tag,
        "commit": release.commit,
        "root": release.root,
        "python_files": release.python_files,
        "identical": release.identical,
    }
    if release.not_identical:
        plain["not_identical"] = sorted(release.not_identical)
    if release.blobs:
        plain["blobs"] = dict(sorted(release.blobs.items()))
    return plain
