"""Two chains side by side: which hops were added, are gone, moved to another place, or do something else now.

In: the same chain at two truths (two versions, two servers, two stacks). Out: `Row`s in order. Hops are matched in
order by what they are called; what stands at other lines and does the same is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from .symbols import Symbol, Symbols
from .truth import Chain, Hop, Truth

SAME, CHANGED, MOVED, ADDED, GONE = "same", "changed", "moved", "added", "gone"


@dataclass(frozen=True)
class Row:
    """One hop on both sides; None where it is not there. `why` says in a few words what differs."""

    status: str
    before: Hop | None
    after: Hop | None
    why: str = ""


@dataclass(frozen=True)
class Diff:
    """One chain at two truths."""

    name: str
    title: str
    rows: tuple[Row, ...]

    def count(self, status: str) -> int:
        """How many rows have a status."""
        return sum(row.status == status for row in self.rows)

    @property
    def differs(self) -> bool:
        """Whether anything does."""
        return any(row.status != SAME for row in self.rows)


def compare(before: Truth, after: Truth, chains: Sequence[str] = ()) -> tuple[Diff, ...]:
    """The chains that both truths have (of `chains`, where some are named), in the first one's order."""
    names = [name for name in before.chains if name in after.chains and (not chains or name in chains)]
    return tuple(
        Diff(name, before.chains[name].title, tuple(rows(before.chains[name], after.chains[name], before, after)))
        for name in names
    )


def rows(one: Chain, other: Chain, before: Truth, after: Truth) -> Iterator[Row]:
    """The hops of two chains, matched."""
    a, b = one.hops, other.hops
    libraries = [{hop.library for hop in hops} - {"", "python"} for hops in (a, b)]
    same = bool(libraries[0] & libraries[1])  # one stack, at two versions
    matcher = SequenceMatcher(None, [_key(x, same) for x in a], [_key(x, same) for x in b], autojunk=False)
    for tag, a0, a1, b0, b1 in matcher.get_opcodes():
        if tag == "equal":
            for x, y in zip(a[a0:a1], b[b0:b1], strict=True):
                yield _matched(x, y, before, after)
        else:
            yield from _unmatched(list(a[a0:a1]), list(b[b0:b1]), before, after)


def _unmatched(a: list[Hop], b: list[Hop], before: Truth, after: Truth) -> Iterator[Row]:
    """A stretch that differs: what has the same short name on both sides has moved; the rest is gone, or was added."""
    shorts = [_short(hop) for hop in b]
    for hop in a:
        if hop.kind == "call" and _short(hop) in shorts:
            at = shorts.index(_short(hop))
            for added in b[:at]:
                yield Row(ADDED, None, added)
            yield _matched(hop, b[at], before, after)
            del b[: at + 1], shorts[: at + 1]
        else:
            yield Row(GONE, hop, None)
    for hop in b:
        yield Row(ADDED, None, hop)


def _key(hop: Hop, by_library: bool) -> tuple[str, str, str]:
    """What makes two hops one: in two stacks, the function's own name is all that they can share."""
    if not by_library and hop.kind == "call":
        return (hop.kind, "", _short(hop))
    return (hop.kind, hop.library, hop.qualname or hop.name)


def _short(hop: Hop) -> str:
    return hop.qualname.rpartition(".")[2]


def _matched(a: Hop, b: Hop, before: Truth, after: Truth) -> Row:
    why = _moved(a, b)
    if why:
        return Row(MOVED, a, b, why)
    why = _changed(a, b, before, after)
    return Row(CHANGED if why else SAME, a, b, why)


def _moved(a: Hop, b: Hop) -> str:
    if a.kind == "call":
        if (a.library, a.qualname) != (b.library, b.qualname):
            return (
                f"{a.library} {_dotted(a)} is {b.library} {_dotted(b)}"
                if a.library != b.library
                else (f"{_dotted(a)} is {_dotted(b)}")
            )
        if a.path != b.path:
            return f"{a.path} is {b.path}"
    return f"thread {a.thread} is {b.thread}" if a.thread != b.thread else ""


def _changed(a: Hop, b: Hop, before: Truth, after: Truth) -> str:
    """What a hop does differently: its parameters, who calls it, what it calls."""
    if a.kind != "call":
        within = [tuple(site.within for site in hop.sites[:1]) for hop in (a, b)]
        return f"in {', '.join(within[1])}, was in {', '.join(within[0])}" if within[0] != within[1] else ""
    x, y = (truth.source[hop.library, hop.path].symbols for truth, hop in ((before, a), (after, b)))
    was, now = x.get(a.qualname), y.get(b.qualname)
    if was is None or now is None:
        return ""
    told = []
    if was.names != now.names:
        gone, new = set(was.names) - set(now.names), set(now.names) - set(was.names)
        told += [f"−{name}" for name in sorted(gone)] + [f"+{name}" for name in sorted(new)]
    callers = [{site.within for site in hop.sites} for hop in (a, b)]
    if callers[0] and callers[1] and not callers[0] & callers[1]:
        told.append(f"called by {_listed(callers[1])}, was by {_listed(callers[0])}")
    calls = [_called(symbols, symbol) for symbols, symbol in ((x, was), (y, now))]
    if calls[0] != calls[1]:
        gone, new = calls[0] - calls[1], calls[1] - calls[0]
        told += [f"calls {', '.join(sorted(new)[:4])}"] if new else []
        told += [f"no longer calls {', '.join(sorted(gone)[:4])}"] if gone else []
    return "; ".join(told)


def _called(symbols: Symbols, symbol: Symbol) -> set[str]:
    """The names that a function's lines call."""
    return {fact.short for fact in symbols.inside(symbol) if fact.kind == "call" and fact.short.isidentifier()}


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(name.replace(".<locals>", "") for name in names))


def _dotted(hop: Hop) -> str:
    return hop.qualname.replace(".<locals>", "")
