"""Prove one release: compare a wheel's files with a clone's tags, blob by blob.

In: a wheel or an installed distribution (`wheel.py`) and a local git repository (`clone.py`). Out: `Proof`, what the
comparison found, and a lock extended by it. Neither a checkout nor the network is needed.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from .clone import Git
from .lock import Lock, LockError, Package, Release, blob_id, dump, parse
from .wheel import Wheel, read

ROOTS = ("", "src/", "lib/")


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
    wheel = read(installed)
    if version and version != wheel.version:
        raise LockError(f"{installed}: this is {wheel.package} {wheel.version}, not {version}.")
    git = Git(clone)
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
    return parse(json.loads(dump(extended)))  # what is written must be what can be read


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


def _compared(wheel: Wheel, tag: str, commit: str, root: str, tree: Mapping[str, str], remote: str) -> Proof:
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
