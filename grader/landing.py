"""Where a link lands: the function around its lines, whether that ran, and where the same function is in the truth."""

from __future__ import annotations

from dataclasses import dataclass

from .links import CodeLink
from .sources.source import Source
from .symbols import Fact, Symbol, Symbols
from .truth import Library, Truth

Ran = frozenset[tuple[str, str, str]]


@dataclass(frozen=True)
class Landing:
    """`symbol` is the innermost function or class at the link's first line. `ran` says that it ran, `known` that the
    truth could know; `namesakes` are functions of the same name that ran, `elsewhere` the link to the same function at
    the truth's version, `other_version` that it stands at other lines there or is of another release."""

    symbols: Symbols
    symbol: Symbol | None
    reference: str
    where: str
    first: int
    last: int
    ran: bool
    known: bool
    namesakes: tuple[tuple[str, str, str], ...] = ()
    elsewhere: str = ""
    other_version: bool = False
    text: str = ""

    def touches(self, symbol: Symbol) -> bool:
        """Whether the link's lines lie in a function or class."""
        return symbol.first <= self.last and self.first <= symbol.last

    def concerns(self, names: frozenset[str]) -> bool:
        """Whether anything at the link's lines has to do with one of these names."""
        around = [one for one in self.symbols.symbols if self.touches(one)]
        facts = self.symbols.facts_at(self.first, self.last)
        guarded = [
            fact for fact in self.symbols.facts
            if fact.under and any(b.kind == "branch" and b.name == fact.under[-1].text for b in facts)
        ]  # fmt: skip
        here = {one.short for one in around} | {part for one in around for part in one.qualname.split(".")}
        here |= {name for one in around for name in one.names}
        here |= {part for fact in (*facts, *guarded) for part in fact.name.replace("(", ".").split(".")}
        inner = {
            one.short
            for one in self.symbols.symbols
            if self.symbol and one.qualname.startswith(self.symbol.qualname + ".")
        }
        return bool(names & (here | inner))


def land(link: CodeLink, source: Source, truth: Truth, ran: Ran, other_library: Library | None) -> Landing:
    """Where `link` lands in `source`. `other_library`: the link speaks of this release, not of the truth's."""
    symbols = source.symbols
    symbol = symbols.at(link.first) if link.first else None
    text = source.text[link.first - 1].strip() if 0 < link.first <= len(source.text) else ""
    mine = _counterpart(link, symbol, truth)
    did, known = _ran(link, symbol, symbols, truth, ran, mine)
    namesakes = () if did or not known or symbol is None else _namesakes(link, symbol, symbols, truth, ran)
    library = truth.libraries.get(link.package)
    elsewhere = ""
    if namesakes:
        elsewhere = _namesake_here(link, source, namesakes)
    elif mine is not None and library is not None:
        elsewhere = library.url(mine[1], mine[2].line, mine[2].last)
    return Landing(
        symbols, symbol, source.reference, source.where, link.first, link.last, did, known, namesakes, elsewhere,
        other_library is not None, text,
    )  # fmt: skip


def _counterpart(link: CodeLink, symbol: Symbol | None, truth: Truth) -> tuple[str, str, Symbol] | None:
    """The same function or class in the truth: by its file and qualified name, else by its name in the library."""
    if symbol is None:
        return None
    exact = truth.source.get((link.package, link.inner))
    found = exact.symbols.get(symbol.qualname) if exact else None
    if found is not None:
        return link.package, link.inner, found
    same = [
        (one.library, one.path, other) for one in truth.sources if one.library == link.package
        for other in (one.symbols.get(symbol.qualname),) if other is not None
    ]  # fmt: skip
    return same[0] if len(same) == 1 else None


def _ran(
    link: CodeLink,
    symbol: Symbol | None,
    symbols: Symbols,
    truth: Truth,
    ran: Ran,
    mine: tuple[str, str, Symbol] | None,
) -> tuple[bool, bool]:
    """(whether it ran, whether that could be known)."""
    if symbol is None:
        return True, False
    if link.package not in truth.libraries:
        return True, False  # nothing was recorded of it: another framework than the scenarios'
    if symbol.kind == "class":
        inside = [
            one for one in symbols.symbols if one.qualname.startswith(symbol.qualname + ".") and one.kind == "function"
        ]
        names = {qualname for library, _, qualname in ran if library == link.package}
        did = not inside or any(one.qualname in names for one in inside)
        return did, did or truth.knows(link.package, link.inner)
    if mine is not None:
        did = (mine[0], mine[1], symbol.qualname) in ran
        return did, did or truth.knows(*mine[:2])
    if any(library == link.package and qualname == symbol.qualname for library, _, qualname in ran):
        return True, True
    # The truth has the library, but no such function: in a file of which nothing ran, or of another version.
    seen = (link.package, link.inner) in truth.source
    if not seen and not truth.knows(link.package, link.inner):
        return False, False
    return (not seen and _class_ran(link, symbol, ran)) or seen, not seen


def _class_ran(link: CodeLink, symbol: Symbol, ran: Ran) -> bool:
    """Whether a function of the same name ran in the library, so that this one may have been it before it moved."""
    return any(library == link.package and qualname.rpartition(".")[2] == symbol.short for library, _, qualname in ran)


def _namesakes(
    link: CodeLink, symbol: Symbol, symbols: Symbols, truth: Truth, ran: Ran
) -> tuple[tuple[str, str, str], ...]:
    """Methods of the library's related classes that have the same name and ran: overrides, bases' and siblings'."""
    mine = symbol.qualname.rpartition(".")[0]
    if not mine or "<locals>" in mine:
        return ()  # a function of no class has no override
    family = truth.family(mine, symbols)
    same = [one for one in sorted(ran) if one[0] == link.package and one[2] != symbol.qualname
            and one[2].rpartition(".")[2] == symbol.short]  # fmt: skip
    return tuple(one for one in same if one[2].rpartition(".")[0] in family)


def _namesake_here(link: CodeLink, source: Source, namesakes: tuple[tuple[str, str, str], ...]) -> str:
    """The namesake at the link's own commit, where it is in the same file."""
    found = source.symbols.get(namesakes[0][2])
    if found is None:
        return ""
    from dataclasses import replace

    return replace(link, reference=source.reference, first=found.line, last=found.last).pinned


def described(landing: Landing, link: CodeLink) -> str:
    """What a link's line is, as the end of a sentence that begins with its number."""
    symbol = landing.symbol
    if symbol is None:
        return "is outside every function of the file"
    name = symbol.qualname.replace(".<locals>", "")
    if symbol.first <= link.first <= symbol.line:
        return f"is the definition of {name}"
    facts = [
        fact for fact in landing.symbols.facts_at(link.first, link.first) if symbol.first <= fact.line <= symbol.last
    ]
    told = _told(facts)
    return f"is in {name}" + (f": it {told}" if told else "")


def _told(facts: list[Fact]) -> str:
    for kind, words in (
        ("raise", "raises {}"),
        ("branch", "asks whether {}"),
        ("call", "calls {}"),
        ("return", "returns {}"),
    ):
        found = [fact.name for fact in facts if fact.kind == kind]
        if found:
            return words.format(found[0])
    return ""
