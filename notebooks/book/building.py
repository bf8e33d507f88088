"""Sphinx, run on what was gathered."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

from .diagrams import DiagramError
from .gathering import AS_THEY_ARE, HERE, gather
from .originals import OriginalError


class BuildError(Exception):
    """The site cannot be made; the message says why."""


def build(out: Path, sources: Path) -> None:
    """Make the site in the folder `out`, from pages that are gathered in `sources`. Raises BuildError; a warning of
    Sphinx's is one, too."""
    try:
        from sphinx.application import Sphinx
    except ImportError:
        raise BuildError("the site needs Sphinx, for Python 3.11 or newer: pip install 'unmagic[book]'") from None
    shutil.rmtree(out, ignore_errors=True)
    try:
        gather(sources)
    except (OriginalError, DiagramError) as error:
        raise BuildError(str(error)) from None
    warnings = io.StringIO()
    finished = {"html_extra_path": [str(sources / AS_THEY_ARE)]}
    trees = str(sources / "_doctrees")
    Sphinx(str(sources), str(HERE), str(out), trees, "html", finished, None, warnings, freshenv=True).build()
    if warnings.getvalue().strip():
        raise BuildError(warnings.getvalue().strip())
    shutil.rmtree(sources)
    for left in (".buildinfo", ".doctrees", "objects.inv"):
        target = out / left
        shutil.rmtree(target, ignore_errors=True) if target.is_dir() else target.unlink(missing_ok=True)
