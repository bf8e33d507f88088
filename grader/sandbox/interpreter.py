"""The Python that a submission gets, and what of the machine it may read: programs and libraries, but no installed
package.

The real library must not be there to import, so every folder of packages is left out; what a grader keeps below a
folder that is shown is left out as well.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

#: Where programs, libraries and what they read at their start lie.
SHOWN = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
SETTINGS = (
    "/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/etc/java-17-openjdk", "/etc/java-21-openjdk",
    "/etc/ssl/openssl.cnf",
)  # fmt: skip
_PACKAGES = ("site-packages", "dist-packages")
_LIBRARIES = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64")
#: Packages of other languages, and files that are somebody's: none of a submission's business.
_APART = (
    "/usr/lib/node_modules", "/usr/local/lib/node_modules", "/usr/share/nodejs/ws", "/usr/share/python-wheels",
    "/usr/local/share/python-wheels", "/usr/src", "/usr/local/src", "/usr/local/etc",
)  # fmt: skip


@dataclass(frozen=True)
class Interpreter:
    """A Python: its program, and the folder that it and its library are in."""

    program: Path
    prefix: Path

    @property
    def shown_already(self) -> bool:
        """Whether it lies where programs do anyway."""
        return self.prefix.is_relative_to("/usr")


def interpreters() -> Iterator[Interpreter]:
    """Pythons that a submission could run with: the one that grades, without its virtual environment, then the
    system's."""
    base = Path(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))
    yield Interpreter(base, Path(os.path.realpath(sys.base_prefix)))
    system = Path("/usr/bin/python3")
    if system.exists():
        yield Interpreter(Path(os.path.realpath(system)), Path("/usr"))


def readable_by_others(path: Path) -> bool:
    """Whether any user may reach what lies in the folder `path`."""
    return all(one.stat().st_mode & 0o005 == 0o005 for one in (path, *path.parents))


def left_out(prefix: Path, hidden: Iterable[Path]) -> list[Path]:
    """Folders and files below what is shown that a submission must not see; none of them lies in another of them."""
    found = [Path(path) for path in _APART]
    for library in (*map(Path, _LIBRARIES), prefix / "lib"):
        if library.is_dir():
            found += [one / name for one in library.glob("*py*") for name in _PACKAGES]
    shown = [Path(os.path.realpath(path)) for path in (*SHOWN, prefix)]
    found += [path for path in map(_real, hidden) if any(path.is_relative_to(one) for one in shown)]
    there = sorted({_real(path) for path in found if path.exists()})
    return [path for path in there if not any(path != one and path.is_relative_to(one) for one in there)]


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def allowed(root: Path, without: Iterable[Path]) -> Iterator[Path]:
    """What of `root` may be read, as the fewest folders and files that leave `without` out."""
    inside = [path for path in without if path.is_relative_to(root)]
    if root in inside:
        return
    if not inside:
        yield root
        return
    for child in sorted(root.iterdir()):
        if not child.is_symlink():
            yield from allowed(child, inside)
