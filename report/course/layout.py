"""How a course's report reads: from its facts to a document, in the words of the assignment.

One heading for each technology; below it the purpose, which its author writes, the licence, where the program uses it,
and the chain as numbered hops. A hop has one link to the definition of what ran, and one, labelled, to the line that
called it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tracer.reading.links import Link as Permalink
from tracer.reading.links import Status

from ..model import Change, Row
from ..view.purpose import ASKED
from .document import Block, Contents, Document, Facts, Heading, Hops, Inline, Inner, Line, Link, Paragraph, Table, Text
from .model import Chain, Frame, Library, Licence, Place, Report, Section
from .safe import clean

#: What happened to the value that is followed.
HAPPENED = {"read": "read from the socket", "written": "written to the socket", "begins": "given by the program",
            "same": "the same object", "held": "the same object",
            "handoff": "takes up the same object"}  # fmt: skip
#: Characters of an author's own sentences.
LONGEST = 4000
#: What happens to a socket without any bytes.
QUIET = frozenset({"accept", "bind", "listen", "close", "shutdown"})
#: What a link says of itself where it is not proven.
DOUBTS = {Status.TAG: "by tag", Status.UNPROVEN: "not proven", Status.NONE: "no link"}
#: What is said behind a name, and before the line that called it, where that is no plain call.
ENDINGS = {"resume": " goes on", "return": " returns"}
CALLED = {"thread": ", started at ", "return": " to "}
LIBRARIES = "Libraries"
LIBRARIES_ANCHOR = "libraries"
READING = "How to read this report"
HOPS = (
    "A hop is a call that happened: what ran, with a link to its definition; the line that called it; the library and "
    "the thread. A read and a write have no definition in Python: the link goes to the line that asked for them. "
    "× 3 is a repetition. Order and counts are true; nothing here is a duration."
)
LINKS = (
    "A link names a commit or a release's tag, never a branch, so its lines stay. Where it is not proven, or there is "
    "none, the library's entry above says why."
)


def layout(report: Report, purposes: Mapping[str, str] | None = None) -> Document:
    """The whole document; `purposes` are what its author wrote already, by the sections' anchors."""
    title = f"How {report.program} works, from the TCP socket up"
    libraries = {library.name: library for library in report.libraries}
    blocks: list[Block] = [
        Heading(1, title),
        Paragraph((Text("Every hop below is a call that happened when "), Text(report.program, "code"),
                   Text(f" ran under Python {report.python}; its links go to the lines of the versions that ran. "),
                   Text("What only you know is marked "), Text("TODO", "todo"), Text("; please write it."))),
        Contents(tuple(_contents(report))),
    ]  # fmt: skip
    for section in report.sections:
        blocks += _section(section, libraries, (purposes or {}).get(section.anchor, ""))
    blocks += _libraries(report.libraries)
    blocks += [Heading(2, READING, "reading"), *(Paragraph(line) for line in _reading(report))]
    return Document(title, tuple(blocks))


def _contents(report: Report) -> Iterator[tuple[int, str, str]]:
    for section in report.sections:
        yield 0, _titled(section), section.anchor
    yield 0, LIBRARIES, LIBRARIES_ANCHOR
    yield 0, READING, "reading"


def _titled(section: Section) -> str:
    return f"{section.title} ({section.library})" if section.library else section.title


# -- sections --------------------------------------------------------------------------------------------------------


def _section(section: Section, libraries: dict[str, Library], purpose: str) -> Iterator[Block]:
    yield Heading(2, _titled(section), section.anchor)
    if section.text:
        yield Paragraph((Text(section.text),))
    yield Facts(tuple(_facts(section, libraries, purpose)))
    for what, title, anchor in section.refers:
        yield Paragraph((Text(f"{what}: its chain is told in "), Inner(title, anchor), Text(".")))
    for chain in section.chains:
        yield from _chain(chain)
    for frame in section.frames:
        yield from _frame(frame)


