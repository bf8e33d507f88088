"""The files of a release as they are installed: from a wheel, a `.dist-info` folder, or an installed distribution.

A wheel comes from a stranger: sizes are bounded, names stay inside, RECORD's hashes must fit.
"""

from __future__ import annotations

import base64
import binascii
import csv
import email
import hashlib
import importlib.metadata
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .lock import NAME, VERSION, LockError, blob_id, check, inside, normalize

LARGEST_WHEEL = 512 * 1024 * 1024  # bytes, unpacked: above it a "wheel" is more likely a zip bomb


@dataclass(frozen=True)
class Wheel:
    package: str
    version: str
    files: Mapping[str, str]  # every Python file: path inside site-packages -> blob id ("" where it is gone)
    changed: tuple[str, ...]
    project_urls: tuple[str, ...]


def read(installed: Path | str) -> Wheel:
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


def _read_wheel(path: Path) -> Wheel:
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


def _wheel_of(archive: zipfile.ZipFile, path: Path) -> Wheel:
    infos = archive.infolist()
    names = [info.filename for info in infos]
    check(len(set(names)) == len(names), f"{path}: the wheel is damaged (it holds one path twice).")
    check(sum(info.file_size for info in infos) <= LARGEST_WHEEL, f"{path}: the wheel unpacks to over 512 MiB.")
    check(
        all(info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for info in infos),
        f"{path}: the wheel is packed in a way that no wheel may be.",
    )
    folders = sorted({name.split("/")[0] for name in names if name.split("/")[0].endswith(".dist-info")})
    check(len(folders) == 1, f"{path}: the wheel is damaged (it has {len(folders)} .dist-info folders, not one).")
    missing = [name for name in ("METADATA", "RECORD") if f"{folders[0]}/{name}" not in names]
    check(not missing, f"{path}: the wheel is damaged (it has no {', no '.join(missing)}).")
    package, version, urls = _metadata(archive.read(f"{folders[0]}/METADATA").decode("utf-8"), str(path))
    parts = path.name.split("-")
    check(len(parts) >= 5, f"{path}: this is not a wheel's file name (name-version-python-abi-platform.whl).")
    same = normalize(parts[0]) == package and parts[1].lower() == version.replace("-", "_").lower()
    check(same, f"{path}: the wheel is of another package than its name says: it holds {package} {version}.")
    record = _record(archive.read(f"{folders[0]}/RECORD").decode("utf-8"), str(path))
    files = {}
    for name in filter(_is_python, names):
        data = archive.read(name)
        check(_matches(data, record.get(name, "")), f"{path}: the wheel is damaged ({name} differs from its RECORD).")
        if placed := _placed(name):
            files[placed] = blob_id(data)
    gone = [name for name in record if _is_python(name) and name not in names]
    check(not gone, f"{path}: the wheel is damaged (its RECORD names {', '.join(gone[:1])}, which it lacks).")
    return Wheel(package, version, files, (), urls)


def _read_distribution(distribution: importlib.metadata.Distribution, where: str) -> Wheel:
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
    return Wheel(package, version, files, tuple(changed), urls)


def _metadata(text: str, where: str) -> tuple[str, str, tuple[str, ...]]:
    """Normalized name, version, and the URLs as `label, url` (the home page as one of them)."""
    headers = email.message_from_string(text)
    package, version = normalize(str(headers.get("Name", "")).strip()), str(headers.get("Version", "")).strip()
    good = NAME.fullmatch(package) and VERSION.fullmatch(version)
    check(good, f"{where}: its METADATA names no package and version.")
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
