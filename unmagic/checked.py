"""The two committed pages that are made of truths and not of traces: a report, checked, and the chains of 2022 beside
today's. What goes into them is in the repository, so they are the same on every machine."""

from __future__ import annotations

from pathlib import Path

import grader
from grader.check import Checker
from grader.diff import compare
from grader.documents.read import read
from grader.faces import beside, html
from grader.rubric import load as load_rubric
from grader.sources.nearest import Sources
from grader.sources.table import Table
from grader.tasks import load as load_tasks
from grader.truth import known

EXAMPLE = Path(grader.__file__).parent / "examples" / "flask_sock_2022.txt"
MADE_BY = "make trace"


def pages() -> dict[str, str]:
    """seed.html and 2022.html."""
    truths = known()
    by_name = {truth.name: truth for truth in truths}
    document = read(EXAMPLE)
    # By the table alone: what happens to be installed here must not show.
    checker = Checker(truths, Sources([Table(truths)]), load_rubric())
    result = checker.check(document, load_tasks()[0]["flask_sock"], "A report of 2022, link by link")
    before, after = by_name["2022"], by_name["today"]
    return {
        "seed.html": html.page(result, document, words=False),
        "2022.html": beside.page(compare(before, after), before, after, made_by=MADE_BY),
    }
