"""Read a report, whatever it is: the format is told by what the file begins with, and then by its name.

It is read in a process apart, which may use so much time and memory and no more.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from . import docx, html, markdown, notebook, pdf, text
from .apart import Apart
from .document import Block, Document, DocumentError, Read, Target
from .limits import check_size
from .mentions import document

READERS: dict[str, Callable[[Path], Read]] = {
    "pdf": pdf.read, "docx": docx.read, "html": html.read, "markdown": markdown.read, "text": text.read,
    "notebook": notebook.read,
}  # fmt: skip
APART = Apart()
SUFFIXES = {
    ".pdf": "pdf", ".docx": "docx", ".html": "html", ".htm": "html", ".md": "markdown", ".markdown": "markdown",
    ".txt": "text", ".text": "text", "": "text", ".ipynb": "notebook",
}  # fmt: skip
#: How files begin that a word processor makes and nobody here reads, with what they are.
_UNREAD = {
    b"\xd0\xcf\x11\xe0": "an old Word file (.doc), or one with a password",
    b"{\\rtf": "a file in Rich Text Format (.rtf)",
}


def form(path: Path) -> str:
    """The format of a file. Raises `DocumentError` where it is none that is read."""
    check_size(path)
    try:
        with path.open("rb") as file:
            begin = file.read(1024)
    except OSError as error:
        raise DocumentError(f"{path}: it cannot be read ({error.strerror or error}).") from None
    if begin.lstrip().startswith(b"%PDF-"):
        return "pdf"
    if begin.startswith(b"PK\x03\x04"):
        return _packed(path)
    for magic, what in _UNREAD.items():
        if begin.startswith(magic):
            raise DocumentError(f"{path}: this is {what}; save it as .docx or PDF.")
    if begin.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        return "html"
    found = SUFFIXES.get(path.suffix.lower())
    if found in ("pdf", "docx"):
        raise DocumentError(f"{path}: the name says {found.upper()}, but the file is none.")
    return found or "text"


def _packed(path: Path) -> str:
    """The format of a ZIP. Raises `DocumentError` where it is no DOCX."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "docx"  # whose reader says what is wrong with it
    if "[Content_Types].xml" in names and any(name.startswith("word/") for name in names):
        return "docx"
    if "content.xml" in names or any(name.startswith(("Index/", "xl/", "ppt/")) for name in names):
        raise DocumentError(f"{path}: this is an office file, and no DOCX (.odt, .pages, .xlsx …); save it as PDF.")
    raise DocumentError(f"{path}: this is an archive, and no report; unpack it, and give what is in it.")


def read(path: Path, name: str = "") -> Document:
    """The document in a file, called `name` in what is told of it. Raises `DocumentError`."""
    kind, made = _apart(path)
    return document(name or path.name, kind, made)


def _here(path: Path, kind: str) -> Read:
    try:
        return READERS[kind](path)
    except OSError as error:
        raise DocumentError(f"{path}: it cannot be read ({error.strerror or error}).") from None
    except RecursionError:
        raise DocumentError(f"{path}: it is nested too deeply for a report.") from None


def _apart(path: Path) -> tuple[str, Read]:
    made = APART.ask(path)
    if made is None:
        raise DocumentError(f"{path}: reading it takes more time or memory than a report may.")
    if "error" in made:
        raise DocumentError(made["error"].replace(str(path.absolute()), str(path)))
    targets = tuple(Target(t["url"], t["shown"], tuple(t["repairs"])) for t in made["targets"])
    return made["format"], Read(tuple(Block(**block) for block in made["blocks"]), targets, tuple(made["warnings"]))


def answer(path: Path) -> dict[str, Any]:
    """In the process apart: what one file holds, or why that cannot be told, for JSON."""
    try:
        kind = form(path)
        return {"format": kind, **asdict(_here(path, kind))}
    except DocumentError as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": f"{path}: reading it takes more memory than a report may."}