def _facts(section: Section, libraries: dict[str, Library], purpose: str) -> Iterator[tuple[str, Line]]:
    yield "Purpose", (Text(clean(purpose, LONGEST)) if purpose else Text(ASKED, "todo"),)
    if section.uses:
        times = "once" if section.calls == 1 else f"{section.calls} times"
        yield (
            "Used in your code",
            (*_joined([_placed(place) for place in section.uses]), Text(f"; called {times}", "quiet")),
        )
    if section.definition is not None:
        yield "Definition", _placed(section.definition)
    library = libraries.get(section.library)
    if library is not None:
        name = f"{library.name} {library.version}".strip()
        yield "Library", (Inner(name, LIBRARIES_ANCHOR), Text(", licence "), *_licence(library.licence))
    if section.also:
        yield "On the same lines Python called", _joined([_placed(place) for place in section.also])


def _joined(lines: Sequence[Line]) -> Line:
    found: list[Inline] = []
    for line in lines:
        found += [*([Text(", ")] if found else []), *line]
    return tuple(found)


def _placed(place: Place) -> Line:
    """A place with its link; where it is not proven, that."""
    return tuple(_linked(place.name, place.link))


def _linked(name: str, link: Permalink | None, *, doubted: bool = True) -> Iterator[Inline]:
    """A name with its link, if it has one, and, if it is to be `doubted`, how unsure that is."""
    yield Link(name, link.url) if link is not None and link.url else Text(name, "code")
    doubt = DOUBTS.get(link.status, "") if link is not None else ""
    if doubt and (doubted or (link is not None and not link.url)):
        yield Text(f" ({doubt})", "quiet")


# -- chains ----------------------------------------------------------------------------------------------------------


def _chain(chain: Chain) -> Iterator[Block]:
    yield Heading(3, chain.title)
    if chain.text:
        yield Paragraph((Text(chain.text),), leads=True)
    if len(chain.threads) > 1:
        yield Paragraph(tuple(_threads(chain)), leads=True)
    if chain.told:
        yield Paragraph(tuple(_told(chain)), leads=True)
    yield Hops(chain.start, tuple(tuple(_hop(row)) for row in chain.hops), tuple(row.depth for row in chain.hops))
    if chain.left_out:
        yield Paragraph((Text(f"{chain.left_out} more calls inside are not shown."),))


def _threads(chain: Chain) -> Iterator[Inline]:
    yield Text("Threads: ")
    for place, (label, name) in enumerate(chain.threads):
        yield Text(f"{', ' if place else ''}{label} is ")
        yield Text(
            "the program's first" if label == "main" else name or "without a name", "" if label == "main" else "code"
        )
    yield Text(".")


def _told(chain: Chain) -> Iterator[Inline]:
    yield Text("What comes between the first hop and the next is told in " if chain.beyond and len(chain.hops) > 1
               else "What comes after this hop is told in " if chain.beyond
               else "The way to the first hop is told in ")  # fmt: skip
    for place, told in enumerate(chain.told):
        yield Text(" and " if place else "")
        yield Inner(told.section, told.anchor)
        yield Text(f" (to hop {told.hop}, ")
        yield Text(told.name, "code")
        yield Text(")")
    yield Text(".")


def _hop(row: Row) -> Iterator[Line]:
    """Two lines: what ran, with its definition; from where it was called, and what it did there."""
    yield (*_what(row), *_site(row), Text(f" · {row.lane} · thread {row.thread}", "quiet"))
    told = list(_did(row))
    if told:
        yield tuple(told)


def _what(row: Row) -> Iterator[Inline]:
    if row.kind in ("wire", "thread"):
        yield Text(row.name, "bold")
    elif row.kind == "handoff":
        yield Text("handoff", "bold")
        yield Text(" from ")
        yield Text(row.name, "code")
    else:
        yield from _linked(row.name, row.definition)
        yield Text(ENDINGS.get(row.kind, ""))
    if row.count > 1:
        yield Text(f" × {row.count}")


