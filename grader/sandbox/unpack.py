"""A hand-in, a folder or an archive, laid out as plain files: never outside of where it belongs, never more than there
is room for. Links, devices and what no submission is made of are left out.

A compressed archive is read through a meter: what it says of its own size, in a header or in a pax record, is not
believed.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

from ..coursework.submission import FILE, IGNORED, MAX_BYTES, MAX_FILES, SubmissionError

ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")
_DEEP = 40  # folders in folders
_LONG = 240  # characters of a path
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, NotImplementedError,
           RuntimeError, ValueError, OSError, OverflowError)  # fmt: skip


class _Metered(io.RawIOBase):
    """A stream that refuses to give more than `left` bytes."""

    def __init__(self, stream: IO[bytes], left: int, name: str) -> None:
        super().__init__()
        self._stream, self._left, self._name = stream, left, name

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > self._left:
            size = self._left + 1
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise SubmissionError(f"{self._name}: it holds more than {MAX_BYTES >> 20} MiB")
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def unpack(source: Path, into: Path, name: str = "") -> Path:
    """Lay the hand-in `source` out in the folder `into`; the folder in which its submission.toml is. Raises
    `SubmissionError`, which calls it `name`."""
    name = name or source.name
    try:
        if source.is_dir():
            _copy(source, into)
        elif not source.is_file():
            raise SubmissionError(f"{name}: there is no such hand-in")
        elif source.stat().st_size > MAX_BYTES:
            raise SubmissionError(f"{name}: it has more than {MAX_BYTES >> 20} MiB")
        elif zipfile.is_zipfile(source) and not _is_tar(source):
            _unzip(source, into, name)
        else:
            _untar(source, into, name)
    except SubmissionError:
        raise
    except MemoryError:
        raise SubmissionError(f"{name}: it takes more memory to open than a hand-in may") from None
    except _BROKEN as error:
        raise SubmissionError(f"{name}: it cannot be opened ({_told(error)})") from None
    return _root(into)


def _is_tar(source: Path) -> bool:
    """A tar archive may hold a zip file, whose end then looks like a zip archive's."""
    with source.open("rb") as raw:
        head = raw.read(512)
    return head[257:262] == b"ustar" or head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ"))


def _told(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _root(into: Path) -> Path:
    """Archives often hold one folder that holds everything."""
    folder = into
    while not (folder / FILE).exists():
        inside = list(folder.iterdir())
        if len(inside) != 1 or not inside[0].is_dir():
            return into
        folder = inside[0]
    return folder


class _Count:
    """How much there is, and whether that is too much."""

    def __init__(self, name: str) -> None:
        self.name, self.files, self.left = name, 0, MAX_BYTES

    def another(self, size: int) -> None:
        self.files += 1
        self.left -= size
        if self.files > MAX_FILES:
            raise SubmissionError(f"{self.name}: it has more than {MAX_FILES} files")
        if self.left < 0:
            raise SubmissionError(f"{self.name}: its files have more than {MAX_BYTES >> 20} MiB")


def _target(name: str, into: Path) -> Path | None:
    """Where an entry of an archive goes; None where it is not wanted. Raises `SubmissionError` for one that leads
    out."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or "\0" in name:
        raise SubmissionError(f"{name[:80]!r} leads out of the archive")
    if not path.parts or any(part in IGNORED for part in path.parts):
        return None
    if len(path.parts) > _DEEP or len(str(path)) > _LONG:
        raise SubmissionError(f"{str(path)[:80]!r}... is too deep a path")
    return into.joinpath(*path.parts)


def _write(target: Path, content: IO[bytes], size: int, executable: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink() or target.is_dir():
        raise SubmissionError(f"{target.name!r} is there twice, once as a folder")
    with target.open("wb") as file:
        shutil.copyfileobj(_Metered(content, size, target.name), file)
    target.chmod(0o755 if executable else 0o644)


def _untar(source: Path, into: Path, name: str) -> None:
    count = _Count(name)
    with source.open("rb") as raw:
        stream = _Metered(_decompressed(raw), MAX_BYTES + (MAX_FILES << 11), name)
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                count.another(member.size if member.isreg() else 0)
                target = _target(member.name, into)
                if target is None or not member.isreg():
                    continue
                # What the standard library's own filter refuses is refused too.
                tarfile.data_filter(member, str(into))
                content = archive.extractfile(member)
                assert content is not None
                _write(target, content, member.size, bool(member.mode & 0o100))


def _decompressed(raw: IO[bytes]) -> IO[bytes]:
    magic = raw.read(6)
    raw.seek(0)
    if magic.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=raw)  # type: ignore[return-value]
    if magic.startswith(b"BZh"):
        return bz2.BZ2File(raw)
    return lzma.LZMAFile(raw) if magic.startswith(b"\xfd7zXZ") else raw


def _unzip(source: Path, into: Path, name: str) -> None:
    count = _Count(name)
    with zipfile.ZipFile(source) as archive:
        for entry in archive.infolist():
            count.another(0 if entry.is_dir() else entry.file_size)
            kind = entry.external_attr >> 16
            if entry.is_dir() or (stat.S_IFMT(kind) and not stat.S_ISREG(kind)):
                continue
            if (target := _target(entry.filename, into)) is not None:
                with archive.open(entry) as content:
                    _write(target, content, entry.file_size, bool(kind & 0o100))


def _copy(source: Path, into: Path) -> None:
    count = _Count(source.name)
    for path in _files(source):
        told = path.lstat()
        count.another(told.st_size)
        target = into / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as content:
            _write(target, content, told.st_size, bool(told.st_mode & 0o100))


def _files(folder: Path) -> Iterator[Path]:
    for top, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in IGNORED)
        for name in sorted(names):
            if stat.S_ISREG(os.lstat(os.path.join(top, name)).st_mode):
                yield Path(top, name)
