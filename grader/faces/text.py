"""A result as plain text, for a terminal or a file."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from ..coverage import Coverage, Covered
from ..result import Result
from ..truth import Truth
from ..verdicts import Judged, Verdict

WIDTH = 100
#: What stands before a link: whether it is well, to be mended, or wrong.
SIGNS = {
    Verdict.RIGHT: "✓", Verdict.ELSEWHERE: "✓", Verdict.MOVING: "~", Verdict.WRONG_LINE: "~", Verdict.NOT_RUN: "~",
    Verdict.WRONG_TARGET: "✗", Verdict.BROKEN: "✗", Verdict.NOT_SOURCE: "·", Verdict.OWN: "·", Verdict.UNKNOWN: "?",
}  # fmt: skip


def text(result: Result, *, brief: bool = False) -> str:
    """All of a result. `brief` leaves out the links that are right, and the hops that are shown."""
    if result.problem:
        return f"{result.name}: not graded. {result.problem}\n"
    lines = [f"{result.name}: {result.title}, held against the versions of {result.truth}", ""]
    lines += [f"  {part.points:6g} of {part.most:3}  {part.title}: {part.said}" for part in result.parts]
    lines += [f"  {result.points:6g} of {result.most:3}  suggested; a person confirms", ""]
    lines += [f"! {warning}" for warning in result.warnings]
    for chain in result.coverage:
        lines += _chain(chain, result.held, brief)
    told = [one for one in result.judged if not (brief and SIGNS[one.verdict] in "✓·" and not one.doubts)]
    lines += ["", "Links"] if told else []
    for one in told:
        lines += _link(one)
    return "\n".join(lines).rstrip() + "\n"


def _chain(chain: Coverage, truth: Truth | None, brief: bool) -> Iterator[str]:
    yield ""
    yield f"{chain.chain.title}: {sum(1 for one in chain.hops if one.share)} of {len(chain.hops)} hops are shown"
    for one in chain.hops:
        if not (brief and one.share == 1):
            yield "  " + _hop(one, truth)


def _hop(one: Covered, truth: Truth | None) -> str:
    sign = "✓" if one.share == 1 else "~" if one.share else "✗"
    library = f" ({one.hop.library})" if one.hop.library else ""
    if one.share:
        return f"{sign} {one.hop.name}{library}, by link {one.by}" + (
            f": {one.how.replace('_', ' ')}" if one.share < 1 else ""
        )
    link = truth.link(one.hop) if truth is not None else ""
    return f"{sign} {one.hop.name}{library}, missing" + (f": {link}" if link else "")


def _link(one: Judged) -> Iterator[str]:
    name = one.symbol.replace(".<locals>", "") or one.link.inner or one.mention.target.url[:80]
    yield f"{SIGNS[one.verdict]} {one.mention.number:3}  {one.verdict}: {name}, {one.mention.place}"
    said = [one.evidence, one.hint, *(f"A doubt, for a person: {doubt}" for doubt in one.doubts)]
    said += [f"Repaired: {repair}." for repair in (*one.mention.target.repairs, *one.link.repairs)]
    for sentence in filter(None, said):
        yield textwrap.fill(
            sentence, WIDTH, initial_indent="       ", subsequent_indent="       ", break_long_words=False
        )
    if one.better:
        yield f"       → {one.better}"
