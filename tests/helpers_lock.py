"""What the lock's tests share: real git repositories and real wheels, both made here; no network, no ../shared."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

FILES = {"demo/__init__.py": b"x = 1\n", "demo/deep/a.py": b"def f():\n    return 2\n", "demo/empty.py": b""}


def git(repository: Path, *arguments: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", "-c", "user.name=T", "-c", "user.email=t@example.org", "-C", str(repository), *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    return done.stdout.strip()


def repository(folder: Path, files: dict[str, bytes], *tags: str) -> Path:
    """A git repository in `folder` with one commit more, of exactly these files, under these tags."""
    if not folder.exists():
        folder.mkdir()
        git(folder, "init", "-q")
    for old in folder.iterdir():
        if old.name != ".git":
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "a commit")
    for tag in tags:
        git(folder, "tag", tag)
    return folder


def rooted(files: dict[str, bytes], root: str) -> dict[str, bytes]:
    return {root + name: data for name, data in files.items()}


def digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def wheel(
    folder: Path,
    files: dict[str, bytes],
    version: str = "1.2.3",
    name: str = "Demo_Pkg",
    urls: tuple[str, ...] = ("Source, https://github.com/demo/demo-pkg/",),
    record: dict[str, str] | None = None,
    without: str = "",
) -> Path:
    """A wheel of these files; `record` overrides hashes, `without` leaves one file of the .dist-info out."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Project-URL: {url}\n" for url in urls)
    content = {**files, f"{info}/METADATA": metadata.encode(), f"{info}/WHEEL": b"Wheel-Version: 1.0\n"}
    hashes = {path: digest(data) for path, data in content.items()} | (record or {})
    rows = [f"{path},{hashed}," for path, hashed in hashes.items()] + [f"{info}/RECORD,,"]
    content[f"{info}/RECORD"] = "\n".join(rows).encode()
    content.pop(f"{info}/{without}", None)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for inner, data in content.items():
            archive.writestr(inner, data)
    return path


def install(path: Path, folder: Path) -> Path:
    """Unpack a wheel as an installer does; the .dist-info folder."""
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    return next(folder.glob("*.dist-info"))


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, Path]:
    """A wheel and the clone that holds exactly its files under src/ at v1.2.3."""
    return wheel(tmp_path, FILES), repository(tmp_path / "clone", rooted(FILES, "src/"), "v1.2.3")
