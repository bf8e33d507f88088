"""Plain text: paragraphs and items; what a scan or a converter broke is joined before the text is cut into blocks."""

from __future__ import annotations

import re
from pathlib import Path

from .document import Block, DocumentError, Read, Target, clean, mark, unmarked
from .urls import find

_ITEM = re.compile(r"^\s*(?:[-*•●○◦▪■‣–o]|\d+[.)])\s+|^\s*(?:\*\*)?(?:first|second|third|fourth|fifth|sixth|seventh|"
                   r"eighth?|ninth|tenth|eleventh|twelfth|last|final)\s+link\b", re.IGNORECASE)  # fmt: skip
_RULE = re.compile(r"^\W{3,}$")


def decoded(path: Path) -> str:
    """The text of a file. Raises `DocumentError` where it is none."""
    data = path.read_bytes()
    if b"\0" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DocumentError(f"{path}: this is no text, and no format that is known (PDF, DOCX, HTML, Markdown, text).")
    codec = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def read(path: Path) -> Read:
    """The blocks of a text file."""
    return blocks(decoded(path))


def blocks(text: str, page: str = "line") -> Read:
    """Blocks of running text. URLs are found in the whole of it, so that one that a page's end cut is whole."""
    text = clean(text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n"))
    targets: list[Target] = []
    lines: list[tuple[int, str]] = []
    out, at = "", 0
    for url in find(text):
        out += text[at : url.start] + mark(len(targets)) + "\n" * text.count("\n", url.start, url.stop)
        targets.append(Target(url.url, "", url.repairs))
        at = url.stop
    out += text[at:]
    lines = list(enumerate(out.split("\n"), 1))
    return Read(tuple(_blocks(lines, page)), tuple(targets))


def _blocks(lines: list[tuple[int, str]], page: str) -> list[Block]:
    made: list[Block] = []
    held: list[str] = []
    began = 0

    def put() -> None:
        if held:
            text = "\n".join(held)
            made.append(Block("heading" if _heading(held, text) else "text", text, f"{page} {began}"))
            held.clear()

    empty = False
    for number, line in lines:
        said = line.strip()
        if not said or _RULE.match(said):
            empty = True
            continue
        if held and not _goes_on(held, said, empty):
            put()
        if not held:
            began = number
        held.append(said)
        empty = False
    put()
    return made


def _goes_on(held: list[str], said: str, after_empty: bool) -> bool:
    """Whether a line goes on with what is held: no new item, and over an empty line (a page's end) only a sentence
    that was not over yet. An item of a word or two after an open sentence is what a converter made of its end."""
    open_ = held[-1][-1:].isalpha() or held[-1].endswith(",")
    if _ITEM.match(said):
        words = unmarked(_ITEM.sub("", said)).split()
        return open_ and not after_empty and bool(words) and len(words) <= 2 and len(held[-1]) > 60
    return not after_empty or (open_ and said[:1].islower() and len(held[-1]) > 40)


def _heading(held: list[str], text: str) -> bool:
    """One short line that is no sentence."""
    one = len(held) == 1 and len(text) <= 60 and "\ue000" not in text
    return one and not text.rstrip().endswith((".", ",", ";", "?")) and not _ITEM.match(text) and "\t" not in text
