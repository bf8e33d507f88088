"""The lock: which files of which release equal which commit, and the comparison that proves it.

In: the lock file (permalinks.json), a wheel or an installed distribution, a local git repository.
Out: `Lock`, a frozen value that `links.py` reads, and `Proof`, what one comparison found.
A release is proven by blob ids: git's name for a file's bytes (sha1 of b"blob <length>\\0" + bytes), so that
equal ids mean equal bytes, and neither a checkout nor the network is needed to compare.
Only Python files count (they are what a trace names); generated ones that no commit holds are listed as not identical.
Left out: fetching anything. Where the clone and the wheel come from is the reader's own affair.
"""

from __future__ import annotations

import base64
import binascii
import csv
import email
import fnmatch
import hashlib
import importlib.metadata
import json
import os
import re
import subprocess
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

LOCK_FILE = Path(__file__).with_name("permalinks.json")
ROOTS = ("", "src/", "lib/")
LARGEST_WHEEL = 512 * 1024 * 1024  # bytes, unpacked: above it a "wheel" is more likely a zip bomb

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.!+_-]*")
_REPOSITORY = re.compile(r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(/[A-Za-z0-9_.-]*[A-Za-z0-9_-]){2,}")
_ID = re.compile(r"[0-9a-f]{40}")
_TAG = re.compile(r"[0-9A-Za-z][0-9A-Za-z_./+@-]*")


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
        return _lock(data)
    except LockError as error:
        raise LockError(f"{path}: {error}") from None


def dump(lock: Lock) -> str:
    """The lock file's text: the same lock gives the same bytes, however it was put together."""
    packages = {
        name: {
            "repository": package.repository,
            "releases": {version: _plain(package.releases[version]) for version in _newest_first(package.releases)},
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


def _lock(data: object) -> Lock:
    packages = {}
    for name, entry in _object(data, "the lock").items():
        _check(_NAME.fullmatch(name), f"{name!r} is not a normalized package name.")
        entry = _object(entry, name, {"repository", "releases"})
        repository = entry["repository"]
        good = isinstance(repository, str) and _REPOSITORY.fullmatch(repository)
        _check(good, f"{name}: the repository {repository!r} is not an https URL of a repository.")
        releases = {}
        for version, release in _object(entry["releases"], f"{name}: releases").items():
            _check(_VERSION.fullmatch(version), f"{name}: {version!r} is not a version.")
            releases[version] = _release(release, f"{name} {version}")
        packages[name] = Package(repository, {v: releases[v] for v in _newest_first(releases)})
    return Lock(packages)


def _release(data: object, where: str) -> Release:
    entry = _object(data, where, {"tag", "commit", "root", "python_files", "identical"}, {"not_identical", "blobs"})
    tag, commit, root = entry["tag"], entry["commit"], entry["root"]
    _check(isinstance(tag, str) and _TAG.fullmatch(tag) and inside(tag), f"{where}: {tag!r} is not a tag.")
    _check(_is_id(commit), f"{where}: the commit {commit!r} is not 40 hexadecimal digits.")
    rooted = isinstance(root, str) and (root == "" or (root.endswith("/") and inside(root[:-1])))
    _check(rooted, f"{where}: the root {root!r} is not '' or a folder that ends in a slash.")
    total, identical = entry["python_files"], entry["identical"]
    numbers = type(total) is int and type(identical) is int and 0 <= identical <= total
    _check(numbers, f"{where}: {identical!r} identical of {total!r} Python files cannot be.")
    others = entry.get("not_identical", [])
    _check(
        isinstance(others, list) and all(isinstance(p, str) and inside(p) for p in others),
        f"{where}: not_identical is not a list of relative paths.",
    )
    _check(
        len(set(others)) == total - identical,
        f"{where}: not_identical names {len(set(others))} files, "
        f"but {total - identical} are missing from the identical ones.",
    )
    blobs = _object(entry.get("blobs", {}), f"{where}: blobs")
    for path, blob in blobs.items():
        _check(inside(path) and _is_id(blob), f"{where}: {path!r}: {blob!r} is no blob id of a path.")
        _check(path not in others, f"{where}: {path!r} has a blob and is not identical, and cannot be both.")
    _check(len(blobs) in (0, identical), f"{where}: {len(blobs)} blobs for {identical} identical files.")
    return Release(tag, commit, root, total, identical, tuple(others), blobs)


def _object(data: object, where: str, needed: Iterable[str] = (), optional: Iterable[str] = ()) -> dict[str, Any]:
    """`data` as a JSON object; with `needed`, one of exactly these keys (a misspelt key must not be passed over)."""
    if not isinstance(data, dict):
        raise LockError(f"{where} is not a JSON object.")
    if needed:
        for name in needed:
            _check(name in data, f"{where} has no {name!r}.")
        for name in data:
            _check(name in {*needed, *optional}, f"{where} has the unknown key {name!r}.")
    return data


def _check(good: object, sentence: str) -> None:
    if not good:
        raise LockError(sentence)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _newest_first(versions: Iterable[str]) -> list[str]:
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


# Proving one release ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Proof:
    """What one comparison found: the tag whose files equal the installed ones best."""

    package: str  # normalized
    version: str
    tag: str
    commit: str
    root: str
    blobs: Mapping[str, str]  # the identical files: path inside site-packages -> blob id
    not_identical: tuple[str, ...]
    moved: Mapping[str, str]  # of those not identical, the ones whose bytes stand elsewhere in the commit, and where
    changed: tuple[str, ...]  # installed files that differ from the distribution's own RECORD
    remote: str  # the clone's origin, as git has it; "" where it has none
    project_urls: tuple[str, ...]

    @property
    def proven(self) -> bool:
        return not self.not_identical


def prove(
    installed: Path | str, clone: Path | str, version: str = "", tags: str = "", *, roots: Iterable[str] = ROOTS
) -> Proof:
    """Compare a wheel or an installed distribution with the tags of a local clone, blob by blob.

    `installed`: a .whl file, a .dist-info folder, or the name of a distribution of this environment.
    `clone`: a git repository, bare or not. `version`: what the wheel must be; "" takes its own word.
    `tags`: a pattern in which {version} stands for the version ("release-{version}*"); "" tries v1.2.3, 1.2.3,
    name-1.2.3 and every other tag that contains the version. `roots`: where the packages may stand in the commit.
    Raises LockError for a wheel, a clone or a tag that cannot be used.
    """
    wheel = _read(installed)
    if version and version != wheel.version:
        raise LockError(f"{installed}: this is {wheel.package} {wheel.version}, not {version}.")
    git = _Git(clone)
    existing, remote = git.tags(), git.remote()
    candidates = _candidates(wheel.package, wheel.version, tags, existing)
    if not candidates:
        asked = f"matches {tags!r}" if tags else "names this version"
        raise LockError(f"{clone}: {wheel.package} {wheel.version} has no tag there that {asked} ({_known(existing)}).")
    best: Proof | None = None
    met = False  # whether a file of the wheel's stands where one of the trees has it, whatever its bytes
    for tag in candidates:
        commit = git.commit(tag)
        tree = git.tree(commit)
        for root in roots:
            met = met or any(root + path in tree for path in wheel.files)
            found = _compared(wheel, tag, commit, root, tree, remote)
            if best is None or len(found.blobs) > len(best.blobs):
                best = found
            if best.proven:
                return best
    if best is None or not (met or best.moved):
        raise LockError(
            f"{clone}: no tag of it has a file of {wheel.package} {wheel.version}: "
            "it is another package's repository, or the files stand under another root."
        )
    return best


def extend(lock: Lock, proof: Proof, repository: str, *, blobs: bool = False) -> Lock:
    """The lock with what `proof` found, with the files' blob ids where `blobs` asks for them.

    Blob ids that the lock already has for this release are kept up to date in any case.
    Raises LockError: nothing identical, the installed files were changed, another repository or another commit than
    the lock's (a tag that moved, or a fork: a person decides that, by editing the lock).
    """
    who = f"{proof.package} {proof.version}"
    if proof.changed:
        raise LockError(f"{who}: {proof.changed[0]} was changed since it was installed; prove the wheel instead.")
    if not proof.blobs:
        raise LockError(f"{who}: no file equals tag {proof.tag}, so there is nothing to write down.")
    old = lock.packages.get(proof.package, Package(repository, {}))
    if old.repository.lower() != repository.lower():
        raise LockError(f"{proof.package}: the lock knows {old.repository}, not {repository}.")
    before = old.releases.get(proof.version)
    if before and before.commit != proof.commit:
        raise LockError(f"{who}: the lock has commit {before.commit}, but tag {proof.tag} is now {proof.commit}.")
    keep = blobs or bool(before and before.blobs)
    release = Release(
        tag=proof.tag,
        commit=proof.commit,
        root=proof.root,
        python_files=len(proof.blobs) + len(proof.not_identical),
        identical=len(proof.blobs),
        not_identical=proof.not_identical,
        blobs=proof.blobs if keep else {},
    )
    package = replace(old, releases={**old.releases, proof.version: release})
    extended = Lock({**lock.packages, proof.package: package})
    return _lock(json.loads(dump(extended)))  # what is written must be what can be read


def _candidates(package: str, version: str, pattern: str, tags: list[str]) -> list[str]:
    """The tags that may be this version's, likeliest first."""
    if pattern:
        wanted = pattern.replace("{version}", version)
        return [tag for tag in tags if fnmatch.fnmatchcase(tag, wanted)]
    usual = [f"v{version}", version, f"{package}-{version}", f"{package.replace('-', '_')}-{version}"]
    # "contains" with edges: 1.1.0 is not in 11.1.0, nor in 1.1.0rc1, nor in 1.1.0.1
    edged = re.compile(rf"(?<![0-9])(?<![0-9]\.){re.escape(version)}(?![0-9A-Za-z]|\.[0-9])", re.IGNORECASE)
    others = [tag for tag in tags if edged.search(tag) and tag not in usual]
    return [tag for tag in usual if tag in tags] + others


def _compared(wheel: _Wheel, tag: str, commit: str, root: str, tree: Mapping[str, str], remote: str) -> Proof:
    same = {path: blob for path, blob in sorted(wheel.files.items()) if blob and tree.get(root + path) == blob}
    others = tuple(path for path in sorted(wheel.files) if path not in same)
    # The empty file's blob stands everywhere: finding it elsewhere says nothing.
    places = {blob: path for path, blob in sorted(tree.items(), reverse=True) if blob != blob_id(b"")}
    moved = {path: places[wheel.files[path]] for path in others if wheel.files[path] in places}
    return Proof(
        wheel.package, wheel.version, tag, commit, root, same, others, moved, wheel.changed, remote, wheel.project_urls
    )


def _known(tags: list[str]) -> str:
    if not tags:
        return "the clone has no tags at all: fetch them with `git fetch --tags`"
    return f"it has {len(tags)} others, {tags[-1]} among them"


# The clone -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Git:
    """One repository, read by `git` as a subprocess: no checkout, no network, nothing of its hooks or filters."""

    clone: Path | str

    def tags(self) -> list[str]:
        return self._run("for-each-ref", "--format=%(refname:strip=2)", "refs/tags").splitlines()

    def commit(self, tag: str) -> str:
        commit = self._run("rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}").strip()
        if not _is_id(commit):
            raise LockError(f"{self.clone}: the id of tag {tag}, {commit!r}, is not a sha1 of 40 hexadecimal digits.")
        return commit

    def tree(self, commit: str) -> dict[str, str]:
        """Path -> blob id of every regular file of the commit (a symbolic link's bytes are not the file's)."""
        listed = self._run("ls-tree", "-r", "-z", "--full-tree", commit)
        rows = (row.partition("\t") for row in listed.split("\0") if row)
        return {path: head.split()[2] for head, _, path in rows if head.startswith("100")}

    def remote(self) -> str:
        return self._run("config", "--get", "remote.origin.url", allowed=(0, 1)).strip()

    def _run(self, *arguments: str, allowed: tuple[int, ...] = (0,)) -> str:
        clone = Path(self.clone).absolute()
        if not clone.is_dir():
            raise LockError(f"{self.clone}: there is no such folder to look for a git repository in.")
        try:
            done = subprocess.run(
                ["git", "-C", str(clone), *arguments],
                capture_output=True,
                timeout=120,
                stdin=subprocess.DEVNULL,
                env=_environment(clone),
            )
        except FileNotFoundError:
            raise LockError("There is no `git` on the PATH, and without it no commit can be read.") from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LockError(f"{self.clone}: git did not run ({error}).") from None
        if done.returncode not in allowed:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it gave no reason"]
            if "not a git repository" in said[0]:
                raise LockError(f"{self.clone}: this is not a git repository.")
            raise LockError(f"{self.clone}: `git {arguments[0]}` failed: {said[0]}")
        return done.stdout.decode("utf-8", "surrogateescape")


def _environment(clone: Path) -> dict[str, str]:
    """The environment that makes git read this folder's own objects and nothing else."""
    ours = {name: value for name, value in os.environ.items() if name in _GIT_KEPT or not name.startswith("GIT_")}
    ours["GIT_CEILING_DIRECTORIES"] = str(clone.parent)  # a plain folder inside somebody's repository is no clone
    ours["GIT_NO_REPLACE_OBJECTS"] = "1"  # a replacement is local: the code host shows the real commit
    ours["GIT_ALLOW_PROTOCOL"] = "none"  # a partial clone must fail here, not fetch
    ours["GIT_NO_LAZY_FETCH"] = "1"
    ours["LC_ALL"] = "C"
    return ours


_GIT_KEPT = {"GIT_EXEC_PATH", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"}


# The wheel, or what was installed from it ------------------------------------------------------------------


@dataclass(frozen=True)
class _Wheel:
    package: str
    version: str
    files: Mapping[str, str]  # every Python file: path inside site-packages -> blob id ("" where it is gone)
    changed: tuple[str, ...]
    project_urls: tuple[str, ...]


def _read(installed: Path | str) -> _Wheel:
    path = Path(installed)
    if path.suffix == ".whl":
        wheel = _read_wheel(path)
    elif path.name.endswith(".dist-info"):
        if not path.is_dir():
            raise LockError(f"{installed}: there is no such folder.")
        wheel = _read_distribution(importlib.metadata.Distribution.at(path), str(installed))
    elif not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", str(installed)):
        raise LockError(f"{installed}: this is no .whl file, no .dist-info folder and no distribution's name.")
    else:
        try:
            wheel = _read_distribution(importlib.metadata.distribution(str(installed)), str(installed))
        except importlib.metadata.PackageNotFoundError:
            raise LockError(f"{installed}: no such distribution is installed here, and no such wheel exists.") from None
    if not wheel.files:
        raise LockError(
            f"{installed}: it holds no Python file of its own (an editable install has none), "
            "so there is nothing to compare."
        )
    return wheel


def _read_wheel(path: Path) -> _Wheel:
    try:
        with zipfile.ZipFile(path) as archive:
            return _wheel_of(archive, path)
    except FileNotFoundError:
        raise LockError(f"{path}: there is no such wheel.") from None
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        RuntimeError,
        NotImplementedError,
        ValueError,
    ) as error:
        raise LockError(f"{path}: the wheel is damaged ({error}).") from None
    except OSError as error:
        raise LockError(f"{path}: the wheel cannot be read ({error.strerror or error}).") from None


def _wheel_of(archive: zipfile.ZipFile, path: Path) -> _Wheel:
    infos = archive.infolist()
    names = [info.filename for info in infos]
    _check(len(set(names)) == len(names), f"{path}: the wheel is damaged (it holds one path twice).")
    _check(sum(info.file_size for info in infos) <= LARGEST_WHEEL, f"{path}: the wheel unpacks to over 512 MiB.")
    _check(
        all(info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for info in infos),
        f"{path}: the wheel is packed in a way that no wheel may be.",
    )
    folders = sorted({name.split("/")[0] for name in names if name.split("/")[0].endswith(".dist-info")})
    _check(len(folders) == 1, f"{path}: the wheel is damaged (it has {len(folders)} .dist-info folders, not one).")
    missing = [name for name in ("METADATA", "RECORD") if f"{folders[0]}/{name}" not in names]
    _check(not missing, f"{path}: the wheel is damaged (it has no {', no '.join(missing)}).")
    package, version, urls = _metadata(archive.read(f"{folders[0]}/METADATA").decode("utf-8"), str(path))
    parts = path.name.split("-")
    _check(len(parts) >= 5, f"{path}: this is not a wheel's file name (name-version-python-abi-platform.whl).")
    same = normalize(parts[0]) == package and parts[1].lower() == version.replace("-", "_").lower()
    _check(same, f"{path}: the wheel is of another package than its name says: it holds {package} {version}.")
    record = _record(archive.read(f"{folders[0]}/RECORD").decode("utf-8"), str(path))
    files = {}
    for name in filter(_is_python, names):
        data = archive.read(name)
        _check(_matches(data, record.get(name, "")), f"{path}: the wheel is damaged ({name} differs from its RECORD).")
        if placed := _placed(name):
            files[placed] = blob_id(data)
    gone = [name for name in record if _is_python(name) and name not in names]
    _check(not gone, f"{path}: the wheel is damaged (its RECORD names {', '.join(gone[:1])}, which it lacks).")
    return _Wheel(package, version, files, (), urls)


def _read_distribution(distribution: importlib.metadata.Distribution, where: str) -> _Wheel:
    try:
        metadata, record_text = distribution.read_text("METADATA"), distribution.read_text("RECORD")
    except (OSError, UnicodeDecodeError) as error:
        raise LockError(f"{where}: its metadata cannot be read ({error}).") from None
    if not metadata or not record_text:
        raise LockError(f"{where}: it has no {'RECORD' if metadata else 'METADATA'} that says what was installed.")
    package, version, urls = _metadata(metadata, where)
    files, changed = {}, []
    for name, digest in _record(record_text, where).items():
        if not _is_python(name) or not _placed(name):
            continue
        try:
            data = Path(str(distribution.locate_file(name))).read_bytes()
        except OSError:
            files[name] = ""
            changed.append(name)
            continue
        files[name] = blob_id(data)
        if not _matches(data, digest):
            changed.append(name)
    return _Wheel(package, version, files, tuple(changed), urls)


def _metadata(text: str, where: str) -> tuple[str, str, tuple[str, ...]]:
    """Normalized name, version, and the URLs as `label, url` (the home page as one of them)."""
    headers = email.message_from_string(text)
    package, version = normalize(str(headers.get("Name", "")).strip()), str(headers.get("Version", "")).strip()
    good = _NAME.fullmatch(package) and _VERSION.fullmatch(version)
    _check(good, f"{where}: its METADATA names no package and version.")
    urls = [str(url) for url in headers.get_all("Project-URL", [])]
    home = headers.get("Home-page")
    return package, version, tuple([*urls, f"Homepage, {home}"] if home else urls)


def _record(text: str, where: str) -> dict[str, str]:
    try:
        return {row[0]: row[1] for row in csv.reader(text.splitlines()) if row}
    except (csv.Error, IndexError) as error:
        raise LockError(f"{where}: its RECORD is no list of path,hash,size ({error}).") from None


def _matches(data: bytes, digest: str) -> bool:
    """Whether the bytes have the hash that RECORD gives, `sha256=<base64 without padding>`; none is not a match."""
    name, _, encoded = digest.partition("=")
    make: Callable[[bytes], Any] | None = _HASHES.get(name)
    try:
        return make is not None and make(data).digest() == base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except (binascii.Error, ValueError):
        return False


_HASHES: dict[str, Callable[[bytes], Any]] = {
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
}


def _is_python(name: str) -> bool:
    return name.endswith(".py") and inside(name)


def _placed(name: str) -> str:
    """Where an installer puts a wheel's file in site-packages: x-1.data/purelib/a.py -> a.py; "" for a script."""
    first, _, rest = name.partition("/")
    if not first.endswith(".data"):
        return "" if first.endswith(".dist-info") else name
    scheme, _, inner = rest.partition("/")
    return inner if scheme in ("purelib", "platlib") else ""
