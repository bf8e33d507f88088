"""Claims that can be held against the source, as doubts for a person: a closed list of kinds, and nothing is scored.

Each kind reads one plain pattern of words, and speaks only where the source surely says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .symbols import Fact, Symbol
from .verdicts import Case

Claim = Callable[[Case], str]
_NO_PARAMETERS = re.compile(
    r"\b(?:takes?|needs?|has|accepts?|with)\s+(?:no|without|zero)\s+(?:parameters?|arguments?)\b", re.I
)
_IS_GIVEN = re.compile(
    r"\b(?:takes?|receives?|is\s+(?:passed|given|handed)|accepts?|needs?)\s+(?:an?|the)\s+`?(\w+)`?(?:\s+object|\s+instance)?\b",
    re.I,
)
_RAISES = re.compile(r"\b(?:rais|throw|call|send|clos)\w*\b", re.I)
_WITHOUT = re.compile(
    r"\b(?:did\s+not|didn't|does\s+not|doesn't|do\s+not|don't|without|no|never|not)\s+(?:\w+\s+){0,3}?(\w+)"
    r"|\bif\b[^.]{0,60}?\b(\w+)\b[^.]{0,60}?\bis\s+['\"]?None", re.I,
)  # fmt: skip
_INHERITS = re.compile(r"\b(?:inherits?|derives?|extends?|subclass(?:es)?)\b[^.]{0,120}?\b([A-Z]\w+)\b")
#: Said of a place ("on line 12", "(line 12)"): a status line has a number, too.
_ON_LINE = re.compile(
    r"(?:\b(?:on|at|in|see|from)\s+|\()lines?\s+(?:number\s+)?(\d{1,5})\b(?!\s*(?:-|–|to|and|of\s+code)\s*\d)", re.I
)
_PYTHON = re.compile(r"[\w./]*\w\.py\b")
_OURS = re.compile(r"\b(?:our|ours|my|mine|we|us)\b", re.I)
_CALLS = re.compile(r"`?([A-Za-z_][\w.]*)(?:\(\))?`?\s+(?:then\s+)?calls?\s+(?:the\s+)?`?([A-Za-z_][\w.]*)(?:\(\))?`?")


def doubts(case: Case) -> tuple[str, ...]:
    """What a person should look at, a sentence each."""
    return tuple(found for claim in CLAIMS if (found := claim(case)))


def _takes_no_parameters(case: Case) -> str:
    symbol = case.symbol
    if symbol is None or not _NO_PARAMETERS.search(case.said.text):
        return ""
    maker = case.landing.symbols.get(f"{symbol.qualname}.__init__") if symbol.kind == "class" else symbol
    names = [name for name in maker.names if name not in ("self", "cls")] if maker and maker.kind == "function" else []
    if not names:
        return ""
    return (
        f"The text says that it takes no parameters; {_dotted(symbol)} takes {', '.join(names)} (line {maker.line})."
        if maker
        else ""
    )


def _is_handed(case: Case) -> str:
    """A sentence "X takes a Y object", where the class X inherits from Y."""
    symbol = case.symbol
    if symbol is None or symbol.kind != "class":
        return ""
    for found in _IS_GIVEN.finditer(case.said.text):
        if found[1] != symbol.short:
            continue
        heirs = [
            one for source in case.truth.sources for one in source.symbols.symbols
            if one.kind == "class" and symbol.short in one.names and one.short.lower() in case.mention.text.lower()
        ]  # fmt: skip
        before = case.said.text[: found.start()].lower()
        if heirs:
            heir = max(heirs, key=lambda one: before.rfind(one.short.lower()))  # the one that was named last
            return f"The text says that a {symbol.short} is handed over; {heir.short} inherits from {symbol.short}."
    return ""


def _inherits(case: Case) -> str:
    """A sentence "X inherits from Y", where the class at the link has other bases."""
    symbol = case.symbol
    found = _INHERITS.search(case.said.text)
    if symbol is None or symbol.kind != "class" or found is None or found[1] == symbol.short:
        return ""
    bases = {base.rpartition(".")[2] for base in symbol.names}
    if found[1] in bases or symbol.short not in case.said.text or found[1] not in case.said.names:
        return ""
    told = ", ".join(symbol.names) or "nothing of its own"
    return f"The text says that {symbol.short} inherits from {found[1]}; it inherits from {told}."


def _raises_for_another_reason(case: Case) -> str:
    """A sentence "E for a timeout", where E is raised under another condition and what is named leads elsewhere."""
    symbol = case.symbol
    if symbol is None or symbol.kind != "function":
        return ""
    inside = case.landing.symbols.inside(symbol)
    raised = [f for f in inside if f.kind == "raise" and f.short in case.said.names and f.under]
    words = set(re.findall(r"[a-z]{4,}", case.said.text.lower()))
    for fact in raised:
        own = _words(fact)
        for other in inside:
            reason = words & (_words(other) - own) & {name.lower() for name in symbol.names}
            if other.kind == "return" and other.under and reason and _RAISES.search(case.said.text):
                why = sorted(reason)[0]
                return (
                    f"The text gives {why} as the reason for {fact.short}; {_dotted(symbol)} returns {other.name} then "
                    f"(line {other.line}), and raises {fact.short} if {fact.under[-1].text} (line {fact.line})."
                )
    return ""


def _reversed(case: Case) -> str:
    """A sentence "Without X, f is called", where the line calls f only if X is there."""
    lines = case.landing.symbols.facts_at(case.link.first, case.link.last)
    for fact in lines:
        if fact.kind != "call" or not fact.under or fact.short not in case.said.names:
            continue
        condition = fact.under[-1]
        test = re.fullmatch(r"(?:self\.)?(\w+) is (not )?None", condition.text)
        if test is None or condition.holds == (test[2] is None):
            continue  # it runs where the thing is None: "without" is right
        absent = {word.lower() for pair in _WITHOUT.findall(case.said.text) for word in pair if word}
        for sentence in re.split(r"(?<=[.!?])\s", case.said.text):
            if _WITHOUT.search(sentence):
                absent |= set(re.findall(r"[a-z]+", sentence.lower()))
        if any(word == test[1] or (word.startswith(test[1]) and len(test[1]) >= 3) for word in absent):
            return (
                f"The text says that {fact.short} is called without {test[1]}; line {fact.line} runs only if "
                f"{test[1]} is given."
            )
    return ""


def _calls(case: Case) -> str:
    """A sentence "X calls Y", where no line of X does, nor what X calls in its file, and the run shows none."""
    for caller, callee in _CALLS.findall(case.said.text):
        name, short = caller.rpartition(".")[2], callee.rpartition(".")[2]
        everywhere = [s for source in case.truth.sources for s in source.symbols.symbols if s.short == name]
        found = [s for s in case.landing.symbols.symbols if s.kind == "function" and s.short == name]
        known = [s for s in case.landing.symbols.symbols if s.short == short]
        if name == short or len(found) != 1 or len(everywhere) != 1 or not known or _ran_so(case, name, short):
            continue
        done = {fact.short for fact in case.landing.symbols.inside(found[0]) if fact.kind in ("call", "raise")}
        if done and short not in done and not any(_reaches(case, one, short) for one in done):
            told = f"no line of it does (it calls {_listed(done)})"
            return f"The text says that {_dotted(found[0])} calls {short}; {told}."
    return ""


def _ran_so(case: Case, caller: str, callee: str) -> bool:
    """Whether the run shows the call, by whatever name the source calls it: a subclass, a callback, a generator."""
    return any(
        callee in hop.qualname.split(".") and site.within.rpartition(".")[2] == caller
        for chain in case.truth.chains.values() for hop in chain.hops for site in hop.sites
    )  # fmt: skip


def _called_otherwise(case: Case) -> str:
    """A link called `A.f`, where f of another class stands; or `f()`, where nothing of that name is known."""
    symbol, label = case.symbol, case.said.label
    short = label.rpartition(".")[2]
    if symbol is None or not label or case.said.site or f".{_dotted(symbol)}".endswith(f".{label}"):
        return ""
    known = [(source, one) for source in case.truth.sources if source.library == case.link.package
             for one in source.symbols.symbols if one.short == short]  # fmt: skip
    # One in the same file is a wrong line, which is told as such.
    meant = next((two for two in known if two[1].qualname == label and two[0].path != case.link.inner), None)
    mine = symbol.qualname.rpartition(".")[0]
    if "." in label and meant is not None and (symbol.short == short or not case.landing.concerns(frozenset({short}))):
        if label.rpartition(".")[0] in case.truth.family(mine, case.landing.symbols):
            return ""
        return (
            f"The link is called {label}, and shows {_dotted(symbol)}; {label} is in {meant[0].path}, "
            f"line {meant[1].line}."
        )
    here = case.landing.symbols.symbols
    if not case.mention.label.strip("` ").endswith("()") or known or any(one.short == short for one in here):
        return ""
    if case.link.package not in case.truth.libraries or case.landing.concerns(frozenset({short})):
        return ""
    return f"The link is called {label}(), and nothing of that name is known in {case.link.package}."


def _other_line(case: Case) -> str:
    """A sentence "on line 12" about the linked file, where the link goes to another line."""
    numbers = {int(number) for number in _ON_LINE.findall(case.said.text)}
    files = {path.rpartition("/")[2] for path in _PYTHON.findall(case.mention.text)}
    own = _OURS.search(case.said.text) or files - {case.link.inner.rpartition("/")[2]}
    if len(numbers) != 1 or own or not case.link.first:
        return ""
    number = numbers.pop()
    if case.link.first <= number <= case.link.last:
        return ""
    return f"The text says line {number}, and the link goes to line {case.link.first}."


CLAIMS: tuple[Claim, ...] = (
    _takes_no_parameters, _is_handed, _inherits, _raises_for_another_reason, _reversed, _calls, _called_otherwise,
    _other_line,
)  # fmt: skip


def _reaches(case: Case, name: str, wanted: str) -> bool:
    """Whether a function of the same file that is called may lead to the wanted one in one more step."""
    symbols = case.landing.symbols
    return any(
        fact.short == wanted for one in symbols.symbols if one.short == name for fact in symbols.inside(one)
    )  # fmt: skip


def _words(fact: Fact) -> set[str]:
    """The words of the conditions that a statement stands right under."""
    return {word.lower() for one in fact.under[-1:] for word in re.findall(r"[A-Za-z]{4,}", one.text)}


def _dotted(symbol: Symbol) -> str:
    return symbol.qualname.replace(".<locals>", "")


def _listed(names: set[str]) -> str:
    told = sorted(names)
    return ", ".join(told[:4]) + (" and others" if len(told) > 4 else "") if told else "nothing"
