"""Hand-ins as strangers send them: archives that lead out, that are bombs, that are broken; and plain ones."""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from helpers_class import lay, tar, work

from grader.coursework import submission
from grader.coursework.submission import SubmissionError, load
from grader.sandbox import unpack as unpacking
from grader.sandbox.unpack import unpack


def opened(source: Path, tmp_path: Path) -> Path:
    there = tmp_path / "there"
    there.mkdir()
    return unpack(source, there)


@pytest.mark.parametrize(
    "ending, mode", ((".tar", "w"), (".tar.gz", "w:gz"), (".tar.bz2", "w:bz2"), (".tar.xz", "w:xz"))
)
def test_every_kind_of_tar_is_the_same_hand_in(tmp_path: Path, ending: str, mode: str):
    root = opened(tar(tmp_path / f"hand-in{ending}", work(), mode), tmp_path)
    assert load(root).sha256 == load(lay(tmp_path / "plain", work())).sha256


def test_a_zip_and_a_folder_are_too_and_programs_stay_programs(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "hand-in.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in work().items():
            archive.writestr(f"a-folder/{name}", data)
        entry = zipfile.ZipInfo("a-folder/run")
        entry.external_attr = (stat.S_IFREG | 0o755) << 16
        archive.writestr(entry, b"#!/bin/sh\n")
    root = opened(tmp_path / "hand-in.zip", tmp_path)
    assert root.name == "a-folder", "the folder that holds everything is the hand-in"
    assert (root / "run").stat().st_mode & 0o111 and not (root / "server.py").stat().st_mode & 0o111
    (root / "run").unlink()
    plain = lay(tmp_path / "plain", work())
    (plain / ".git").mkdir()
    (plain / ".git" / "config").touch()
    (plain / "link").symlink_to("/etc/passwd")
    os.mkfifo(plain / "pipe")
    (tmp_path / "other").mkdir()
    copy = unpack(plain, tmp_path / "other")
    assert load(root).sha256 == load(copy).sha256
    assert not {"link", "pipe", ".git"} & set(os.listdir(copy))


@pytest.mark.parametrize("name", ("../out", "/tmp/out", "a/../../out", "..", "a\\..\\..\\out"))
def test_what_leads_out_is_refused(tmp_path: Path, name: str):
    for path in (tar(tmp_path / "x.tar", {name: b"out"}), _zip(tmp_path / "x.zip", {name: b"out"})):
        (tmp_path / path.suffix).mkdir()
        with pytest.raises(SubmissionError, match="leads out of the archive"):
            unpack(path, tmp_path / path.suffix)
    assert not (tmp_path / "out").exists() and not Path("/tmp/out").exists()


def _zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_links_and_devices_are_left_out(tmp_path: Path):
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for name, kind, target in (
            ("soft", tarfile.SYMTYPE, "/etc/passwd"), ("hard", tarfile.LNKTYPE, "/etc/passwd"),
            ("device", tarfile.CHRTYPE, ""), ("pipe", tarfile.FIFOTYPE, ""),
        ):  # fmt: skip
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, target
            archive.addfile(entry)
        through = tarfile.TarInfo("soft/through")
        through.size = 3
        archive.addfile(through, io.BytesIO(b"in\n"))
    root = opened(tmp_path / "x.tar", tmp_path)
    assert [path.name for path in root.rglob("*")] == ["soft", "through"] and not (root / "soft").is_symlink()
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        entry = zipfile.ZipInfo("soft")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    (tmp_path / "more").mkdir()
    assert list(unpack(tmp_path / "x.zip", tmp_path / "more").iterdir()) == []


def test_bombs_are_refused_before_they_are_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(unpacking, "MAX_BYTES", 1 << 20)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(3 << 20))
    bombs = [tmp_path / "bomb.zip", tar(tmp_path / "bomb.tar.gz", {"zeros": bytes(3 << 20)}, "w:gz")]
    with gzip.open(tmp_path / "name.tar.gz", "wb") as file:  # the name of the file has 500 MB, says its header
        entry = tarfile.TarInfo("././@LongLink")
        entry.type, entry.size = tarfile.GNUTYPE_LONGNAME, 500 << 20
        file.write(entry.tobuf() + bytes(20 << 20))
    bombs.append(tmp_path / "name.tar.gz")
    lying = bytearray(_zip(tmp_path / "lying.zip", {"small": b"x" * 3000}).read_bytes())
    at = lying.rindex(b"PK\x01\x02")
    lying[at + 24 : at + 28] = (10).to_bytes(4, "little")  # says that it has ten bytes
    (tmp_path / "lying.zip").write_bytes(lying)
    bombs.append(tmp_path / "lying.zip")
    for number, bomb in enumerate(bombs):
        (tmp_path / str(number)).mkdir()
        with pytest.raises(SubmissionError, match=r"MiB|cannot be opened"):
            unpack(bomb, tmp_path / str(number))
        assert sum(path.stat().st_size for path in (tmp_path / str(number)).rglob("*")) <= 1 << 20


def test_too_many_files_too_deep_and_too_long(tmp_path: Path):
    many = {f"{n}.py": b"" for n in range(submission.MAX_FILES + 1)}
    for files in (many, {"/".join("a" * 60): b""}, {"a" * 250: b""}):
        with pytest.raises(SubmissionError):
            unpack(tar(tmp_path / "x.tar", files), _new(tmp_path))
    with pytest.raises(SubmissionError, match="more than 2000 files"):
        unpack(_zip(tmp_path / "x.zip", many), _new(tmp_path))


def _new(tmp_path: Path) -> Path:
    made = tmp_path / f"new-{len(list(tmp_path.iterdir()))}"
    made.mkdir()
    return made


@pytest.mark.parametrize("data", (b"", b"PK\x03\x04 no zip", b"\x1f\x8b no gzip", b"just text", os.urandom(2000)))
def test_what_is_no_archive_is_one_sentence(tmp_path: Path, data: bytes):
    (tmp_path / "x.tar.gz").write_bytes(data)
    try:
        root = opened(tmp_path / "x.tar.gz", tmp_path)
        assert list(root.iterdir()) == []  # an empty archive is one, and holds no submission.toml
    except SubmissionError as error:
        assert str(error).startswith("x.tar.gz: it cannot be opened (") and "\n" not in str(error)


def test_a_file_and_a_folder_of_one_name(tmp_path: Path):
    with pytest.raises(SubmissionError):
        unpack(tar(tmp_path / "x.tar", {"a": b"1", "a/b": b"2"}), _new(tmp_path))
