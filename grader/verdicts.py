"""A verdict for each link: what it shows, held against what its sentence names and against what ran.

In: a mention, the link that it is, the source behind it, and the truth. Out: a `Judged`. The rules stand in `RULES`, in
the order in which they are asked; the first that answers has it. A sentence that could not be read changes nothing: the
link is then judged by where it lands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from .documents.document import Mention
from .landing import Landing, described
from .links import CodeLink
from .sayings import Said, removal
from .symbols import Fact, Symbol
from .truth import Truth


class Verdict(str, Enum):
    """What a link is."""

    RIGHT = "right"
    ELSEWHERE = "right elsewhere"
    WRONG_LINE = "wrong line"
    WRONG_TARGET = "wrong target"
    NOT_RUN = "defined but not run in this scenario"
    MOVING = "moving branch"
    BROKEN = "broken"
    NOT_SOURCE = "not source"
    OWN = "own code"
    UNKNOWN = "could not be looked up here"

    __str__ = str.__str__


@dataclass(frozen=True)
class Judged:
    """One link with its verdict: `evidence` is what was found, `hint` what to do about it, `better` the link to put
    in its place. `symbol` is the function or class that it lands in, `as_if` the verdict of what a branch showed."""

    mention: Mention
    link: CodeLink
    verdict: Verdict
    evidence: str
    hint: str = ""
    better: str = ""
    symbol: str = ""
    as_if: Verdict | None = None
    doubts: tuple[str, ...] = ()
    landing: Landing | None = None

    @property
    def stands(self) -> Verdict:
        """The verdict of the lines themselves, whatever the reference."""
        return self.as_if or self.verdict


@dataclass(frozen=True)
class Case:
    """All that a rule may look at. `api` is the function that the section is about, `others` those of the others."""

    mention: Mention
    link: CodeLink
    landing: Landing
    said: Said
    truth: Truth
    ran: frozenset[tuple[str, str, str]]
    api: tuple[str, str] | None = None
    others: tuple[tuple[str, str], ...] = ()

    @property
    def symbol(self) -> Symbol | None:
        """Where the link lands."""
        return self.landing.symbol


Rule = Callable[[Case], Judged | None]


def judge(case: Case) -> Judged:
    """The verdict on a link whose source is at hand."""
    for rule in RULES:
        found = rule(case)
        if found is not None:
            return replace(found, symbol=case.symbol.qualname if case.symbol else "", landing=case.landing)
    raise AssertionError("the last rule answers always")


def _judged(case: Case, verdict: Verdict, evidence: str, hint: str = "", better: str = "") -> Judged:
    return Judged(case.mention, case.link, verdict, evidence, hint, better)


def _here(case: Case, first: int, last: int | None = None) -> str:
    """The same file and commit, at other lines."""
    return replace(case.link, reference=case.landing.reference, first=first, last=last or first).pinned


# The rules -------------------------------------------------------------------------------------------------


def _without_a_line(case: Case) -> Judged | None:
    if case.link.first:
        return None
    named = _named_in_file(case)
    better = _here(case, named.line, named.last) if named else ""
    hint = "Give a line: add #L and its number."
    return _judged(case, Verdict.RIGHT, "The file, without a line, which shows no hop.", hint, better)


def _beyond_the_end(case: Case) -> Judged | None:
    lines = case.landing.symbols.lines
    if case.link.first <= lines or not lines:
        return None
    named = _named_in_file(case)
    better = _here(case, named.line, named.last) if named else ""
    hint = f"{named.qualname} is at line {named.line}." if named else "Look for the function by its name."
    return _judged(case, Verdict.BROKEN, f"The file ends at line {lines}.", hint, better)


def _same_name_elsewhere(case: Case) -> Judged | None:
    """A function that did not run, while one of the same name in another class did: the override, or the namesake."""
    symbol = case.symbol
    if symbol is None or symbol.kind != "function" or case.landing.ran or not case.landing.known:
        return None
    if symbol.short.startswith("__"):
        return None  # every class has an __init__
    namesakes = case.landing.namesakes
    if not namesakes:
        return None
    other = namesakes[0]
    place = case.truth.source[other[0], other[1]].symbols.get(other[2])
    better = case.landing.elsewhere or (
        case.truth.libraries[other[0]].url(other[1], place.line, place.last) if place else ""
    )
    evidence = f"This is {_dotted(symbol.qualname)}, which did not run; {_dotted(other[2])} did."
    return _judged(case, Verdict.WRONG_TARGET, evidence, f"Link {_dotted(other[2])}: it has the same name.", better)


def _in_another_section_s_function(case: Case) -> Judged | None:
    """The link lands in the function of another section, and what its sentence names happens in this section's too."""
    symbol, api = case.symbol, case.api
    if (
        symbol is None
        or api is None
        or symbol.qualname == api[1]
        or (case.link.package, symbol.qualname) not in case.others
    ):
        return None
    mine = case.landing.symbols.get(api[1])
    if mine is None or case.link.package != api[0] or symbol.short in case.said.names:
        return None
    for fact in case.landing.symbols.inside(mine):
        if fact.kind in ("raise", "call") and fact.short in case.said.names:
            evidence = f"Line {case.link.first} is in {_dotted(symbol.qualname)}; {_dotted(mine.qualname)} has its own."
            hint = f"{_dotted(mine.qualname)} {_does(fact)} at line {fact.line}."
            return _judged(case, Verdict.WRONG_LINE, evidence, hint, _here(case, fact.first, fact.last))
    return None


