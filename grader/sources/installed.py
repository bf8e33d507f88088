"""Packages installed beside unmagic, and Python's own library: right for the release that they are."""

from __future__ import annotations

import importlib.metadata
import platform
import sysconfig
from functools import cache
from pathlib import Path

from ..links import CodeLink, release_of
from .source import Absent, Answer, made


class Installed:
    """What this Python has."""

    def find(self, link: CodeLink) -> Answer:
        """The installed file, where the link's reference is the installed release."""
        release = release_of(link)
        if not release:
            return None
        if link.package == "python":
            path = Path(sysconfig.get_path("stdlib")) / link.inner if release == platform.python_version() else None
        else:
            if _version(link.package) != release:
                return None
            path = _files(link.package).get(link.inner)
            if path is None and link.inner.endswith(".py"):
                return Absent(f"{link.package} {release} has no file {link.path}")
        if path is None or not path.is_file():
            return None
        return made(path.read_bytes(), link.reference, f"{link.package} {release}, as it is installed here")


@cache
def _version(package: str) -> str:
    """The installed release of a package; '' where there is none."""
    try:
        return importlib.metadata.version(package)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return ""


@cache
def _files(package: str) -> dict[str, Path]:
    """The files of an installed package, by their path inside site-packages."""
    files = importlib.metadata.distribution(package).files or ()
    return {one.as_posix(): Path(str(one.locate())) for one in files}
