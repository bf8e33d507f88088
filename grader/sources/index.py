"""Releases from the package index, by pip: fetched once into the cache, unpacked by nobody, read where they lie.

Asked only for packages that the lock names, at releases that it names: no text of a report reaches the network.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from functools import lru_cache
from pathlib import Path

from ..links import CodeLink, lock, release_of
from .source import LARGEST, Absent, Answer, made


class Index:
    """Releases in `folder`; with `fetch`, those that are not there yet are got."""

    def __init__(self, folder: Path, *, fetch: bool) -> None:
        self._folder = folder
        self._fetch = fetch
        self._failed: set[tuple[str, str]] = set()

    def find(self, link: CodeLink) -> Answer:
        """The file of the release that the link's reference is."""
        release = release_of(link)
        package = lock().packages.get(link.package)
        if not release or package is None or release not in package.releases:
            return None
        if link.inner in package.releases[release].not_identical:
            return None  # the release's own file differs from the commit's
        archive = self._archive(link.package, release)
        if archive is None:
            return None
        data = _member(archive, link.inner)
        if data is None:
            known = len(_names(archive)) > 0 and link.inner.endswith(".py")
            return Absent(f"{link.package} {release} has no file {link.path}") if known else None
        return made(data, link.reference, f"{link.package} {release}, from the package index")

    def _archive(self, package: str, release: str) -> Path | None:
        folder = self._folder / f"{package}-{release}"
        found = [path for path in sorted(folder.glob("*")) if path.name.endswith((".whl", ".tar.gz", ".zip"))]
        if found:
            return found[0]
        if self._fetch and (package, release) not in self._failed and self._get(package, release, folder):
            return self._archive(package, release)
        self._failed.add((package, release))
        return None

    def _get(self, package: str, release: str, folder: Path) -> bool:
        """Fetch beside, then rename."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                       "--only-binary", ":all:", "--dest", scratch, f"{package}=={release}"]  # fmt: skip
            try:
                done = subprocess.run(command, capture_output=True, timeout=120, stdin=subprocess.DEVNULL)
            except (OSError, subprocess.TimeoutExpired):
                return False
            files = list(Path(scratch).iterdir())
            if done.returncode or not files:
                return False
            folder.mkdir(exist_ok=True)
            for file in files:
                file.replace(folder / file.name)
            return True


@lru_cache(maxsize=64)
def _names(archive: Path) -> dict[str, str]:
    """Path inside the package -> member of the archive."""
    try:
        if archive.suffix in (".whl", ".zip"):
            with zipfile.ZipFile(archive) as opened:
                return {name: name for name in opened.namelist()}
        with tarfile.open(archive) as opened_tar:
            names = [member.name for member in opened_tar.getmembers() if member.isfile()]
            return {name.partition("/")[2].removeprefix("src/"): name for name in names}
    except (OSError, zipfile.BadZipFile, tarfile.TarError):
        return {}


@lru_cache(maxsize=512)
def _member(archive: Path, inner: str) -> bytes | None:
    name = _names(archive).get(inner)
    if name is None:
        return None
    if archive.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(archive) as opened:
            info = opened.getinfo(name)
            return opened.read(info) if info.file_size <= LARGEST else None
    with tarfile.open(archive) as opened_tar:
        file = opened_tar.extractfile(name)
        return file.read(LARGEST) if file is not None else None
