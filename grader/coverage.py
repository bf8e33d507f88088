"""Coverage: which hops of a chain the links of a report show, how, and which are missing.

A hop is shown by its definition, by the line that calls it (starts it, hands over), or by a statement inside it. A line
that calls the next hop shows that one, and its own function only in passing. Lines are compared by what they do, so
that a link to another version counts as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .hops import PUTS, TAKES
from .rubric import Rubric
from .truth import Chain, Hop, Site, Truth
from .verdicts import Judged, Verdict

#: Verdicts of the lines themselves under which a link shows a hop.
SHOWING = (Verdict.RIGHT, Verdict.ELSEWHERE, Verdict.WRONG_LINE)


@dataclass(frozen=True)
class Covered:
    """One hop: `share` of it is shown (0 to 1), by which mention's number (0: none), and how."""

    hop: Hop
    weight: float
    share: float
    by: int = 0
    how: str = ""


@dataclass(frozen=True)
class Coverage:
    """One chain with its hops in order. `gaps` are runs of hops that are missing."""

    chain: Chain
    hops: tuple[Covered, ...]

    @property
    def share(self) -> float:
        """How much of the chain is shown, by weight."""
        whole = sum(one.weight for one in self.hops)
        return sum(one.weight * one.share for one in self.hops) / whole if whole else 0.0

    @property
    def missing(self) -> tuple[Covered, ...]:
        """The hops that nothing shows, in order."""
        return tuple(one for one in self.hops if not one.share)

    @property
    def gaps(self) -> tuple[tuple[Covered, ...], ...]:
        """The missing hops in runs, each between two that are shown."""
        runs: list[list[Covered]] = [[]]
        for one in self.hops:
            if one.share:
                runs.append([])
            else:
                runs[-1].append(one)
        return tuple(tuple(run) for run in runs if run)


def coverage(chain: Chain, judged: Sequence[Judged], truth: Truth, rubric: Rubric) -> Coverage:
    """What the links show of a chain."""
    shown = [_Shown(one, chain, truth) for one in judged]
    return Coverage(chain, tuple(_covered(hop, shown, rubric) for hop in chain.hops))


def _covered(hop: Hop, shown: Sequence[_Shown], rubric: Rubric) -> Covered:
    found = [(rubric.shown[how], -one.judged.mention.number, how) for one in shown for how in one.ways(hop)]
    share, number, how = max(found, default=(0.0, 0, ""))
    return Covered(hop, rubric.weight(hop), share, -number if share else 0, how if share else "")


class _Shown:
    """What one link shows of a chain."""

    def __init__(self, judged: Judged, chain: Chain, truth: Truth) -> None:
        self.judged = judged
        self._truth = truth
        self._sites = {id(hop) for hop in chain.hops if any(self._at(hop, site) for site in hop.sites)}

    def ways(self, hop: Hop) -> Iterator[str]:
        """The ways in which the link shows a hop: names of [shown] in the rubric."""
        judged = self.judged
        if Verdict.UNKNOWN in (judged.verdict, judged.as_if):
            if self._named(hop):
                yield "by_name"
            return
        if judged.stands not in SHOWING or judged.landing is None:
            return
        wrong = judged.stands is Verdict.WRONG_LINE
        if id(hop) in self._sites or (self._says(hop) and any(self._at(hop, site) for site in hop.near)):
            yield "call_site"
        if self._also(hop):
            yield "wrong_line" if wrong else "definition"
        if not self._within(hop):
            return
        if wrong:
            yield "wrong_line"
        elif self._defines(hop):
            yield "definition"
        else:
            yield "passing" if self._sites else "statement"

    # -- definitions -------------------------------------------------------------------------------------------------

    def _within(self, hop: Hop) -> bool:
        """Whether the link lands in the hop's function, or on the class that a constructor is of."""
        landing, link = self.judged.landing, self.judged.link
        if hop.kind != "call" or landing is None or landing.symbol is None or link.package != hop.library:
            return False
        qualname = landing.symbol.qualname
        if qualname == hop.qualname:
            return True
        if landing.symbol.kind == "class" and hop.qualname == f"{qualname}.__init__":
            return True
        # The same function under another name of its class: Flask's methods are App's since 3.0.
        moved = self._truth.source[hop.library, hop.path].symbols.get(qualname) is None
        same = qualname.rpartition(".")[2] == hop.qualname.rpartition(".")[2]
        return moved and same and landing.ran and not landing.known

    def _defines(self, hop: Hop) -> bool:
        landing = self.judged.landing
        if landing is None or landing.symbol is None:
            return False
        return landing.symbol.kind == "class" or landing.symbol.first <= landing.first <= landing.symbol.line

    def _also(self, hop: Hop) -> bool:
        landing = self.judged.landing
        return (
            landing is not None
            and landing.symbol is not None
            and self.judged.link.package == "python"
            and landing.symbol.qualname in hop.also
        )

    def _says(self, hop: Hop) -> bool:
        """Whether the link's words speak of a handoff."""
        return hop.kind == "handoff" and "hand" in self.judged.mention.text.lower()

    def _named(self, hop: Hop) -> bool:
        """Whether a link that could not be looked up is of the hop's library, and its words name the hop."""
        if self.judged.link.package != hop.library or hop.kind != "call":
            return False
        words = f"{self.judged.mention.text} {self.judged.mention.label}"
        return hop.qualname.rpartition(".")[2] in words.replace("(", " ").replace(".", " ").replace("`", " ").split()

    # -- call sites --------------------------------------------------------------------------------------------------

    def _at(self, hop: Hop, site: Site) -> bool:
        """Whether the link's lines are the hop's site: the same lines of the same function, or what does the same."""
        landing, link = self.judged.landing, self.judged.link
        if landing is None or landing.symbol is None or self.judged.stands not in SHOWING:
            return False
        if link.package != site.library or landing.symbol.qualname != site.within:
            return False
        if landing.first <= landing.symbol.line and landing.last > landing.symbol.line:
            return False  # the whole definition shows the function, not each line of it
        mine = self._truth.source.get((site.library, site.path))
        same = mine.symbols.get(site.within) if mine else None
        if same is not None and (same.first, same.last) == (landing.symbol.first, landing.symbol.last):
            return site.first <= landing.last and landing.first <= site.last
        facts = landing.symbols.facts_at(landing.first, landing.last)
        return any(fact.kind == "call" and fact.short in _names(hop) for fact in facts)


def _names(hop: Hop) -> frozenset[str]:
    """What a call of the hop is called in the source."""
    if hop.kind == "thread":
        return frozenset({"start", "Thread", "thread_class"})
    if hop.kind == "handoff":
        return PUTS | TAKES
    if hop.kind == "wire":
        return frozenset({hop.name})
    *outer, short = hop.qualname.replace(".<locals>", "").split(".")
    return frozenset({outer[-1] if short == "__init__" and outer else short, short})