def _says_that_it_removes(case: Case) -> Judged | None:
    """A sentence that something is taken out of a list, and a line of the same function that does not."""
    what = removal(case.said.first)
    if not what or case.symbol is None:
        return None
    calls = [fact for fact in case.landing.symbols.inside(case.symbol) if fact.kind == "call"]
    found = [fact for fact in calls if fact.short in ("pop", "popleft", "remove") and what in fact.name.lower()]
    if not found or any(_touches(case, fact) for fact in found):
        return None
    evidence = f"Line {case.link.first} {described(case.landing, case.link)}."
    hint = f"It is taken out at line {found[0].line}, by {found[0].name}."
    return _judged(case, Verdict.WRONG_LINE, evidence, hint, _here(case, found[0].first, found[0].last))


def _straddles(case: Case) -> Judged | None:
    """A range that begins inside a function and ends outside it: a definition's, shifted."""
    symbol = case.symbol
    if symbol is None or case.link.last <= symbol.last or case.link.first == symbol.first:
        return None
    if case.link.first in (symbol.first, symbol.line) or symbol.kind == "class":
        return None
    if case.said.names and symbol.short not in case.said.names:
        return None
    evidence = f"Lines {case.link.first} to {case.link.last} begin inside {_dotted(symbol.qualname)} and end after it."
    hint = f"{_dotted(symbol.qualname)} is lines {symbol.line} to {symbol.last}."
    return _judged(case, Verdict.WRONG_LINE, evidence, hint, _here(case, symbol.line, symbol.last))


def _begins_before(case: Case) -> Judged | None:
    """A range or a line that ends before the function that it is called after has begun."""
    label = case.said.label
    if not label:
        return None
    wanted = _labelled(case, label)
    if wanted is None or case.landing.touches(wanted):
        return None
    if case.said.site:
        return None
    evidence = f"The link is called {label}, and line {case.link.first} {described(case.landing, case.link)}."
    hint = f"{_dotted(wanted.qualname)} is at line {wanted.line}."
    return _judged(case, Verdict.WRONG_LINE, evidence, hint, _here(case, wanted.line, wanted.last))


def _call_that_is_not_there(case: Case) -> Judged | None:
    """ "`f`, called at `a.py:3`", and in the function around that line f is called at another one."""
    symbol, callee = case.symbol, case.said.callee
    if symbol is None or not callee or _is_site(case, callee):
        return None
    *outer, short = callee.split(".")
    name = outer[-1] if short == "__init__" and outer else short
    facts = [fact for fact in case.landing.symbols.inside(symbol) if fact.kind == "call" and fact.short == name]
    if not facts or any(_touches(case, fact) for fact in facts):
        return None
    evidence = f"Line {case.link.first} {described(case.landing, case.link)}."
    hint = f"{_dotted(symbol.qualname)} {_does(facts[0])} at line {facts[0].line}."
    return _judged(case, Verdict.WRONG_LINE, evidence, hint, _here(case, facts[0].first, facts[0].last))


