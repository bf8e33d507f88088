"""URLs in text: found, joined where a line's end or a space cut them, and repaired where a hand or a scan damaged them.

A link to source has a grammar (host, owner, repository, blob, commit, path, lines), so what was cut can be joined with
certainty: a commit has forty digits, a path ends in a file's name. Every repair is told, in words for its author.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

_SPACE = r"[ \t\r\n\u00a0]"
_FILE = r"\.(?:pyx?|pyi|pv|cpp|cc|c|h|rst|md|txt|toml|cfg|js|ts|html)"
#: A code host's name where the scheme was left out: never inside another address.
_BARE = r"(?<![\w@./:-])(?:www\.)?github\.com(?=/)"
_START = re.compile(rf"(?:https?|httns|htps|ttps|file|ftp|javascript)\s?:\s?/?/?|{_BARE}", re.IGNORECASE)
_HEX = re.compile(rf"(?:[0-9a-fA-F]{_SPACE}{{0,4}}){{39}}[0-9a-fA-F](?![0-9a-fA-F])")
#: A line's end inside a word: most programs cut an address after a hyphen, some anywhere.
_CUT = r"(?:(?:[ \t\u00a0]{0,8}\r?\n){1,2}[ \t\u00a0]{0,8})?"
_NAME = rf"(?:[\w.-]{_CUT}){{1,100}}"
_LABEL = rf"(?:[A-Za-z0-9-]{_CUT}){{1,63}}"
_KINDS = "|".join(_CUT.join(kind) for kind in ("blob", "tree", "raw", "blame", "edit"))
_CODE = re.compile(
    rf"(?:https?://{_SPACE}?)?(?P<host>{_LABEL}(?:\.{_CUT}{_LABEL}){{1,4}}){_SPACE}?/{_SPACE}?(?P<owner>{_NAME})"
    rf"{_SPACE}?/{_SPACE}?(?P<repository>{_NAME}){_SPACE}{{0,2}}/{_SPACE}?(?P<kind>{_KINDS}){_SPACE}?/{_SPACE}{{0,4}}"
)
#: What an address asks of the page that shows a file: ?plain=1, ?ts=4.
_QUERY = re.compile(r"\?[\w-]+=[\w.~%&=+-]*(?<![.])")
_LINES = re.compile(
    r"\s?\.?(?:\\?[#＃]|-(?=L)|(?<=\.py):?(?=\d))\s?(?:(?:L{0,2}|lines?[-=])\s?(?P<first>\d{1,6})(?:C\d+)?"
    r"(?:\s?[-–]\s?#?\s?L{0,2}(?P<last>\d{1,6})(?:C\d+)?)?|:~:text=\S*)",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"(?:https?|ftp|file|javascript):[^\s<>\"'`\ue000]+", re.IGNORECASE)
_CLOSING = {")": "(", "]": "[", "}": "{"}


_GOOGLE = ("www.google.com", "google.com")
_OUTLOOK = ".safelinks.protection.outlook.com"


@dataclass(frozen=True)
class Found:
    """A URL in a text, from `start` to `stop`: `url` is what it is without the damage."""

    start: int
    stop: int
    url: str
    repairs: tuple[str, ...] = ()


def find(text: str) -> list[Found]:
    """The URLs of a text in order, each once; nothing is looked up."""
    found: list[Found] = []
    at = 0
    while start := _START.search(text, at):
        one = _code(text, start.start()) or _plain(text, start.start())
        at = one.stop if one else start.end()
        if one:
            found.append(one)
    return found


def _plain(text: str, start: int) -> Found | None:
    match = _PLAIN.match(text, start)
    if match is None:
        return None
    url, repairs = trimmed(match[0])
    return Found(start, start + len(url), url, repairs)


def direct(url: str) -> tuple[str, str]:
    """(host, target) of an address that only leads on to another, as Google Docs and Outlook make of every link; else
    ('', the address itself)."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        if not (host in _GOOGLE and parts.path == "/url") and not host.endswith(_OUTLOOK):
            return "", url
        asked = parse_qs(parts.query, max_num_fields=20)
    except ValueError:
        return "", url
    target = next((asked[name][0] for name in ("q", "url") if name in asked), "")
    return (host, target) if target.startswith(("http://", "https://")) else ("", url)


def trimmed(url: str) -> tuple[str, tuple[str, ...]]:
    """A URL without the sentence's punctuation that was taken for its end."""
    count = Counter(url)
    stop = len(url)
    while stop:
        last = url[stop - 1]
        if not (last in ".,;:!?*_~" or (last in _CLOSING and count[last] > count[_CLOSING[last]])):
            break
        count[last] -= 1
        stop -= 1
    url, lost = url[:stop], url[stop:]
    return url, (f"the “{lost}” after the link belongs to the sentence",) if lost.strip(".,;:") else ()


