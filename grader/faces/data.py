"""A result as JSON: the record that a person confirms, which emitters then write out."""

from __future__ import annotations

from typing import Any

from ..coverage import Coverage
from ..result import SCHEMA, Result
from ..truth import Truth
from ..verdicts import Judged


def data(result: Result) -> dict[str, Any]:
    """The record of a result: `points` of each part are null until a person has said them."""
    return {
        "schema": SCHEMA,
        "report": result.name,
        "format": result.format,
        "task": result.task,
        "title": result.title,
        "truth": result.truth,
        "gradable": result.gradable,
        "problem": result.problem,
        "confirmed": None,
        "parts": [
            {
                "id": p.id,
                "title": p.title,
                "suggested": p.points,
                "points": None,
                "most": p.most,
                "said": p.said,
                "note": "",
            }
            for p in result.parts
        ],
        "warnings": list(result.warnings),
        "presence": dict(result.presence),
        "links": [_link(one) for one in result.judged],
        "chains": [_chain(one, result.held) for one in result.coverage],
    }


def _link(one: Judged) -> dict[str, Any]:
    return {
        "number": one.mention.number,
        "url": one.mention.target.url,
        "place": one.mention.place,
        "repairs": [*one.mention.target.repairs, *one.link.repairs],
        "verdict": one.verdict.value,
        "shows": one.symbol,
        "evidence": one.evidence,
        "hint": one.hint,
        "better": one.better,
        "doubts": list(one.doubts),
    }


def _chain(one: Coverage, truth: Truth | None) -> dict[str, Any]:
    return {
        "name": one.chain.name,
        "title": one.chain.title,
        "share": round(one.share, 4),
        "hops": [
            {
                "kind": c.hop.kind, "name": c.hop.name, "library": c.hop.library, "thread": c.hop.thread,
                "weight": c.weight, "share": c.share, "by": c.by, "how": c.how,
                "link": truth.link(c.hop) if truth is not None else "",
            }
            for c in one.hops
        ],
    }  # fmt: skip
