"""What other systems run, packed: unmagic's own files, an assignment, a key, and the scripts of coursework/platforms.

In: the name of a platform, an assignment's folder, a key. Out: a folder (Autolab's Makefile and tar, Classroom 50's
autograder.py and its siblings) or a zip (Gradescope). The assignment takes the place of `coursework/`, so that a script
there needs no option; what its stages.toml names must lie in its folder, or where ours has it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from .assignment import OURS, AssignmentError, load
from .stagefile import tests

HOME = OURS.parent
PLATFORMS = OURS / "platforms"
#: What grading needs of this repository, or of an installed unmagic, beside the assignment.
_PARTS = ("unmagic", "grader", "report", "tracer", "reference_impl", "tests/coursework", "LICENSE")
_WITHOUT = shutil.ignore_patterns("__pycache__", "flask_sock", "platforms")


class PackError(Exception):
    """Nothing was packed; the message is one sentence."""


def pack(platform: str, output: Path, assignment: Path = OURS, key: str = "") -> None:
    """Write `output`, which must not be there yet; without a `key` one is drawn.

    Raises `PackError`, `AssignmentError`."""
    if output.exists() or output.is_symlink():
        raise PackError(f"{output} is there already")
    load(assignment)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".unmagic-pack-", dir=output.parent) as beside:
            carried, made = Path(beside, "carried"), Path(beside, "made")
            _carry(carried, assignment, key or secrets.token_hex(16))
            MADE[platform](carried, made)
            os.rename(made, output)
    except (OSError, shutil.Error) as error:
        raise PackError(f"{output} cannot be written: {getattr(error, 'strerror', None) or error}") from None


def _carry(folder: Path, assignment: Path, key: str) -> None:
    """`unmagic/` and `key`. Raises `AssignmentError` if the assignment is not whole there."""
    ours = folder / "unmagic"
    for part in _PARTS:
        source, target = HOME / part, ours / part
        if not source.exists():  # an installed unmagic has no tests, but those of its assignment
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target, ignore=_WITHOUT) if source.is_dir() else shutil.copy(source, target)
    shutil.copytree(assignment, ours / "coursework", ignore=_WITHOUT)
    (ours / "coursework" / "platforms").mkdir()
    shutil.copy(PLATFORMS / "requirements.txt", ours / "coursework" / "platforms")
    (folder / "key").write_text(f"{key}\n", encoding="utf-8")
    there = load(ours / "coursework")
    for path in (there.source, there.starter, there.tests):
        if not (path.is_dir() and path.is_relative_to(ours.resolve())):
            raise AssignmentError(f"{assignment}/stages.toml names {path.name}, which is not below its folder")
    for stage in there.stages:
        tests(there, stage)


def _scripts(platform: str, *names: str, to: Path) -> None:
    for name in names:
        shutil.copy(PLATFORMS / platform / name, to / name)


def _autolab(carried: Path, made: Path) -> None:
    made.mkdir()
    _scripts("autolab", "autograde-Makefile", to=made)
    with tarfile.open(made / "autograde.tar", "w", format=tarfile.GNU_FORMAT) as archive:
        for path in sorted(carried.iterdir()):
            archive.add(path, path.name, filter=_nobodys)


def _nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def _gradescope(carried: Path, made: Path) -> None:
    _scripts("gradescope", "setup.sh", "run_autograder", to=carried)
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for path in sorted(carried.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(carried))


def _classroom50(carried: Path, made: Path) -> None:
    _scripts("classroom50", "autograder.py", to=carried)
    os.rename(carried, made)


#: By the platform's name, what makes the thing to be uploaded of what is carried.
MADE: dict[str, Callable[[Path, Path], None]] = {
    "autolab": _autolab, "gradescope": _gradescope, "classroom50": _classroom50,
}  # fmt: skip