def _code(text: str, start: int) -> Found | None:
    """A link to a file at a code host, however it was cut; None where it is none."""
    head = _CODE.match(text, start)
    if head is None:
        return None
    host, owner, repository, kind = ("".join(head[name].split()) for name in ("host", "owner", "repository", "kind"))
    repairs = [] if head[0].startswith("http") else ["the address begins with https://"]
    digits = _HEX.match(text, head.end())
    if digits:
        reference, at = re.sub(r"\s", "", digits[0]).lower(), digits.end()
    else:
        plain = re.compile(r"[^\s/#?<>\"'`\ue000]+").match(text, head.end())
        if plain is None:
            return None
        reference, at = plain[0], plain.end()
    path, at, notes = _path(text, at)
    repairs += notes
    query = _QUERY.match(text, at) if path else None
    at = query.end() if query else at
    lines, at, notes = _anchor(text, at) if path else ("", at, [])
    repairs += notes
    if any(space in text[start:at].strip() for space in (" ", "\n", "\t")):
        repairs.insert(0, "the link was cut in two, and joined again")
    if not path:
        reference, _ = trimmed(reference)
    url = f"https://{host}/{owner}/{repository}/{kind}/{reference}" + (f"/{path}" if path else "") + lines
    return Found(start, at, url, tuple(repairs))


def _path(text: str, at: int) -> tuple[str, int, list[str]]:
    """The path from `at` on: as far as it goes without a space, and over spaces to a file's name where it has none."""
    slash = re.compile(rf"{_SPACE}{{0,3}}/").match(text, at)
    if slash is None:
        return "", at, []
    whole = re.compile(rf"[\w.\-/+@%]*?{_FILE}(?![A-Za-z_/])").match(text, slash.end())
    if whole is None:
        part = r"[\w.\-/+@%]+"
        cut = re.compile(rf"{part}(?:{_SPACE}{{1,4}}{part}){{1,4}}?(?<=\.py|\.pv)(?![A-Za-z_/])")
        whole = cut.match(text, slash.end())
        if whole is not None and not _is_one_path(whole[0]):
            whole = None
    if whole is None:
        whole = re.compile(r"[\w.\-/+@%]*").match(text, slash.end())
        assert whole is not None  # it matches the empty text, too
        path, _ = trimmed(whole[0])
        return path, slash.end() + len(path), []
    return (*_mended(whole[0], slash.end() + len(whole[0].rstrip())),)


def _is_one_path(raw: str) -> bool:
    """Whether what stands between spaces belongs to one path, and is not the sentence that goes on after it: over a
    space there is a folder, or what stands for an underscore; over a line's end anything."""
    pieces = re.split(r"(\s+)", raw)
    for before, space, piece in zip(pieces[0::2], pieces[1::2], pieces[2::2], strict=False):
        if "\n" not in space and not ("/" in piece or before.endswith("/") or piece.startswith(".")):
            return False
    return True


def _mended(raw: str, stop: int) -> tuple[str, int, list[str]]:
    notes: list[str] = []
    path = raw.strip()
    if re.search(r"[ \u00a0]", path) or "\n" in path:
        before = path
        path = re.sub(r"\s*\n\s*", "", path)  # a line's end hides nothing
        path = re.sub(r"\s+", "_", path)  # where a font has no underline, a reader sees a space
        if " " in before.replace("\n", ""):
            notes.append("a space in the path stands for an underscore")
    if re.search(r"(^|/)_{1,3}init_{1,3}\.p[yv]$", path) and not re.search(r"(^|/)__init__\.p[yv]$", path):
        path = re.sub(r"_{1,3}init_{1,3}(?=\.p[yv]$)", "__init__", path)
        notes.append("the file is called __init__.py, with two underscores on each side")
    if path.endswith(".pv"):
        path = path[:-1] + "y"
        notes.append("the file ends in .py, not .pv")
    return path, stop, notes


def _anchor(text: str, at: int) -> tuple[str, int, list[str]]:
    """The lines that a link points to, in the code host's own spelling."""
    match = _LINES.match(text, at)
    if match is None:
        return "", at, []
    if match["first"] is None:
        return "", match.end(), ["a link to a highlighted text has no line; give it one: #L and the number"]
    first, last = int(match["first"]), int(match["last"] or match["first"])
    lines = f"#L{first}" if first == last else f"#L{min(first, last)}-L{max(first, last)}"
    raw = match[0]
    good = re.fullmatch(r"#L\d+(C\d+)?(-L\d+(C\d+)?)?", raw)
    return lines, match.end(), [] if good else [f"the lines are written {lines}, not {raw.strip()}"]