def _is_site(case: Case, callee: str) -> bool:
    """Whether the run itself says that the link's lines are where that function was called: by a subclass, say."""
    return any(
        hop.name == callee and site.library == case.link.package and site.path == case.link.inner
        and site.first <= case.link.last and case.link.first <= site.last
        for chain in case.truth.chains.values() for hop in chain.hops for site in hop.sites
    )  # fmt: skip


def _named_elsewhere_in_file(case: Case) -> Judged | None:
    """The one name that the sentence gives is another function of this file, and nothing at the line concerns it."""
    symbol = case.symbol
    strong = case.said.strong
    if not strong or case.said.site or case.landing.concerns(case.said.names):
        return None  # a link called `ws.py:155` is named by its place, whatever its sentence speaks of
    found = [one for one in case.landing.symbols.symbols if one.short == strong or one.qualname.endswith(f".{strong}")]
    if len(found) != 1 or (symbol is not None and found[0].qualname.startswith(symbol.qualname + ".")):
        return None
    evidence = f"Line {case.link.first} {described(case.landing, case.link)}."
    hint = f"{_dotted(found[0].qualname)} is at line {found[0].line}."
    return _judged(case, Verdict.WRONG_LINE, evidence, hint, _here(case, found[0].line, found[0].last))


def _not_run(case: Case) -> Judged | None:
    symbol = case.symbol
    if symbol is None or case.landing.ran or not case.landing.known:
        return None
    why = f"{_dotted(symbol.qualname)} is defined here, and nothing of this scenario called it."
    return _judged(case, Verdict.NOT_RUN, why, "Follow the calls that were made: what comes before and after it ran.")


def _other_version(case: Case) -> Judged | None:
    if not case.landing.elsewhere or not case.landing.other_version:
        return None
    library = case.truth.libraries[case.link.package]
    name = _dotted(case.symbol.qualname) if case.symbol else case.link.inner
    evidence = f"{name}, at another version than the {library.version} that this report is held against."
    return _judged(case, Verdict.ELSEWHERE, evidence, "Right; keep to one version.", case.landing.elsewhere)


def _right(case: Case) -> Judged | None:
    if case.symbol is None:
        return _judged(case, Verdict.RIGHT, f"Line {case.link.first} is outside every function of the file.")
    evidence = f"Line {case.link.first} {described(case.landing, case.link)}."
    if not case.landing.ran and not case.landing.known:
        evidence += f" Of {case.link.inner} only parts were recorded, so nobody knows whether it ran."
    if case.link.package in case.truth.libraries:
        return _judged(case, Verdict.RIGHT, evidence)
    evidence += f" {case.link.package} took no part in the scenario, so nobody knows whether it ran."
    return _judged(case, Verdict.RIGHT, evidence)


RULES: tuple[Rule, ...] = (
    _without_a_line,
    _beyond_the_end,
    _same_name_elsewhere,
    _in_another_section_s_function,
    _says_that_it_removes,
    _begins_before,
    _straddles,
    _call_that_is_not_there,
    _named_elsewhere_in_file,
    _not_run,
    _other_version,
    _right,
)


# Helpers ---------------------------------------------------------------------------------------------------


def _dotted(qualname: str) -> str:
    return qualname.replace(".<locals>", "")


def _does(fact: Fact) -> str:
    return {"raise": f"raises {fact.short}", "call": f"calls {fact.short}"}.get(fact.kind, fact.kind)


def _touches(case: Case, fact: Fact) -> bool:
    """Whether the link's lines show a fact, or the condition right above it."""
    first, last = case.link.first, case.link.last
    if fact.first <= last and fact.last >= first:
        return True
    branches = [f for f in case.landing.symbols.facts_at(first, last) if f.kind == "branch"]
    return any(fact.under and fact.under[-1].holds and fact.under[-1].text == branch.name for branch in branches)


def _named_in_file(case: Case) -> Symbol | None:
    found = [one for one in case.landing.symbols.symbols if one.short in case.said.names]
    return found[0] if len(found) == 1 else None


def _labelled(case: Case, label: str) -> Symbol | None:
    """The one function or class of the file that the link's own words are the name of."""
    name = label.rstrip("()").replace(" ", "")
    found = [one for one in case.landing.symbols.symbols if name in (one.qualname, _dotted(one.qualname), one.short)]
    return found[0] if len(found) == 1 else None
