"""Where a source file comes from: its distribution, version, licence, and Git's id of its bytes.

Asked by the writer, once for each file that a recorded call lies in, so that a trace can be read on a machine
where none of it is installed. `*.dist-info` is read by hand: `importlib.metadata` would bring a dozen modules
into somebody's process. No process is started here either: a child of ours could be reaped by a server that
waits for its workers. The program's own repository is asked after the run (`tracer.reading.repository`).
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import sys
from dataclasses import dataclass, field


@dataclass
class Distribution:
    """One installed distribution; `hashes` maps its files (relative to site-packages) to RECORD's sha256."""

    name: str
    version: str
    licence: str
    urls: tuple[str, ...]
    hashes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FileFacts:
    """What is known of one file. `blob` is Git's id of its bytes ('' where unreadable); `unchanged` says that
    it is as its distribution installed it."""

    relative: str
    blob: str
    unchanged: bool
    source: str | None
    distribution: Distribution | None = None


class Origins:
    """Answers for files, remembering what each site-packages folder said."""

    def __init__(self) -> None:
        self._bases: dict[str, dict[str, Distribution]] = {}

    def facts(self, path: str, kind: str, base: str) -> FileFacts:
        """The facts of the file at `path`, which `scope.py` found to be of `kind` under `base`."""
        relative = os.path.relpath(path, base).replace(os.sep, "/") if base else path
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError:
            return FileFacts(relative, "", False, _cell(path))
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        if kind != "installed":
            return FileFacts(relative, blob, kind == "stdlib", _decoded(data))
        distribution = self._distributions(base).get(relative)
        unchanged = distribution is not None and distribution.hashes.get(relative) == _sha256(data)
        return FileFacts(relative, blob, unchanged, _decoded(data), distribution)

    def _distributions(self, base: str) -> dict[str, Distribution]:
        if base not in self._bases:
            owners: dict[str, Distribution] = {}
            for name in sorted(os.listdir(base)):
                found = _read_distribution(os.path.join(base, name)) if name.endswith(".dist-info") else None
                if found is not None:
                    owners.update(dict.fromkeys(found.hashes, found))
            self._bases[base] = owners
        return self._bases[base]


def _cell(name: str) -> str | None:
    """The text of code that is in no file, where the program has told `linecache` (as notebooks do)."""
    cache = getattr(sys.modules.get("linecache"), "cache", {})
    entry = cache.get(name, ())
    return "".join(entry[2]) if len(entry) == 4 and entry[1] is None else None


def _decoded(data: bytes) -> str | None:
    """The text of a source file. The codec ``utf-8-sig`` would do it too, but Python would have to import it, and the
    program would find it loaded."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    declared = re.match(rb"(?:[^\n]*\n)?[ \t]*#[^\n]*coding[:=]\s*([-\w.]+)", data)
    try:
        return data.decode(declared[1].decode() if declared else "utf-8")
    except (UnicodeDecodeError, LookupError):
        return None


def _sha256(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
    return "sha256=" + digest.decode()


def _read_distribution(folder: str) -> Distribution | None:
    """One distribution from its METADATA and RECORD; None where either cannot be read."""
    try:
        with open(os.path.join(folder, "METADATA"), encoding="utf-8", errors="replace") as file:
            headers = _headers(file.read())
        with open(os.path.join(folder, "RECORD"), encoding="utf-8", errors="replace") as file:
            rows = [line.rstrip("\n").rsplit(",", 2) for line in file]
    except OSError:
        return None
    hashes = {row[0].strip('"'): row[1] for row in rows if len(row) == 3 and row[0].strip('"').endswith(".py")}
    name = re.sub(r"[-_.]+", "-", headers.get("name", [""])[0]).lower()
    urls = headers.get("project-url", []) + [f"Homepage, {url}" for url in headers.get("home-page", [])]
    return Distribution(name, headers.get("version", [""])[0], _licence(headers), tuple(urls), hashes)


def _headers(metadata: str) -> dict[str, list[str]]:
    """The fields of a METADATA file, names in lower case; folded lines and the description are left out."""
    found: dict[str, list[str]] = {}
    for line in metadata.partition("\n\n")[0].splitlines():
        name, colon, value = line.partition(": ")
        if colon and not name.startswith((" ", "\t")):
            found.setdefault(name.lower(), []).append(value.strip())
    return found


def _licence(headers: dict[str, list[str]]) -> str:
    """The licence as the metadata says it: the SPDX expression, else the classifier, else the first line."""
    if "license-expression" in headers:
        return headers["license-expression"][0]
    for classifier in headers.get("classifier", []):
        if classifier.startswith("License ::"):
            return classifier.rpartition(" :: ")[2]
    return headers.get("license", [""])[0]
