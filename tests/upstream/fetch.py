"""Get a library's source distribution from the package index, check its SHA-256, unpack it."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "upstream"


class FetchError(Exception):
    """A distribution could not be had, or is not the one that was asked for; the message is one sentence."""


def pinned(name: str) -> str:
    """The version in requirements.txt."""
    found = re.search(rf"^{re.escape(name)}==(\S+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    if not found:
        raise FetchError(f"requirements.txt pins no version of {name}")
    return found[1]


def fetch(name: str, sha256: str, folder: Path = FOLDER) -> Path:
    """The folder with the unpacked sources of the pinned version of `name`; downloaded unless it is there already."""
    version = pinned(name)
    archive = find(name, version, folder) or download(name, version, folder)
    got = hashlib.sha256(archive.read_bytes()).hexdigest()
    if got != sha256:
        archive.unlink()
        raise FetchError(f"{archive.name} has the SHA-256 {got}, not {sha256}: it was removed")
    return unpack(archive, folder)


def find(name: str, version: str, folder: Path) -> Path | None:
    spelled = re.sub(r"[-_.]+", "[-_.]", name)
    return next(iter(sorted(folder.glob(f"{spelled}-{version}.tar.gz"))), None)


def download(name: str, version: str, folder: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    what = ["--no-deps", "--no-binary", ":all:", "--dest", str(folder), f"{name}=={version}"]
    done = subprocess.run(pip + what, capture_output=True, text=True, check=False)
    archive = find(name, version, folder)
    if done.returncode or archive is None:
        last = (done.stderr.strip().splitlines() or ["no archive came"])[-1]
        raise FetchError(f"{name} {version} could not be downloaded: {last}")
    return archive


def unpack(archive: Path, folder: Path) -> Path:
    target = folder / archive.name.removesuffix(".tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    if not target.is_dir():
        raise FetchError(f"{archive.name} does not unpack to {target.name}/")
    return target
