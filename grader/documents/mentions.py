"""From blocks to mentions: each link with what is said about it.

A link's own words are those between the link before it and itself; where there are none, those after it in its block;
and where it stands alone, the block before it, as a flat list of links under a paragraph wants it.
"""

from __future__ import annotations

import re
from dataclasses import replace

from .document import Block, Document, DocumentError, Mention, Read, Target, mark, marks, unmarked
from .limits import LINKS, TEXT
from .urls import direct, find

#: Characters of what is said about one link: more is no sentence, and is not read.
MOST = 1000
#: Fewer letters than this say nothing about a link ("- ", "Link 3:").
WORDS = 12
_ORDINAL = re.compile(
    r"^\W*(?:(?:first|second|third|fou?rth|fifth|sixth|seventh|eighth?|ninth|tenth|last|next)\s+)?(?:link|step|\d+)?\W*\d*\s*[:.)]\s*",
    re.IGNORECASE,
)
#: A link right after it is the first thing in an item of a list.
_OPENS = re.compile(r"(?:^|\s)(?:\d{1,3}[.)]|[-*•●○◦▪■‣–])\s*$")
_PLACE = re.compile(r"^[\w/]+\.\w+:\d+")


def document(name: str, form: str, read: Read) -> Document:
    """The document that a reader's blocks make. Raises `DocumentError` where it holds too much to be a report."""
    if sum(len(block.text) for block in read.blocks) > TEXT:
        raise DocumentError(f"{name}: the text is too long for a report (over {TEXT:,} characters).")
    if not read.targets and not any(unmarked(block.text) for block in read.blocks):
        raise DocumentError(f"{name}: there is no text in it.")
    blocks, targets = _with_bare_urls(read)
    if len(targets) > LINKS:
        raise DocumentError(f"{name}: {len(targets)} links are too many for a report; at most {LINKS}.")
    mentions: list[Mention] = []
    headings: tuple[str, ...] = ()
    before = ""
    for block in blocks:
        found = marks(block.text)
        if block.kind == "heading" and not found:
            headings, before = (*headings[-9:], unmarked(block.text)), ""
            continue
        mentions += _mentions(block, found, targets, headings, before, len(mentions))
        said = unmarked(block.text)
        if len(said) >= WORDS:
            before = said[-MOST:]
    return Document(name, form, tuple(blocks), tuple(_without_pieces(mentions)), read.warnings)


def _with_bare_urls(read: Read) -> tuple[list[Block], list[Target]]:
    """The blocks with a mark for each URL that stands in them as text."""
    targets = [_mended(target) for target in read.targets]
    blocks = []
    for block in read.blocks:
        text, at = "", 0
        for url in find(block.text):
            text += block.text[at : url.start] + mark(len(targets))
            at = url.stop
            targets.append(_mended(Target(url.url, "", url.repairs)))
        blocks.append(Block(block.kind, text + block.text[at:], block.place))
    return blocks, targets


def _mended(target: Target) -> Target:
    """A hyperlink's target, repaired as one in the text would be: most were typed before they became links."""
    by_way, url = direct(f"https:{target.url}" if target.url.startswith("//") else target.url)
    if url != target.url:
        way = (f"the link led by way of {by_way}",) if by_way else ()
        target = replace(target, url=url, repairs=(*target.repairs, *way))
    found = find(target.url)
    whole = len(found) == 1 and found[0].start == 0
    return replace(target, url=found[0].url, repairs=(*target.repairs, *found[0].repairs)) if whole else target


def _mentions(
    block: Block,
    found: list[tuple[int, int, int]],
    targets: list[Target],
    headings: tuple[str, ...],
    before: str,
    count: int,
) -> list[Mention]:
    made: list[Mention] = []
    at = 0
    for place, (start, stop, number) in enumerate(found):
        target = targets[number]
        own = unmarked(f"{block.text[max(at, start - MOST) : start]} {target.shown[:MOST]}")
        after = block.text[stop : min(found[place + 1][0] if place + 1 < len(found) else len(block.text), stop + MOST)]
        if _OPENS.search(block.text[max(at, start - 20) : start]) and not (
            _says_nothing(own) and len(unmarked(after)) < WORDS
        ):
            own = unmarked(f"{target.shown[:MOST]} {after}")  # what stands before it is the item before's
        elif _says_nothing(own) and len(unmarked(after)) >= WORDS:
            own = unmarked(f"{own} {after}")
        elif _says_nothing(own):
            own = (f"{before} {own}" if not made else f"{made[-1].text} {own}").strip()[-MOST:]
        if block.kind == "row":  # what a row says, it says of each of its links
            own = _around(block.text, targets, number)[:MOST]
        made.append(
            Mention(
                count + len(made) + 1,
                target,
                own,
                _label(target),
                headings,
                block.place,
                number,
                made[-1].label if made else "",
            )
        )
        at = stop
    return made


def _says_nothing(text: str) -> bool:
    return sum(c.isalpha() for c in _ORDINAL.sub("", text)) < 3


def _without_pieces(mentions: list[Mention]) -> list[Mention]:
    """Without the piece of a link that stands right before the whole of it, which converters make."""

    def piece(place: int) -> bool:
        one = mentions[place].target.url
        other = mentions[place + 1].target.url if place + 1 < len(mentions) else ""
        whole = "#" in one or re.search(r"\.\w{1,4}$", one)
        return "/blob/" in one and len(other) > len(one) and other.startswith(one) and not whole

    kept = [one for place, one in enumerate(mentions) if not piece(place)]
    return [replace(one, number=number) for number, one in enumerate(kept, 1)]


def _label(target: Target) -> str:
    return target.shown if target.shown and "://" not in target.shown else ""


def _around(text: str, targets: list[Target], number: int) -> str:
    """A row of a table as text, with the words that its links stand behind."""
    said, at = "", 0
    for start, stop, one in marks(text):
        said += f"{text[at:start]} {targets[one].shown} "
        at = stop
    return unmarked(said + text[at:])
