"""The formats that a course's report can be had in."""

from __future__ import annotations

from collections.abc import Callable

from .document import Document


def _markdown(document: Document) -> bytes:
    from .markdown import markdown

    return markdown(document)


def _docx(document: Document) -> bytes:
    from .docx import docx_bytes

    return docx_bytes(document)


def _pdf(document: Document) -> bytes:
    from .pdf import pdf

    return pdf(document)


#: By the ending of their files' names. Each is loaded when it is asked for: the last two take a while.
FORMATS: dict[str, Callable[[Document], bytes]] = {"md": _markdown, "docx": _docx, "pdf": _pdf}
