"""What a report may be, so that a hostile one costs a sentence and not the machine."""

from __future__ import annotations

from pathlib import Path

from .document import DocumentError

MEGABYTE = 1024 * 1024

FILE = 32 * MEGABYTE  # of the file as handed in
UNPACKED = 128 * MEGABYTE  # of all that is packed in a DOCX
RATIO = 200  # unpacked to packed, of one member: above it, it is a bomb
MEMBERS = 5000  # files that are packed in a DOCX
PAGES = 400  # of a PDF
TEXT = 4 * MEGABYTE  # characters of text that are looked at
LINKS = 3000  # of one report
SECONDS = 60  # of one file, in the process apart
MEMORY = 1024 * MEGABYTE  # of that process
ANSWER = 64 * MEGABYTE  # of what it says


def check_size(path: Path) -> None:
    """Raises `DocumentError` where the file is not there, is no file, is empty or too large to be a report."""
    try:
        if not path.is_file():
            raise DocumentError(f"{path}: there is no such file.")
        size = path.stat().st_size
    except OSError as error:
        raise DocumentError(f"{path}: it cannot be read ({error.strerror or error}).") from None
    if size == 0:
        raise DocumentError(f"{path}: the file is empty.")
    if size > FILE:
        raise DocumentError(f"{path}: {size // MEGABYTE} MB are too much for a report; at most {FILE // MEGABYTE}.")