def _site(row: Row) -> Iterator[Inline]:
    if row.site:
        yield Text(CALLED.get(row.kind, ", called at "))
        yield from _linked(row.site, row.site_link, doubted=False)


def _did(row: Row) -> Iterator[Inline]:
    parts: list[Line] = []
    if row.note:
        parts.append((Text(row.note.replace("`", "")),))
    if row.change is not None and row.kind == "return":
        parts.append((Text("the program has it: "), Text(row.change.value, "code")))
    elif row.change is not None:
        parts.append(tuple(_changed(row.change)))
    elif row.value and (row.kind in ("return", "handoff") or (row.kind == "wire" and row.name not in QUIET)):
        parts.append((Text(row.value, "code"),))
    if row.hidden:
        parts.append((Text(f"{row.hidden} more call{'s' if row.hidden > 1 else ''} inside", "quiet"),))
    for place, part in enumerate(parts):
        if place:
            yield Text(" · ")
        yield from part


def _changed(change: Change) -> Iterator[Inline]:
    """What happened to the value that is followed."""
    if change.kind == "slice":
        yield Text(f"cut out, bytes {change.place}: ")
    elif change.kind == "made":
        yield Text(f"made of it ({change.how}): ")
    else:
        yield Text(HAPPENED.get(change.kind, change.kind))
        if change.kind in ("same", "held", "handoff") and not change.arrives:
            if change.holder:
                yield Text(", in ")
                yield Text(change.holder, "code")
            return
        yield Text(": ")
    yield Text(change.value, "code")
    if change.holder:
        yield Text(", in ")
        yield Text(change.holder, "code")
    if change.doubtful:
        yield Text(" (or another: something as close was at hand)", "quiet")


# -- bytes -----------------------------------------------------------------------------------------------------------


def _frame(frame: Frame) -> Iterator[Block]:
    yield Heading(3, f"{frame.title}: its bytes")
    rows = []
    for row in frame.rows:
        hand: list[Inline] = [Text(f"{row.by} ")] if row.by and row.hand else [Text(row.by, "quiet")] if row.by else []
        for place, one in enumerate(row.hand):
            hand += [*([Text(" at ")] if place else []), *_linked(one.name, one.link, doubted=not place)]
        name = ("    " * row.level) + row.name
        rows.append(((Text(row.offset),), (Text(row.data, "code"),), (Text(name),), (Text(row.meaning),), tuple(hand)))
    yield Table(("offset", "bytes", "field", "meaning", "taken or made by"), tuple(rows), (11, 20, 20, 17, 32))


# -- libraries -------------------------------------------------------------------------------------------------------


def _libraries(libraries: Sequence[Library]) -> Iterator[Block]:
    yield Heading(2, LIBRARIES, LIBRARIES_ANCHOR)
    for library in libraries:
        yield Heading(3, f"{library.name} {library.version}".strip())
        yield Facts(tuple(_library(library)))


def _library(library: Library) -> Iterator[tuple[str, Line]]:
    if library.repository:
        yield "Repository", (Link(library.repository, library.repository, False),)
    else:
        yield "Repository", (Text("none is known: neither the lock nor the package's metadata names one"),)
    yield "Licence", _licence(library.licence)
    if library.licence.url:
        yield "It allows", (Text(library.licence.allows),)
        yield "It asks", (Text(library.licence.asks),)
    yield "Links", (Text(library.links),)


def _licence(licence: Licence) -> Line:
    if licence.url:
        return (Link(licence.name, licence.url, False),)
    return (Text(licence.name), Text("; its text is in the repository"))


def _reading(report: Report) -> Iterator[Line]:
    yield (Text(HOPS),)
    yield (Text(LINKS),)
    yield from ((Text(remark),) for remark in report.remarks)
